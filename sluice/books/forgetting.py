"""Forgetting: idempotency keys a day after their end, in batches (B-1.39). A key that still runs is never forgotten (B-1.41).

A key has no column for its end: answered in its first call it ends where it begins. What an outage kept running longer is
noted while it runs, and its day counts from the last note.
"""

from sluice.core.clock import clock
from sluice.core.limits import KEY_HOURS
from sluice.store.database import Database

HOUR = 3_600
NOTE_AFTER = HOUR  # seconds; noted as often as `note` is called, which should be oftener than this
KEEP = KEY_HOURS * HOUR + 2 * NOTE_AFTER
BATCH = 1_000

RUNNING_SCOPES = "select distinct scope from instructions where state <> 'closed' and created <= $1"
NOTE = """update idempotency k set running = $3 from instructions i
    where i.scope = $1 and i.state <> 'closed' and i.created <= $2
        and k.scope = $1 and k.key = i.call ->> 'key' and k.status is null"""
OLD_SCOPES = "select distinct scope from idempotency where created <= $1 and status is not null"
FORGET = """delete from idempotency where scope = $1 and key in (
    select key from idempotency where scope = $1 and created <= $2 and status is not null and coalesce(running, created) <= $2
    order by created limit $3)"""
BEFORE_SCOPE = (RUNNING_SCOPES, OLD_SCOPES)


async def sweep(database: Database) -> int:
    """Notes what still runs, forgets one batch in each scope; answers how many keys were forgotten."""
    now = clock.seconds()
    for (scope,) in await database.fetch(RUNNING_SCOPES, now - NOTE_AFTER):
        await database.execute(NOTE, scope, now - NOTE_AFTER, now)
    forgotten = 0
    for (scope,) in await database.fetch(OLD_SCOPES, now - KEEP):
        done = await database.execute(FORGET, scope, now - KEEP, BATCH)
        forgotten += int(done.rpartition(" ")[2])
    return forgotten
