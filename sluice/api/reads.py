"""Reads: one object by its id, or a page of a list. They are tried once more on a fresh connection, and write nothing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sluice.books.audit.entries import Entry
from sluice.books.balance import balance
from sluice.books.event_reads import list_events, retrieve
from sluice.books.ledger import BalanceTransaction
from sluice.books.webhooks.attempts import Attempt
from sluice.core.errors import Refused, missing
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.merchants.accounts import account
from sluice.merchants.endpoints import Endpoint
from sluice.payments.charges import Charge
from sluice.payments.desk import Desk
from sluice.payments.discrepancies import Discrepancy
from sluice.payments.hints import hint
from sluice.payments.instructions import Instruction
from sluice.payments.intents import Intent
from sluice.payments.refunds import Refund
from sluice.rules.calls import Call
from sluice.shapes.page import envelope, one_way
from sluice.shapes.page import page as asked_page
from sluice.store import lists
from sluice.store.rows import Row

Body = dict[str, Any]
Read = Callable[[Desk, Call], Awaitable[Body]]
KINDS: dict[type[Row], str] = {
    Intent: "payment_intent", Charge: "charge", Refund: "refund", Customer: "customer", PaymentMethod: "PaymentMethod",
    BalanceTransaction: "balance transaction", Endpoint: "webhook endpoint",
}  # fmt: skip


def one(row: type[Row], param: str, name: str, check: Callable[[Call, Any], None] | None = None) -> Read:
    """The object that the path names under `name`; `param` is what an error calls it (B-2.14)."""

    async def read(desk: Desk, call: Call) -> Body:
        id = call.ids[name]
        found = await desk.database.one(row, call.scope, id)
        if found is None:
            raise await hint(desk.database, call, missing(KINDS[row], id, param, status=404))
        if check:
            check(call, found)
        return found.wire(call.livemode)

    return read


class Listed(Struct, frozen=True):
    """A list: its rows, which parameters filter which columns, and a condition of its own."""

    row: type[Row]
    kind: str
    filters: Mapping[str, str] = {}
    fixed: str = ""
    path: Mapping[str, str] = {}  # ids in the path that filter
    exist: tuple[str, ...] = ()  # filters whose customer must exist (B-3.8)

    async def __call__(self, desk: Desk, call: Call) -> Body:
        asked, url = asked_page(call.params), call.path
        for name in self.exist:
            if call.params.get(name):
                await existing(desk, call, call.params[name])
        try:
            found = await lists.page(
                desk.database, self.row, call.scope, limit=asked.limit, starting_after=asked.starting_after,
                ending_before=asked.ending_before, filters=self.chosen(call), fixed=self.fixed,
            )  # fmt: skip
        except lists.UnknownCursor as unknown:
            raise missing(self.kind, unknown.id, unknown.name) from None
        if asked.starting_after is not None and asked.ending_before is not None:
            await self.known(desk, call, asked.starting_after)
            one_way(asked)
        return envelope([row.wire(call.livemode) for row in found.rows], found.has_more, url)

    def chosen(self, call: Call) -> dict[tuple[str, str], Any]:
        given = {(column, "="): call.params[name] for name, column in self.filters.items() if call.params.get(name) is not None}
        given |= {(column, "="): call.ids[name] for name, column in self.path.items()}
        if call.params.get("created") is not None:
            given |= lists.bounds("created", call.params["created"])
        return given

    async def known(self, desk: Desk, call: Call, cursor: str) -> None:
        if await desk.database.one(self.row, call.scope, cursor) is None:
            raise missing(self.kind, cursor, "starting_after")


async def existing(desk: Desk, call: Call, id: str) -> None:
    customer = await desk.database.one(Customer, call.scope, id)
    if customer is None or customer.deleted:
        raise missing("customer", id, "customer")


async def customers_method(desk: Desk, call: Call) -> Body:
    """B-5.65: a method of somebody else is 404, no code, param `customer`."""
    await customer_in(desk, call)
    method = await desk.database.one(PaymentMethod, call.scope, call.ids["payment_method"])
    if method is None or method.customer != call.ids["customer"]:
        message = f"No such PaymentMethod: '{call.ids['payment_method']}' on this customer"
        raise Refused(message, status=404, param="customer")
    return method.wire(call.livemode)


async def customer_in(desk: Desk, call: Call) -> None:
    customer = await desk.database.one(Customer, call.scope, call.ids["customer"])
    if customer is None or customer.deleted:
        raise missing("customer", call.ids["customer"], "customer", status=404)


DISPLAYED = {"allow_redisplay": "doc ->> 'allow_redisplay'"}
METHODS = Listed(
    PaymentMethod, "PaymentMethod", DISPLAYED | {"customer": "customer"}, "t.state = 'attached'", exist=("customer",)
)
OF_CUSTOMER = Listed(PaymentMethod, "PaymentMethod", DISPLAYED, "t.state = 'attached'", {"customer": "customer"})
NO_METHODS = replace(METHODS, fixed="false")


def other_type(call: Call) -> bool:
    """Methods that are no cards are not there; a display preference of another kind neither."""
    return bool(call.params.get("type", "card") != "card")


async def list_methods(desk: Desk, call: Call) -> Body:
    """B-3.9: without a customer the list of attached methods is empty."""
    wanted = not other_type(call) and call.params.get("customer")
    return await (METHODS if wanted else NO_METHODS)(desk, call)


async def list_customers_methods(desk: Desk, call: Call) -> Body:
    await customer_in(desk, call)
    return await (NO_METHODS if other_type(call) else OF_CUSTOMER)(desk, call)


async def refunds_of(desk: Desk, call: Call) -> Body:
    if await desk.database.one(Charge, call.scope, call.ids["charge"]) is None:
        raise missing("charge", call.ids["charge"], "id", status=404)
    return await Listed(Refund, "refund", {}, "", {"charge": "charge"})(desk, call)


async def refund_of(desk: Desk, call: Call) -> Body:
    refund = await desk.database.one(Refund, call.scope, call.ids["refund"])
    if refund is None or refund.charge != call.ids["charge"]:
        raise missing("refund", call.ids["refund"], "refund", status=404)
    return refund.wire(call.livemode)


async def own_account(desk: Desk, call: Call) -> Body:
    return await account(desk.database, call.account)


async def own_balance(desk: Desk, call: Call) -> Body:
    return await balance(desk.database, call.scope, call.livemode, call.currency)


async def event(desk: Desk, call: Call) -> Body:
    return await retrieve(desk.database, call.scope, call.livemode, call.ids["id"])


async def events(desk: Desk, call: Call) -> Body:
    return await list_events(desk.database, call.scope, call.livemode, call.params)


OPEN = {None: "", False: "t.closed is null", True: "t.closed is not null"}


async def discrepancies(desk: Desk, call: Call) -> Body:
    """With the subject of each one's instruction: the payment or refund that it is about."""
    listed = await replace(DISCREPANCIES, fixed=OPEN[call.params.get("closed")])(desk, call)
    asked = await desk.database.many(Instruction, call.scope, [each["about"] for each in listed["data"]])
    found = {row.id: {"subject": row.subject, "verb": row.verb} for row in asked}
    return listed | {"data": [each | found.get(each["about"], {}) for each in listed["data"]]}


async def history(desk: Desk, call: Call) -> Body:
    """B-5.94: nothing is in a payout yet, so a payout that is named is missing. Both paths name the newer one."""
    if payout := call.params.get("payout"):
        raise missing("payout", payout, "payout")
    return await HISTORY(desk, call) | {"url": "/v1/balance_transactions"}


ATTEMPTS = Listed(Attempt, "webhook attempt", {"event": "event", "webhook_endpoint": "endpoint"})
AUDIT = Listed(Entry, "audit entry", {"action": "action", "actor": "actor", "card": "card", "subject": "object"})
DISCREPANCIES = Listed(Discrepancy, "discrepancy")
HISTORY = Listed(BalanceTransaction, "balance transaction", {"currency": "currency", "source": "source", "type": "type"})
CHARGES = Listed(
    Charge,
    "charge",
    {"customer": "customer", "payment_intent": "intent", "transfer_group": "transfer_group"},
    exist=("customer",),
)
CUSTOMERS = Listed(Customer, "customer", {"email": "email"}, "not t.deleted")
INTENTS = Listed(Intent, "payment_intent", {"customer": "customer"}, exist=("customer",))
ENDPOINTS = Listed(Endpoint, "webhook endpoint")
REFUNDS = Listed(Refund, "refund", {"charge": "charge", "payment_intent": "intent"})
