"""For every test: the run's PostgreSQL."""

pytest_plugins = ["tests.postgres"]
