"""Deliveries: what is owed is claimed by lease, and what came of a try is written down (B-5.83, B-5.84).

`due` is when a delivery may be claimed: its next try, or its lease's end, so one whose worker died comes again by itself.
A claim takes of an endpoint only what it has room for, and of an object's first tries only the oldest that has not ended.
"""

from collections.abc import Sequence
from random import uniform
from typing import NamedTuple

import asyncpg
import msgspec

from sluice.books.event_reads import COLUMNS, wire
from sluice.books.vault.envelope import Sealed
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.core.limits import DELIVERY_SECONDS
from sluice.store.database import Database

MICRO = 1_000_000
LEASE = int((DELIVERY_SECONDS + 10) * MICRO)
TEST_RETRIES = 2
LATER, LAST = 43_200.0, 259_200.0  # seconds: once the pauses are used up, and from the first try to the last
JITTER = 0.1

DUE = """select s.scope, s.livemode from scopes s where exists (
    select from webhook_endpoints w where w.scope = s.scope and w.status = 'enabled' and exists (
        select from deliveries d where d.scope = s.scope and d.endpoint = w.id and d.due <= $1))"""
CLAIM = f"""
with picked as materialized (
    select d.endpoint, d.number from webhook_endpoints w cross join lateral (
        select d.endpoint, d.number from deliveries d
        where d.scope = $1 and d.endpoint = w.id and d.due <= $2 and (d.tries > 0 or not exists (
            select from deliveries f where f.scope = $1 and f.endpoint = w.id and f.object = d.object and f.tries = 0
                and f.due is not null and f.number < d.number))
        order by d.due, d.number
        limit greatest(0, $3 - (select count(*) from deliveries b
            where b.scope = $1 and b.endpoint = w.id and b.token is not null and b.due > $2))
        for update of d skip locked) d
    where w.scope = $1 and w.status = 'enabled' limit $4
), leased as (
    update deliveries d set token = $5, due = $6 from picked p
    where d.scope = $1 and d.endpoint = p.endpoint and d.number = p.number
    returning d.endpoint, d.number, d.event, d.tries, d.began
), waiting as (
    select n.number, (
        select count(*) from webhook_endpoints o cross join lateral (
            select from deliveries d where d.scope = $1 and d.endpoint = o.id and d.number = n.number and d.taken is null
            limit 1) d  -- a look-up each: as a plain join the planner may read all that the scope owes
        where o.scope = $1) pending
    from (select distinct l.number from leased l) n
)
select n.endpoint, n.tries, n.began, w.url, w.api_version, w.failing, w.key, w.sealed, {COLUMNS}, p.pending
from leased n join waiting p on p.number = n.number join webhook_endpoints w on w.scope = $1 and w.id = n.endpoint
join events e on e.scope = $1 and e.id = n.event order by n.number"""
RECORD = """
with ended as (
    select * from unnest($2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[],
        $7::int[], $8::int[], $9::text[], $10::text[]) t (endpoint, number, token, at, due, ms, status, error, head)
), kept as (
    update deliveries d set tries = d.tries + 1, began = coalesce(d.began, t.at), token = null, due = t.due,
        taken = case when t.error is null then t.at end
    from ended t where d.scope = $1 and d.endpoint = t.endpoint and d.number = t.number and d.token = t.token
    returning t.*
), well as (
    delete from webhook_health h where h.scope = $1 and h.endpoint in (select k.endpoint from kept k where k.error is null)
), ill as (
    insert into webhook_health as h (scope, endpoint, failures, since)
    select $1, k.endpoint, count(*), min(k.at) from kept k
    group by k.endpoint having bool_and(k.error is not null) order by k.endpoint
    on conflict (scope, endpoint) do update set failures = h.failures + excluded.failures
    returning h.endpoint, h.failures, h.since
), written as (
    insert into attempts (scope, endpoint, number, token, at, ms, status, error, head)
    select $1, k.endpoint, k.number, k.token, k.at, k.ms, k.status, k.error, k.head from kept k
)
select endpoint, failures, since from ill"""
BEFORE_SCOPE = (DUE,)


class Delivery(NamedTuple):
    """An event to be sent now, under the lease `token`, after `tries` tries, of which the first ended at `began` (µs)."""

    scope: int
    livemode: bool
    endpoint: str
    failing: bool
    url: str
    sealed: Sealed
    token: str
    tries: int
    began: int | None
    number: int
    object_version: int
    body: bytes


class Ended(NamedTuple):
    """One try: when it ended (µs), how long it took, the status or None, what was wrong with it or None, the answer's head."""

    delivery: Delivery
    at: int
    ms: int
    status: int | None
    error: str | None
    head: str


class Ill(NamedTuple):
    """An endpoint whose last try failed: how many in a row, since when (µs)."""

    endpoint: str
    failures: int
    since: int


async def due(database: Database) -> list[tuple[int, bool]]:
    """The scopes in which something may be sent, and whether they are live."""
    return [(row["scope"], row["livemode"]) for row in await database.fetch(DUE, clock.micros())]


async def claim(database: Database, scope: int, livemode: bool, each: int, most: int) -> list[Delivery]:
    """At most `most` deliveries of a scope; no endpoint has more than `each` in flight, in all workers together."""
    now, token = clock.micros(), new_id("tk_")
    rows = await database.fetch(CLAIM, scope, now, each, most, token, now + LEASE)
    return [delivery(row, scope, livemode, token) for row in rows]


def delivery(row: asyncpg.Record, scope: int, livemode: bool, token: str) -> Delivery:
    return Delivery(
        scope, livemode, row["endpoint"], row["failing"] is not None, row["url"], Sealed(row["key"], row["sealed"]), token,
        row["tries"], row["began"], row["number"], row["object_version"], body(row, livemode, row["api_version"]),
    )  # fmt: skip


def body(event: asyncpg.Record, livemode: bool, api_version: str | None) -> bytes:
    """B-5.80: the event, with two spaces of indentation: the bytes that are signed."""
    return msgspec.json.format(msgspec.json.encode(wire(event, livemode, api_version)), indent=2)


async def record(database: Database, scope: int, ended: Sequence[Ended], pauses: Sequence[float]) -> list[Ill]:
    """Writes tries down, each only if its lease is still its own. Answers the endpoints that none of them reached."""
    lines = [
        (d.endpoint, d.number, d.token, at, due_next(d, at, pauses) if error else None, ms, status, error, head)
        for d, at, ms, status, error, head in ended
    ]
    return [Ill(*row) for row in await database.fetch(RECORD, scope, *map(list, zip(*lines, strict=True)))]


def due_next(failed: Delivery, at: int, pauses: Sequence[float]) -> int | None:
    """When a failed one is tried again (µs); None: never."""
    pause = next_pause(failed.tries + 1, (at - (failed.began or at)) / MICRO, failed.livemode, pauses)
    return None if pause is None else at + int(pause * uniform(1 - JITTER, 1 + JITTER) * MICRO)


def next_pause(tries: int, passed: float, livemode: bool, pauses: Sequence[float]) -> float | None:
    """B-5.83: seconds after the `tries`-th try, the first of which was `passed` seconds ago; None when that was the last."""
    if not livemode:
        return pauses[tries - 1] if tries <= min(TEST_RETRIES, len(pauses)) else None
    pause = pauses[tries - 1] if tries <= len(pauses) else LATER
    return pause if passed + pause <= LAST else None
