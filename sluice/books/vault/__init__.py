"""What must be read back and must not be read: cards, codes that wait, secrets of endpoints (Law 8)."""
