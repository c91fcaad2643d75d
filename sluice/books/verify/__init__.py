"""The proof of the books: what the tables say is what their rows add up to. Read only; the first lie is named."""
