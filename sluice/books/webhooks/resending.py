"""Sent again by hand: events by name, or all since a moment (B-5.83, D19).

The command line makes deliveries due at once; the API writes down what it was asked for, and a worker makes them due.
"""

from collections.abc import Sequence
from typing import ClassVar, final

from sluice.books.sequencer import catch_up
from sluice.core.clock import clock
from sluice.core.errors import missing
from sluice.core.faults import effect
from sluice.core.limits import EVENT_DAYS
from sluice.store.database import Database
from sluice.store.rows import Row

RESEND = """insert into deliveries (scope, endpoint, number, event, object, due)
    select $1, w.id, n.number, e.id, e.object, $2
    from event_numbers n join events e on e.scope = $1 and e.id = n.event join webhook_endpoints w on w.scope = $1
    where n.scope = $1 and e.created >= $3 and ($4::text[] is null or e.id = any($4)) and ($5::text is null or w.id = $5)
        and ($4 is not null and $5 is not null or w.enabled_events && array['*', e.type])
    on conflict (scope, endpoint, number) do update
        set due = excluded.due, tries = 0, began = null, token = null, taken = null"""
KNOWN = "select id from events where scope = $1 and id = any($2::text[])"
KNOWN_ENDPOINT = "select exists (select from webhook_endpoints where scope = $1 and id = $2)"
NAMED = """select n.number, e.id from event_numbers n join events e on e.scope = $1 and e.id = n.event
    where n.scope = $1 and n.event = any($2::text[]) and e.created >= $3"""
WANTED = """select n.number, e.id from webhook_endpoints w join events e on e.scope = $1
    join event_numbers n on n.scope = $1 and n.event = e.id
    where w.scope = $1 and w.id = $2 and w.enabled_events && array['*', e.type] and e.created >= $3 limit $4"""
ASKED = "select distinct scope from resends"
AGAIN = """with picked as materialized (
        select o.id from resends o where o.scope = $1 order by o.id limit 1 for update skip locked),
    taken as (
        delete from resends r using picked p where r.scope = $1 and r.id = p.id returning r.endpoint, r.numbers)
    insert into deliveries (scope, endpoint, number, event, object, due)
    select $1, w.id, n.number, e.id, e.object, $2
    from taken t join webhook_endpoints w on w.scope = $1 and w.id = t.endpoint
    join event_numbers n on n.scope = $1 and n.number = any(t.numbers) join events e on e.scope = $1 and e.id = n.event
    order by n.number
    on conflict (scope, endpoint, number) do update
        set due = excluded.due, tries = 0, began = null, token = null, taken = null"""
BEFORE_SCOPE = (ASKED,)


@final
class Resend(Row, frozen=True):
    """What one call asked for: these numbers, to that endpoint. It is gone when their deliveries are due."""

    table: ClassVar[str] = "resends"
    created: int
    endpoint: str
    numbers: list[int]


async def resend(
    database: Database, scope: int, livemode: bool, *, endpoint: str | None = None,
    events: Sequence[str] | None = None, since: int = 0,
) -> int:  # fmt: skip
    """Makes events due again, as if never sent: those named, or all since a second; answers how many deliveries that is.

    To one endpoint, or to each that asked for the type; events named to one endpoint go there whatever it asked for.
    Refused for what does not exist. B-5.83: EVENT_DAYS back at most.
    """
    await catch_up(database, scope, livemode)
    await exist(database, scope, endpoint, events or ())
    done = await database.execute(
        RESEND, scope, clock.micros(), max(since, oldest()), None if events is None else list(events), endpoint
    )
    return int(done.split()[-1])


def oldest() -> int:
    """The second before which nothing is sent again."""
    return clock.seconds() - EVENT_DAYS * 86_400


async def exist(database: Database, scope: int, endpoint: str | None, events: Sequence[str]) -> None:
    if endpoint is not None:
        there = await database.fetchrow(KNOWN_ENDPOINT, scope, endpoint)
        if there is None or not there[0]:
            raise missing("webhook endpoint", endpoint, "endpoint")
    known = {row["id"] for row in await database.fetch(KNOWN, scope, list(events))}
    for id in events:
        if id not in known:
            raise missing("event", id, "event")


async def named(database: Database, scope: int, events: Sequence[str]) -> dict[str, int]:
    """The numbers of those events that there are, and that may be sent again."""
    return {row["id"]: row["number"] for row in await database.fetch(NAMED, scope, list(events), oldest())}


async def wanted(database: Database, scope: int, endpoint: str, since: int, most: int) -> dict[str, int]:
    """The numbers of at most `most` events since that second whose type the endpoint asks for."""
    return {row["id"]: row["number"] for row in await database.fetch(WANTED, scope, endpoint, since, most)}


async def sweep(database: Database) -> int:
    """Takes up one resend in each scope; answers in how many scopes there was one, to be called again."""
    scopes = await database.fetch(ASKED)
    for (scope,) in scopes:
        await take(database, scope)
    return len(scopes)


async def take(database: Database, scope: int) -> None:
    """The oldest resend of a scope, once: in one commit its deliveries are due and it is gone."""
    await effect("store.resend", lambda: database.execute(AGAIN, scope, clock.micros()))
