"""Sending events again to one endpoint: those that are named, or all since a moment that it asks for (B-5.83, D19)."""

from typing import Any, final

from sluice.books.sequencer import catch_up
from sluice.books.webhooks.resending import Resend, named, oldest, wanted
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.core.limits import EVENT_DAYS, RESEND_MOST
from sluice.merchants import endpoints
from sluice.merchants.endpoints import Endpoint
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.database import Database
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

BACK = f"Events can be sent again for {EVENT_DAYS} days."


@final
class Chosen(Row, frozen=True):
    """The events that a call means: their numbers, by id."""

    numbers: dict[str, int]


@final
class Resent(Row, frozen=True):
    """What the answer shows. The endpoint's id is the row's."""

    events: int

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build("sluice.resend", webhook_endpoint=self.id, events=self.events)


async def chosen(database: Database, call: Call) -> Rows:
    """What was committed a moment ago has its number first. One event more than is allowed, where there are so many."""
    events, since, id = call.params.get("events"), call.params.get("since"), call.ids["webhook_endpoint"]
    await catch_up(database, call.scope, call.livemode)
    if events is not None:
        numbers = await named(database, call.scope, events)
    else:
        numbers = await wanted(database, call.scope, id, since or 0, RESEND_MOST + 1)
    return Rows(chosen=Chosen(id, 0, numbers))


def create(call: Call, rows: Rows) -> Plan:
    """A resend for the worker, in the commit of the key and its answer; of no events, the answer alone."""
    endpoint, numbers = endpoints.named(call, rows), rows.one(Chosen, "chosen").numbers
    check(call)
    if endpoint.status == "disabled":
        raise Refused(
            f"The webhook endpoint '{endpoint.id}' is disabled. Enable it first, with `disabled=false`: what happened meanwhile"
            " goes out by itself.", judged=True,
        )  # fmt: skip
    for n, id in enumerate(call.params.get("events") or ()):
        if id not in numbers:
            refusal = missing("event", id, f"events[{n}]")
            refusal.message += f". {BACK}"
            raise refusal
    if len(numbers) > RESEND_MOST:
        raise Refused(
            f"More than {RESEND_MOST} events at once: give a later `since`, or use `sluice events resend`.", judged=True
        )
    resend = Resend(new_id("rs_"), 0, call.at, endpoint.id, sorted(numbers.values()))
    return Plan(Change(stand=(endpoint,), new=(resend,) if numbers else (), shows=Resent(endpoint.id, 0, len(numbers))))


def check(call: Call) -> None:
    """Exactly one of both, and what can be sent again."""
    events, since = call.params.get("events"), call.params.get("since")
    if events is not None and since is not None:
        raise Refused(
            "You may only specify one of these parameters: events, since.", code="parameters_exclusive", param="events"
        )
    if not events and since is None:
        raise Refused("One of the following params should be provided for this request: events or since.")
    if since is not None and since < oldest():
        raise Refused(BACK, param="since")


def audits(rows: Rows, change: Change) -> dict[str, Any]:
    return {"events": len(rows.one(Chosen, "chosen").numbers)}


CREATE = Verb(
    "webhook_endpoints.resend", create, (Load(Endpoint, "endpoint", "$3"),), id_in("webhook_endpoint"), finds=chosen,
    audits=audits,
)  # fmt: skip
