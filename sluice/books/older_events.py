"""What an event says in an older version, made from what is stored: each try and each read has the same bytes (B-5.75).

An older object holds lists. An event's have what the events up to its own fact told, and that stays as it is.
"""

from typing import Any

import asyncpg
import msgspec

from sluice.books.events import changed
from sluice.shapes.objects import merge
from sluice.shapes.page import envelope
from sluice.shapes.versions import Version, rendering
from sluice.store.database import Database

EMBEDDED = 10  # B-3.12

# $1 the scope, $2 whose list it is, $3 the event in which it stands. The last word on each row of the list.
WORD = """cross join lateral (
        select e.type, e.data from events e join event_numbers n on n.scope = $1 and n.event = e.id
        where e.scope = $1 and e.object = held.id
        and (e.type like 'charge.%' or e.type like 'refund.%' or e.type like 'customer.source.%')
        and n.number <= (
            select max(m.number) from events this join events f on f.scope = $1 and f.fact = this.fact
            join event_numbers m on m.scope = $1 and m.event = f.id where this.scope = $1 and this.id = $3)
        order by n.number desc limit 1) told"""
CHARGES = f"""select told.data from charges held {WORD} where held.scope = $1 and held.intent = $2
    order by held.created desc, held.id desc limit 11"""
REFUNDS = f"""select told.data from refunds held {WORD} where held.scope = $1 and held.charge = $2
    order by held.created desc, held.id desc limit 11"""
SOURCES = f"""select told.data from payment_methods held {WORD} where held.scope = $1 and held.customer = $2
    and told.type <> 'customer.source.deleted' order by held.created desc, held.id desc limit 11"""
PLACES = {
    ("payment_intent", "charges"): (CHARGES, "/v1/charges?payment_intent={}"),
    ("charge", "refunds"): (REFUNDS, "/v1/charges/{}/refunds"),
    ("customer", "sources"): (SOURCES, "/v1/customers/{}/sources"),
}


async def data(database: Database, scope: int, event: asyncpg.Record, to: Version) -> msgspec.Raw:
    """The event's `data` as bytes: whoever shows the event, in whatever version, leaves them as they are."""

    async def lists(holders: list[rendering.Holder]) -> list[dict[str, Any] | None]:
        return [await listed(database, scope, event["id"], holder, name) for holder, name in holders]

    stored: dict[str, Any] = msgspec.json.decode(event["data"])
    now = await rendering.filled(stored["object"], to, lists)
    made = {"object": rendering.back(now, to)}
    if "previous_attributes" in stored:
        before = rendering.back(merge(now, stored["previous_attributes"]), to)
        made["previous_attributes"] = changed(before, made["object"])
    return msgspec.Raw(msgspec.json.encode(made))


async def listed(database: Database, scope: int, event: str, holder: dict[str, Any], name: str) -> dict[str, Any] | None:
    """None: we have nothing of that kind."""
    place = PLACES.get((holder["object"], name))
    if place is None:
        return None
    sql, url = place
    found = [msgspec.json.decode(row["data"])["object"] for row in await database.fetch(sql, scope, holder["id"], event)]
    return envelope(found[:EMBEDDED], len(found) > EMBEDDED, url.format(holder["id"]))
