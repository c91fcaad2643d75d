"""What all seeds of a run stand on: an embedded PostgreSQL with our schema, a master key. Each seed has its own merchant."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulation.postgres import Server
from sluice.books.keyring import FileProvider
from sluice.store.migrate import migrate
from sluice.store.postgres import Postgres

# Nothing is lost here but by the tape: the disk is not what is tried.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
LEFT = """select concat_ws(', ',
    (select count(*) || ' instructions open' from instructions where scope = $1 and state <> 'closed' having count(*) > 0),
    (select count(*) || ' keys running' from idempotency where scope = $1 and status is null having count(*) > 0),
    (select count(*) || ' facts in the outbox' from outbox where scope = $1 having count(*) > 0),
    (select count(*) || ' deliveries due' from deliveries where scope = $1 and due is not null having count(*) > 0),
    (select 'notices not heard' from notices having coalesce(max(number), 0) < $2),
    (select count(*) || ' notices not applied' from notices where applied is null having count(*) > 0),
    (select count(*) || ' not matured' from balance_transactions where scope = $1 and matured is null having count(*) > 0))"""
EVENTS = "select id from events where scope = $1"
TABLES = """select c.table_name from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and c.column_name = 'scope' and t.table_type = 'BASE TABLE' order by table_name"""


class Ground:
    def __init__(self, server: Server, home: Path) -> None:
        self.server, self.home = server, home
        self.provider = FileProvider(home / "master.key")
        self.tables = [row["table_name"] for row in self.ask(TABLES)]

    def ask(self, sql: str, *args: Any) -> list[Any]:
        """As the database's owner, beside the simulation: what is committed now."""
        return self.server.now(self.server.owner.fetch(sql, *args))  # type: ignore[no-any-return]

    def left(self, scope: int, notices: int) -> str:
        """What is still to come to its end; the bank has sent so many notices."""
        return str(self.ask(LEFT, scope, notices)[0][0] or "")

    def events(self, scope: int) -> set[str]:
        """Those that are committed."""
        return {row["id"] for row in self.ask(EVENTS, scope)}

    def forget(self, merchant: str) -> None:
        """The merchant goes with all that is its own, so that no later seed's worker meets any of it."""
        mine = f"in (select 0 union all select scope from scopes where merchant = '{merchant}')"
        others = [table for table in self.tables if table != "scopes"]
        gone = [f"delete from {table} where scope {mine}" for table in (*others, "scopes")]
        gone += [f"delete from {table}" for table in ("notices", "workers", "vault_keys", "vault_hours")]
        gone.append(f"delete from merchants where id = '{merchant}'")
        self.server.now(self.server.owner.execute(";".join(gone)))


@contextmanager
def ground() -> Iterator[Ground]:
    """A server and a database of its own, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="sluice-simulation-"))
    home.chmod(0o711)  # the embedded server may run as another user
    postgres = Postgres(home / "data", extra=FAST)
    try:
        dsn = postgres.start()
        with stands(str(dsn), home) as made:
            yield made
    finally:
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def stands(dsn: str, home: Path) -> Iterator[Ground]:
    """On a database that is there."""
    server = Server(dsn)
    try:
        server.now(migrate(dsn))
        yield Ground(server, home)
    finally:
        server.close()
