"""Sent again by hand: events by name, or all since a moment (B-5.83, D19)."""

from collections.abc import Sequence

from sluice.books.sequencer import catch_up
from sluice.core.clock import clock
from sluice.core.errors import missing
from sluice.core.limits import EVENT_DAYS
from sluice.store.database import Database

RESEND = """insert into deliveries (scope, endpoint, number, event, object, due)
    select $1, w.id, n.number, e.id, e.object, $2
    from event_numbers n join events e on e.scope = $1 and e.id = n.event join webhook_endpoints w on w.scope = $1
    where n.scope = $1 and e.created >= $3 and ($4::text[] is null or e.id = any($4)) and ($5::text is null or w.id = $5)
        and ($4 is not null and $5 is not null or w.enabled_events && array['*', e.type])
    on conflict (scope, endpoint, number) do update
        set due = excluded.due, tries = 0, began = null, token = null, taken = null"""
KNOWN = "select id from events where scope = $1 and id = any($2::text[])"
KNOWN_ENDPOINT = "select exists (select from webhook_endpoints where scope = $1 and id = $2)"


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
    oldest = max(since, clock.seconds() - EVENT_DAYS * 86_400)
    done = await database.execute(RESEND, scope, clock.micros(), oldest, None if events is None else list(events), endpoint)
    return int(done.split()[-1])


async def exist(database: Database, scope: int, endpoint: str | None, events: Sequence[str]) -> None:
    if endpoint is not None:
        there = await database.fetchrow(KNOWN_ENDPOINT, scope, endpoint)
        if there is None or not there[0]:
            raise missing("webhook endpoint", endpoint, "endpoint")
    known = {row["id"] for row in await database.fetch(KNOWN, scope, list(events))}
    for id in events:
        if id not in known:
            raise missing("event", id, "event")
