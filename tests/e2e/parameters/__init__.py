"""What each served parameter changes, as tables: one file to a resource. `test_parameters.py` runs every row."""
