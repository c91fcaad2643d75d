"""The sequencer: takes what was committed to the outbox, once, in one commit (Law 3).

Events are numbered after their commit, so a reader by number misses none that commits late. One sequencer at a time in a
scope: the scope's row is the lock. The statement's snapshot is older than the lock, so everything is made from the rows that
its own `delete` took: what another took meanwhile is gone, and is not counted again.
"""

from sluice.core.clock import clock
from sluice.core.faults import effect
from sluice.store.database import Database

BATCH = 500  # facts to a commit

WAITING = "select s.scope, s.livemode from scopes s where exists (select from outbox o where o.scope = s.scope)"
SPAN = "select min(n) first, max(n) last from outbox where scope = $1"
SEQUENCE = """
with turn as materialized (
    select numbered from scopes where scope = $1 for update
), taken as (
    delete from outbox o using turn
    where o.scope = $1 and o.n in (select w.n from outbox w where w.scope = $1 order by w.n limit $2) returning o.n, o.fact
), moved as (
    select m.account, p.currency, sum(m.amount) amount
    from taken t join postings p on p.scope = $1 and p.fact = t.fact
    cross join lateral (values (p.credit, p.amount), (p.debit, -p.amount)) m (account, amount) group by m.account, p.currency
), rolled as (
    insert into balances (scope, account, currency, amount) select $1, m.account, m.currency, m.amount from moved m
    on conflict (scope, account, currency) do update set amount = balances.amount + excluded.amount
), fresh as materialized (
    select e.id, e.type, e.object, turn.numbered + row_number() over (order by t.n, e.n) number
    from turn, taken t join events e on e.scope = $1 and e.fact = t.fact
), named as (
    insert into event_numbers (scope, number, event) select $1, f.number, f.id from fresh f
), owed as (
    insert into deliveries (scope, endpoint, number, event, object, due)
    select $1, w.id, f.number, f.id, f.object, $3 from fresh f
    join webhook_endpoints w on w.scope = $1 and w.enabled_events && array['*', f.type]
), counted as (
    update scopes s set numbered = l.number from (select max(f.number) number from fresh f) l
    where s.scope = $1 and l.number is not null
)
select count(*) from taken"""
BEFORE_SCOPE = (WAITING,)


async def waiting(database: Database) -> list[tuple[int, bool]]:
    """The scopes that have something in the outbox, and whether they are live."""
    return [(row["scope"], row["livemode"]) for row in await database.fetch(WAITING)]


async def sequence(database: Database, scope: int, livemode: bool) -> int:
    """Numbers events, rolls postings up, writes deliveries (a disabled endpoint's too, B-5.83); answers how many facts it took.

    At most BATCH in one commit. Zero says only that others were at it, or that nothing waited.
    """
    record = await effect("store.sequence", lambda: database.fetchrow(SEQUENCE, scope, BATCH, clock.micros()))
    assert record
    return int(record["count"])


async def catch_up(database: Database, scope: int, livemode: bool) -> None:
    """Returns when everything that is committed now has its number, by whomever."""
    span = await database.fetchrow(SPAN, scope)
    assert span
    last = span["last"]
    while span and span["first"] is not None and span["first"] <= last:
        await sequence(database, scope, livemode)
        span = await database.fetchrow(SPAN, scope)
