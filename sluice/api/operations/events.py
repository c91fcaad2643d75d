"""Events."""

from sluice.api.operations.op import PAGED, Op, op
from sluice.api.reads import Body
from sluice.books.event_reads import list_events, retrieve
from sluice.payments.desk import Desk
from sluice.rules.calls import Call


async def event(desk: Desk, call: Call) -> Body:
    return await retrieve(desk.database, call.scope, call.livemode, call.ids["id"])


async def events(desk: Desk, call: Call) -> Body:
    return await list_events(desk.database, call.scope, call.livemode, call.params)


TABLE: tuple[Op, ...] = (
    op("GetEvents", "event", events, f"{PAGED} delivery_success type types"),
    op("GetEventsId", "event", event),
)  # fmt: skip
