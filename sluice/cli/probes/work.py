"""The work: whether a worker is there, and what it should have done by now."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from sluice.cli.probes import Fault
from sluice.cli.probes.machine import silent
from sluice.store import installation
from sluice.store.database import DATABASE_TIME

MICRO = 1_000_000
SILENT = 20  # seconds without a heartbeat
LATE = 60  # seconds that something may be due
CLOSED = 25 * 3_600  # seconds after which what happened must be in a digest: a day, and the worker's time to close it
START = "sluice worker (sluice up runs one)"

LAST_BEAT = "select max(beat) from workers"
# What waits since before $1: facts without their numbers, instructions without a word, deliveries not claimed (microseconds).
FACTS = """select count(distinct (o.scope, o.n)) from outbox o join events e on e.scope = o.scope and e.fact = o.fact
    where e.created < $1"""
INSTRUCTIONS = "select count(*) from instructions where state <> 'closed' and until < $1"
DELIVERIES = """select count(*) from deliveries d join webhook_endpoints w on w.scope = d.scope and w.id = d.endpoint
    where w.status = 'enabled' and d.due < $1"""
HOLDS = "select count(*) from charges where held_until < $1"
LINKS = """select count(*) from audit_waiting w join audit_entries e on e.scope = w.scope and e.id = w.id
    where e.created < $1"""
DIGESTS = """select count(*) from scopes s
    left join lateral (select max(d.last) last from digests d where d.scope = s.scope) closed on true
    where s.numbered > coalesce(closed.last, 0) and exists (
        select from event_numbers n join events e on e.scope = n.scope and e.id = n.event
        where n.scope = s.scope and n.number = coalesce(closed.last, 0) + 1 and e.created < $1)"""
BANKS = """select id, name, address ->> 'bank' bank from rail_accounts
    where status = 'open' and address ->> 'bank' is not null order by id"""
BEFORE_SCOPE = (BANKS, LAST_BEAT, FACTS, INSTRUCTIONS, DELIVERIES, HOLDS, LINKS, DIGESTS)


async def restored(connection: Any) -> AsyncIterator[Fault]:
    """The books are a backup's: the door is closed until the banks were asked (F32)."""
    if (await installation.read(connection)).restored is not None:
        cause = "The database was restored from a backup, and its banks were not asked what came after it: no payment is taken."
        yield Fault("restored", cause, "sluice recover")


async def worker(connection: Any) -> AsyncIterator[Fault]:
    now, beat = await connection.fetchval(DATABASE_TIME), await connection.fetchval(LAST_BEAT)
    if beat is None:
        yield Fault("worker", "No worker runs: nothing is recovered, delivered or settled.", START)
    elif now - beat > SILENT:
        yield Fault("worker", f"No worker has given a sign of life for {now - beat:.0f} seconds.", START)


async def banks(connection: Any) -> AsyncIterator[Fault]:
    """Each bank that payments are sent to, beside the sandbox's own."""
    for row in await connection.fetch(BANKS):
        if why := await asyncio.to_thread(silent, row["bank"]):
            cause = f"The bank of {row['name']} ({row['id']}) does not answer at {row['bank']} ({why})."
            yield Fault("rail account", cause, f"Start it, or sluice rails close {row['id']}: others take its payments.")


async def overdue(connection: Any) -> AsyncIterator[Fault]:
    """What a worker that runs would have done: look into its log."""
    before = await connection.fetchval(DATABASE_TIME) - LATE
    for name, what, sql, since in (
        ("outbox", "facts wait for their event numbers", FACTS, int(before)),
        ("instructions", "payments wait for their bank to be asked again", INSTRUCTIONS, int(before * MICRO)),
        ("deliveries", "webhooks are due and were not sent", DELIVERIES, int(before * MICRO)),
        ("holds", "holds are over and were not let go", HOLDS, int(before)),
        ("audit log", "entries of the audit log wait for their link", LINKS, int(before)),
        ("digests", "merchants' days are over and were not closed", DIGESTS, int(before) - CLOSED),
    ):
        if count := await connection.fetchval(sql, since):
            yield Fault(name, f"{count} {what}, since more than {LATE} seconds.", f"{START}; if one runs, its log says why")
