"""Forgetting, in batches: idempotency keys a day after their end (B-1.39), tries of webhooks a month after theirs (B-5.76),
declines of a card once they count no more (S14), cards in tokens that nobody used in time (B-5.66), and keys and sessions of a
buyer's device once they are over.

A key that still runs is never forgotten (B-1.41). It has no column for its end: answered in its first call it ends where it
begins. What an outage kept running longer is noted while it runs, and its day counts from the last note.
"""

from sluice.core.clock import clock
from sluice.core.limits import EVENT_DAYS, KEY_HOURS
from sluice.store.database import Database

HOUR = 3_600
NOTE_AFTER = HOUR  # seconds; noted as often as `note` is called, which should be oftener than this
KEEP = KEY_HOURS * HOUR + 2 * NOTE_AFTER
BATCH = 1_000
MONTH = EVENT_DAYS * 24 * HOUR

RUNNING_SCOPES = "select distinct scope from instructions where state <> 'closed' and created <= $1"
NOTE = """update idempotency k set running = $3 from instructions i
    where i.scope = $1 and i.state <> 'closed' and i.created <= $2
        and k.scope = $1 and k.key = i.call ->> 'key' and k.status is null"""
OLD_SCOPES = "select distinct scope from idempotency where created <= $1 and status is not null"
FORGET = """delete from idempotency where scope = $1 and key in (
    select key from idempotency where scope = $1 and created <= $2 and status is not null and coalesce(running, created) <= $2
    order by created limit $3)"""
TRIED_SCOPES = "select distinct scope from attempts where at <= $1"
FORGET_TRIES = """with old as (
        delete from attempts where scope = $1 and (endpoint, number, token) in (
            select endpoint, number, token from attempts where scope = $1 and at <= $2 order by at limit $3)
        returning endpoint, number)
    delete from deliveries d using old where d.scope = $1 and d.endpoint = old.endpoint and d.number = old.number
        and d.due is null"""
DECLINED_SCOPES = "select distinct scope from card_declines where since <= $1"
FORGET_DECLINES = """delete from card_declines where scope = $1 and id in (
    select id from card_declines where scope = $1 and since <= $2 order by since limit $3)"""
UNUSED_SCOPES = "select distinct scope from tokens where not used and created <= $1"
FORGET_UNUSED = """with old as (
        delete from tokens where scope = $1 and id in (
            select id from tokens where scope = $1 and not used and created <= $2 order by created limit $3)
        returning card)
    delete from vault_cards v using old where v.scope = $1 and v.id = old.card"""
SESSION_SCOPES = "select distinct scope from customer_sessions where expires <= $1"
FORGET_SESSIONS = """delete from customer_sessions where scope = $1 and id in (
    select id from customer_sessions where scope = $1 and expires <= $2 order by expires limit $3)"""
DEVICE_SCOPES = "select distinct scope from api_keys where kind = 'ek' and expires <= $1"
FORGET_DEVICES = """delete from api_keys where scope = $1 and id in (
    select id from api_keys where scope = $1 and kind = 'ek' and expires <= $2 order by expires limit $3)"""
# Where there is something, how a batch of it goes, and after how long.
SWEPT = (
    (TRIED_SCOPES, FORGET_TRIES, MONTH),
    (DECLINED_SCOPES, FORGET_DECLINES, HOUR),
    (UNUSED_SCOPES, FORGET_UNUSED, HOUR),
    (SESSION_SCOPES, FORGET_SESSIONS, HOUR),
    (DEVICE_SCOPES, FORGET_DEVICES, KEY_HOURS * HOUR),
)
BEFORE_SCOPE = (RUNNING_SCOPES, OLD_SCOPES, TRIED_SCOPES, DECLINED_SCOPES, UNUSED_SCOPES, SESSION_SCOPES, DEVICE_SCOPES)


async def sweep(database: Database) -> int:
    """Notes what still runs, forgets one batch in each scope; answers how many keys were forgotten, to be called again."""
    now = clock.seconds()
    for (scope,) in await database.fetch(RUNNING_SCOPES, now - NOTE_AFTER):
        await database.execute(NOTE, scope, now - NOTE_AFTER, now)
    forgotten = 0
    for (scope,) in await database.fetch(OLD_SCOPES, now - KEEP):
        done = await database.execute(FORGET, scope, now - KEEP, BATCH)
        forgotten += int(done.rpartition(" ")[2])
    for scopes, forget, age in SWEPT:
        for (scope,) in await database.fetch(scopes, now - age):
            await database.execute(forget, scope, now - age, BATCH)
    return forgotten
