"""Which of several servers is taken: scripted ones, so that each answer can come at any moment (F31, F36)."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from sluice.store import primary
from sluice.store.primary import Host, NoPrimary, Said, Servers, hosts_of

ONE = [Host()]  # the driver reads it, and its defaults, itself
TWO = [Host("a", 1), Host("b", 2)]
DSN = "postgresql://u@a:1,b:2/db"
A, B = TWO


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
def test_the_servers_that_a_dsn_names(dsn: str, hosts: list[Host]):
    """In both of libpq's ways of writing several; a port that is not named is PostgreSQL's own, and one may stand for all."""
    assert hosts_of(dsn) == hosts


@dataclass
class Connection:
    host: Host
    open: bool = True

    def terminate(self) -> None:
        self.open = False

    def __hash__(self) -> int:
        return id(self)


@dataclass
class Cluster:
    """What each server says of itself; one that is not named does not answer."""

    says: dict[Host, tuple[int, bool]] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)

    async def opened(self, dsn: str, host: Host, **how: Any) -> Connection:
        if host not in self.says:
            raise OSError("nobody answers")
        self.connections.append(Connection(host))
        return self.connections[-1]

    async def judged(self, connection: Any, host: Host) -> Said:
        return Said(host, *self.says[host])


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(primary, "opened", made.opened)
    monkeypatch.setattr(primary, "judged", made.judged)
    return made


@pytest.mark.shows("F36")
@pytest.mark.parametrize("dsn", [DSN, "postgresql://u@/db"])
async def test_a_standby_is_not_taken(cluster: Cluster, dsn: str):
    """Alone it is refused, in words; beside a primary it is passed over."""
    servers = Servers(dsn)
    cluster.says = {Host(): (1, False), A: (1, False)}
    with pytest.raises(NoPrimary, match="is a standby"):
        await servers.connect()
    cluster.says |= {Host(): (1, True), B: (1, True)}
    assert (await servers.connect()).host in (Host(), B)


@pytest.mark.shows("F31")
async def test_of_two_that_may_be_written_the_newer_one_is_taken(cluster: Cluster):
    """Whatever comes first among them, and whoever was the primary before."""
    servers = Servers(DSN)
    cluster.says = {A: (1, True), B: (1, False)}
    assert (await servers.connect()).host == A
    cluster.says[B] = (2, True)
    await servers.look()
    assert (await servers.connect()).host == B
    assert (await Servers(DSN).connect()).host == B


@pytest.mark.shows("F31")
async def test_an_older_timeline_than_one_seen_is_refused(cluster: Cluster):
    """The new primary is gone for a moment; the old one is no way out."""
    servers = Servers(DSN)
    cluster.says = {B: (2, True)}
    await servers.connect()
    cluster.says = {A: (1, True)}
    with pytest.raises(NoPrimary, match=r"a:1 is a primary of old \(timeline 1 of 2\); b:2 does not answer"):
        await servers.connect()


@pytest.mark.shows("F31")
async def test_a_standby_tells_of_a_timeline_too(cluster: Cluster):
    """A process that has seen nothing hears from the new primary's standby that there is a newer one than the old."""
    cluster.says = {A: (1, True), B: (2, False)}
    with pytest.raises(NoPrimary, match="is a primary of old"):
        await Servers(DSN).connect()


@pytest.mark.shows("F31")
async def test_connections_to_an_old_primary_are_dropped(cluster: Cluster):
    """As soon as a newer timeline is known; what was refused is not left open either."""
    servers = Servers(DSN)
    cluster.says = {A: (1, True)}
    old = await servers.connect()
    cluster.says = {A: (1, True), B: (2, True)}
    new = await servers.open(B)
    assert (old.open, new.open) == (False, True)
    with pytest.raises(NoPrimary):
        await servers.open(A)
    assert [connection for connection in cluster.connections if connection.open] == [new]
