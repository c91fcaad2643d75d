"""Looks at the books every few seconds, for /metrics: what waits, since when, and what a person must see. One statement.

It counts no further than MOST, so that a look stays cheap when a backlog is not. What an endpoint that fails is owed does not
count as late: its own gauge tells of it.
"""

from prometheus_client import Gauge

from sluice.core import metrics
from sluice.core.clock import clock
from sluice.store.database import Database

EVERY = 5.0  # seconds
MOST = 10_000
FAILS = 3  # tries in a row after which an endpoint's backlog is its own affair
ALIVE = 20  # seconds since a worker's last beat
STATES = ("open", "reversing")

# $1 now in microseconds, $2 in seconds, $3 the most that is counted. `since`: seconds; null: nothing waits.
LOOK = f"""
with health as materialized (select scope, endpoint from webhook_health where failures >= {FAILS}),
healthy as materialized (select w.scope, w.id from webhook_endpoints w where w.status = 'enabled'
    and not exists (select from health h where h.scope = w.scope and h.endpoint = w.id)),
live as materialized (select state, created from instructions where state <> 'closed' order by until limit $3)
select 'due' what, 'facts' name, (select count(*) from (select from outbox limit $3) o) items,
    (select min(e.created) from scopes s
        cross join lateral (select o.fact from outbox o where o.scope = s.scope order by o.n limit 1) o
        join events e on e.scope = s.scope and e.fact = o.fact)::float8 since
union all select 'due', 'recoveries',
    (select count(*) from (select from instructions where state <> 'closed' and until <= $1 limit $3) i),
    (select min(until) from instructions where state <> 'closed') / 1e6
union all select 'due', 'deliveries',
    (select count(*) from (select from healthy h join deliveries d on d.scope = h.scope and d.endpoint = h.id
        where d.due <= $1 limit $3) d),
    (select min(d.due) from healthy h cross join lateral (select d.due from deliveries d
        where d.scope = h.scope and d.endpoint = h.id and d.due is not null order by d.due limit 1) d) / 1e6
union all select 'due', 'notices',
    (select count(*) from (select from notices where applied is null and due <= $2 limit $3) n),
    (select min(greatest(due, received)) from notices where applied is null)
union all select 'due', 'holds',
    (select count(*) from (select from charges where held_until <= $2 limit $3) c), (select min(held_until) from charges)
union all select 'due', 'balances',
    (select count(*) from (select from balance_transactions where matured is null and available_on <= $2 limit $3) b),
    (select min(available_on) from balance_transactions where matured is null)
union all select 'due', 'resends', (select count(*) from resends), (select min(created) from resends)
union all select 'open', state, count(*), min(created) from live group by state
union all select 'discrepancies', '', (select count(*) from (select from discrepancies
    where closed is null and kind <> 'card_number_in_text' limit $3) d), null
union all select 'failing', '', count(*), null from webhook_endpoints where failing is not null and status = 'enabled'
union all select 'disabled', '', count(*), null from webhook_endpoints where status = 'disabled'
union all select 'workers', '', count(*), null from workers where beat > $2 - {ALIVE}
union all select 'numbered', '', coalesce(sum(numbered), 0)::bigint, null from scopes"""
BEFORE_SCOPE = (LOOK,)
PLAIN = {
    "discrepancies": metrics.DISCREPANCIES,
    "failing": metrics.FAILING,
    "disabled": metrics.DISABLED,
    "workers": metrics.WORKERS,
    "numbered": metrics.NUMBERED,
}


async def look(database: Database) -> None:
    """Sets the gauges of the books."""
    now = clock.now()
    rows = await database.fetch(LOOK, int(now * 1_000_000), int(now), MOST)
    for state in STATES:  # of which there may be none now
        told(metrics.OPEN, metrics.OPEN_AGE, state, 0, None, now)
    for what, name, items, since in rows:
        match what:
            case "due":
                told(metrics.DUE, metrics.DUE_AGE, name, items, since, now)
            case "open":
                told(metrics.OPEN, metrics.OPEN_AGE, name, items, since, now)
            case _:
                PLAIN[what].set(items)
    metrics.LOOKED.set(now)


def told(count: Gauge, age: Gauge, name: str, items: int, since: float | None, now: float) -> None:
    metrics.child(count, name).set(items)
    metrics.child(age, name).set(0.0 if since is None else max(0.0, now - since))
