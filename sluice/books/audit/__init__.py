"""The audit log (S23): who did what, when, from where, and what came of it. Only added to, each entry linked to the last."""
