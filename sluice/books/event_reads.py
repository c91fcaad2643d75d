"""Events as the wire has them: one by id, and lists by number (B-3.2, B-5.76). `data` is spliced in as its stored bytes."""

from typing import Any, NamedTuple

import asyncpg
import msgspec

from sluice.books.events import API_VERSION
from sluice.books.sequencer import catch_up
from sluice.core.clock import clock
from sluice.core.errors import Refused, missing
from sluice.core.limits import EVENT_DAYS
from sluice.shapes.page import Page, envelope, one_way, page
from sluice.store.database import Database

URL = "/v1/events"
TYPES_MOST = 20
NEWEST = (1 << 63) - 1

COLUMNS = """n.number, e.id, e.type, e.object_version, e.data, e.created, e.request, e.idempotency_key"""
NOT_TAKEN = """from webhook_endpoints w join deliveries d on d.scope = w.scope and d.endpoint = w.id
    where w.scope = $1 and d.scope = $1 and d.number = n.number and d.taken is null"""
ONE = f"""select {COLUMNS}, (select count(*) {NOT_TAKEN}) pending
    from event_numbers n join events e on e.scope = n.scope and e.id = n.event
    where n.scope = $1 and e.scope = $1 and n.event = $2"""
IS_THERE = "select exists (select from events where scope = $1 and id = $2)"
NUMBER = "select number from event_numbers where scope = $1 and event = $2"
FILTERED = f"""select {COLUMNS}, (select count(*) {NOT_TAKEN}) pending
    from event_numbers n join events e on e.scope = n.scope and e.id = n.event
    where n.scope = $1 and e.scope = $1 and n.number < $2 and n.number > $3 and e.created between $4 and $5
    and ($6::text[] is null or e.type = any($6)
        or exists (select from unnest($7::text[]) p (start) where starts_with(e.type, p.start)))
    and ($8::boolean is null or $8 <> exists (select {NOT_TAKEN}))"""
FOLLOW = f"""select {COLUMNS}, (select count(*) {NOT_TAKEN}) pending
    from event_numbers n join events e on e.scope = n.scope and e.id = n.event
    where n.scope = $1 and e.scope = $1 and n.number > $2 order by n.number limit $3"""
BEFORE = """select min(n.number) first from events e join event_numbers n on n.scope = e.scope and n.event = e.id
    where e.scope = $1 and n.scope = $1 and e.created >= $2"""
LAST = "select coalesce(max(number), 0) number from event_numbers where scope = $1"
OLDER = f"{FILTERED} order by n.number desc limit $9"
NEWER = f"{FILTERED} order by n.number limit $9"


class Types(NamedTuple):
    """Which types are wanted: by their whole name (None: all), or by how they begin."""

    names: list[str] | None = None
    beginnings: list[str] | None = None

    def take(self, type: str) -> bool:
        return self.names is None or type in self.names or type.startswith(tuple(self.beginnings or ()))


def types(patterns: list[str] | None) -> Types:
    """`charge.succeeded`, `charge.*`; None: all."""
    if patterns is None:
        return Types()
    return Types([text for text in patterns if not text.endswith("*")], [text[:-1] for text in patterns if text.endswith("*")])


def wire(event: asyncpg.Record, livemode: bool, api_version: str | None = None) -> dict[str, Any]:
    """The public event; `data` is `msgspec.Raw`, to be encoded as it lies. `event`: a record of COLUMNS and `pending`."""
    return {
        "id": event["id"],
        "object": "event",
        "api_version": api_version or API_VERSION,
        "created": event["created"],
        "data": msgspec.Raw(event["data"].encode()),
        "livemode": livemode,
        "pending_webhooks": event["pending"],
        "request": {"id": event["request"], "idempotency_key": event["idempotency_key"]},
        "type": event["type"],
        "sluice": {"number": event["number"], "object_version": event["object_version"]},
    }


async def retrieve(database: Database, scope: int, livemode: bool, id: str) -> dict[str, Any]:
    """The event; one that was committed a moment ago is numbered first. Refused (404) if there is none."""
    event = await database.fetchrow(ONE, scope, id)
    if event is None and await known(database, scope, id):
        await catch_up(database, scope, livemode)
        event = await database.fetchrow(ONE, scope, id)
    if event is None:
        raise missing("event", id, "id", status=404)
    return wire(event, livemode)


async def known(database: Database, scope: int, id: str) -> bool:
    record = await database.fetchrow(IS_THERE, scope, id)
    return record is not None and bool(record[0])


async def list_events(database: Database, scope: int, livemode: bool, params: dict[str, Any]) -> dict[str, Any]:
    """B-5.76: newest first, EVENT_DAYS back. Whoever reads after a payment sees its events: the sequencer runs first."""
    wanted, asked = wanted_types(params), page(params)
    await catch_up(database, scope, livemode)
    below, above = await bounds(database, scope, asked)
    since, until = between(params.get("created"), clock.seconds() - EVENT_DAYS * 86_400)
    forward = asked.ending_before is not None
    found = await database.fetch(
        NEWER if forward else OLDER, scope, below, above, since, until, *wanted, params.get("delivery_success"), asked.limit + 1
    )
    shown = [wire(event, livemode) for event in found[: asked.limit]]
    return envelope(shown[::-1] if forward else shown, len(found) > asked.limit, URL)


def wanted_types(params: dict[str, Any]) -> Types:
    one, several = params.get("type"), params.get("types")
    if one is not None and several is not None:
        raise Refused("You may only specify one of these parameters: type, types.", code="parameters_exclusive", param="type")
    if several is not None and len(several) > TYPES_MOST:
        raise Refused(f"At most {TYPES_MOST} types can be given; these are {len(several)}.", param="types")
    return types(several if one is None else [one])


async def bounds(database: Database, scope: int, asked: Page) -> tuple[int, int]:
    """The numbers between which the page lies, both exclusive. An unknown cursor wins over two of them (B-3.5)."""
    below = await position(database, scope, asked.starting_after, "starting_after", NEWEST)
    above = await position(database, scope, asked.ending_before, "ending_before", 0)
    one_way(asked)
    return below, above


async def position(database: Database, scope: int, id: str | None, param: str, without: int) -> int:
    if id is None:
        return without
    record = await database.fetchrow(NUMBER, scope, id)
    if record is None:
        raise missing("notification", id, param)
    return int(record["number"])


def between(created: int | dict[str, int] | None, oldest: int) -> tuple[int, int]:
    """B-3.7: the first and the last second wanted."""
    if isinstance(created, int):
        created = {"gte": created, "lte": created}
    limits = created or {}
    since = max(oldest, limits.get("gte", oldest), limits.get("gt", oldest - 1) + 1)
    until = min(limits.get("lte", NEWEST), limits.get("lt", NEWEST) - 1)
    return min(since, NEWEST), max(until, -1)  # within a bigint; nothing is before 0


async def after(database: Database, scope: int, number: int, most: int = 100) -> list[asyncpg.Record]:
    """The events that follow a number, in order, as `wire` takes them. A number that is there has all before it there."""
    return await database.fetch(FOLLOW, scope, number, most)


async def before(database: Database, scope: int, second: int) -> int:
    """The number after which the events of that second and later lie."""
    record = await database.fetchrow(BEFORE, scope, second)
    return await last_number(database, scope) if record is None or record["first"] is None else int(record["first"]) - 1


async def last_number(database: Database, scope: int) -> int:
    record = await database.fetchrow(LAST, scope)
    assert record
    return int(record["number"])
