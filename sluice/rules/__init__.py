"""What a rule reads and what it comes out with: a call, a verb, a plan. The nouns on the floor above are made of these."""
