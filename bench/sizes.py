"""Two databases of one server, alike but for how much they hold."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import asyncpg

from bench.ground import Ground
from bench.patterns import CREATE, recorded
from sluice.merchants.accounts import add, scope_of
from sluice.payments.intents import Intent
from sluice.store.database import Database, connect
from sluice.store.facts import Fact
from sluice.store.migrate import migrate
from sluice.store.rows import columns
from tests.postgres import new_database

FEW, MANY = 10_000, 2_000_000
ENTRIES = 5_000_000
POSTINGS = """insert into postings (scope, fact, n, debit, credit, amount, currency)
    select $1, 'txn_' || lpad(g::text, 24, '0'), 0, 'rail', 'available', 1, 'usd' from generate_series(1, $2::int) g"""
ROLLED = (
    """insert into balances (scope, account, currency, amount) values ($1, 'available', 'usd', $2), ($1, 'rail', 'usd', -$2)"""
)


class Sized(NamedTuple):
    database: Database
    scope: int
    size: int

    def name(self, n: int) -> str:
        """The id of the n-th of its payments."""
        return f"pi_{n:024}"


@contextmanager
def sized(ground: Ground, say: Any, *, intents: bool) -> Iterator[tuple[Sized, Sized]]:
    """A small one and a large one: of payments, or of postings."""
    with ExitStack() as opened:
        yield tuple(made(ground, opened, size, intents, say) for size in (FEW, MANY if intents else ENTRIES))  # type: ignore[misc]


def made(ground: Ground, opened: ExitStack, size: int, intents: bool, say: Any) -> Sized:
    say(f"filling in {size:,} {'payments' if intents else 'entries'}")
    holder = new_database(ground.gateway.server)
    dsn = ground.run(holder.__aenter__())
    opened.callback(lambda: ground.run(holder.__aexit__(None, None, None)))
    ground.run(migrate(dsn))
    database = ground.run(connect(str(dsn)))
    opened.callback(lambda: ground.run(database.close()))
    scope = ground.run(scope_of(database, ground.run(add(database, "Large" if size > FEW else "Small")), livemode=False))
    ground.run(payments(ground, dsn, database, scope, size) if intents else entries(dsn, scope, size))
    return Sized(database, scope, size)


async def payments(ground: Ground, dsn: str, database: Database, scope: int, size: int) -> None:
    """Copies of one that the program made."""
    facts = (await recorded(ground.desk, ground.secret, CREATE)).steps
    row = next(row for row in facts[0].fact.new if isinstance(row, Intent))
    assert await database.write(Fact("fill", scope, "fill", new=(row,)))
    rest = ", ".join(columns(Intent)[1:])
    sql = f"""insert into intents (scope, id, {rest}) select i.scope, 'pi_' || lpad(g::text, 24, '0'), {rest}
        from intents i, generate_series(1, $1::int) g where i.scope = $2 and i.id = $3"""
    await fill(dsn, "intents", sql, size, scope, row.id)
    await database.execute("delete from intents where scope = $1 and id = $2", scope, row.id)


async def entries(dsn: str, scope: int, size: int) -> None:
    await fill(dsn, "balances", ROLLED, scope, size)
    await fill(dsn, "postings", POSTINGS, scope, size)


async def fill(dsn: str, table: str, sql: str, *args: Any) -> None:
    """As the owner, without a limit on its time; analysed afterwards, as autovacuum would."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql, *args)
        await connection.execute(f"vacuum analyze {table}")
    finally:
        await connection.close()
