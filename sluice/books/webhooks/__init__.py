"""Webhooks: which event is owed to which endpoint, signed, sent, tried again (BEHAVIOUR 5.9)."""
