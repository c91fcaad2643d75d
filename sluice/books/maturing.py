"""Maturing: what was earned becomes available on its day (Law 2). A fact without a header, its postings one to a header."""

from typing import Any, cast

import msgspec

from sluice.books.balance import shown
from sluice.books.ledger import balances
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.store.database import Database

BATCH = 500  # headers to a fact

DUE_SCOPES = """select d.scope, s.livemode, m.currency
    from (select distinct scope from balance_transactions where matured is null and available_on <= $1) d
    join scopes s on s.scope = d.scope join merchants m on m.id = s.merchant"""
# A negative net goes the other way; of zero there is no posting. Two workers never take one header: skip locked.
MATURE = """
with due as (
    select id, net, currency from balance_transactions
    where scope = $1 and matured is null and available_on <= $3 order by available_on, id limit $4 for update skip locked
), marked as (
    update balance_transactions t set matured = $2, version = t.version + 1 from due where t.scope = $1 and t.id = due.id
), posted as (
    insert into postings (scope, fact, n, debit, credit, amount, currency)
    select $1, $2, row_number() over (order by id) - 1, case when net > 0 then 'pending' else 'available' end,
        case when net > 0 then 'available' else 'pending' end, abs(net), currency from due where net <> 0
), counted as (
    insert into outbox (scope, fact) select $1, $2 where exists (select from due)
)
update scopes set matured = matured + 1 where scope = $1 and exists (select from due)
returning matured version, (select count(*) from due) taken"""
TELL = """insert into events (scope, fact, id, n, type, object, object_version, data, created)
    values ($1, $2, $3, 0, 'balance.available', 'balance', $4, $5, $6)"""
BEFORE_SCOPE = (DUE_SCOPES,)


async def sweep(database: Database) -> int:
    """One batch in each scope where something is due; answers how many headers became available."""
    due = await database.fetch(DUE_SCOPES, clock.seconds())
    return sum([await mature(database, scope, livemode, currency, clock.seconds()) for scope, livemode, currency in due])


async def mature(database: Database, scope: int, livemode: bool, currency: str, now: int) -> int:
    """At most BATCH headers whose day has come by `now` (seconds), in one commit with their event."""
    fact = new_id("fact_")
    async with database.transaction() as connection:
        row = await connection.fetchrow(MATURE, scope, fact, now, BATCH)
        if row is None:
            return 0
        object = shown(await balances(cast(Any, connection), scope), livemode, currency)
        data = msgspec.json.encode({"object": object}).decode()
        await connection.execute(TELL, scope, fact, new_id("evt_"), row["version"], data, now)
    return int(row["taken"])
