"""The servers that a DSN names, in both of libpq's ways of writing several."""

import pytest

from sluice.store.primary import Host, hosts_of

ONE = [Host()]  # the driver reads it, and its defaults, itself
TWO = [Host("a", 1), Host("b", 2)]


@pytest.mark.parametrize(("dsn", "hosts"), [
    ("postgresql://u:p@a:1,b:2/db?sslmode=disable", TWO),
    ("postgresql://u:p%2C%40@a:1,b:2/db", TWO),
    ("postgresql://u@a,b:2/db", [Host("a", 5432), Host("b", 2)]),
    ("postgresql://u@[::1]:1,[fe80::2]/db", [Host("::1", 1), Host("fe80::2", 5432)]),
    ("postgresql://u@/db?host=a,b&port=1,2", TWO),
    ("postgresql://u@/db?host=a,b&port=7", [Host("a", 7), Host("b", 7)]),
    ("postgresql://u@/db?host=/run/x,/run/y", [Host("/run/x", 5432), Host("/run/y", 5432)]),
    ("postgresql://u@a:1/db", ONE),
    ("postgresql://u@/db?host=%2Frun%2Fx&port=1", ONE),
    ("postgresql:///db", ONE),
])  # fmt: skip
def test_hosts(dsn: str, hosts: list[Host]):
    """A port that is not named is PostgreSQL's own; one port may stand for all."""
    assert hosts_of(dsn) == hosts
