"""One thing of each kind that a path or a parameter can name, and where they are named: for the matrices over all routes."""

from typing import Any

from sluice.api.operations import TABLE
from sluice.api.operations.op import Op
from sluice.shapes.contract import operation
from tests.harness import Shop

Ids = dict[str, str]
NOWHERE: Ids = {
    "customer": "cus_nowhere",
    "payment_method": "pm_nowhere",
    "intent": "pi_nowhere",
    "charge": "ch_nowhere",
    "refund": "re_nowhere",
    "event": "evt_nowhere",
    "webhook_endpoint": "we_nowhere",
    "balance_transaction": "txn_nowhere",
}
# What `{id}` means, by the path's second part.
BY_ID = {"balance_transactions": "balance_transaction", "balance": "balance_transaction", "events": "event"}


def things(shop: Shop) -> Ids:
    """A customer with a card, a payment of it with a refund, an endpoint, an event."""
    customer = shop.v1.customers.create().id
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    paid = shop.pays(customer=customer, card=method)
    charge = shop.charge(paid)
    refund = shop.v1.refunds.create({"charge": charge.id, "amount": 500})
    endpoint = shop.v1.webhook_endpoints.create({"url": "https://shop.example/", "enabled_events": ["*"]})
    return {
        "customer": customer,
        "payment_method": method,
        "intent": paid.id,
        "charge": charge.id,
        "refund": refund.id,
        "event": shop.events()[0].id,
        "webhook_endpoint": endpoint.id,
        "balance_transaction": str(charge.balance_transaction),
    }


def names(op: Op) -> list[str]:
    """The kinds of things in an operation's path, in order."""
    parts = operation(op.id).path.split("/")
    return [BY_ID[parts[2]] if part == "{id}" else part[1:-1] for part in parts if part.startswith("{")]


def path(op: Op, ids: Ids) -> str:
    parts = operation(op.id).path.split("/")
    return "/".join(ids[BY_ID[parts[2]] if part == "{id}" else part[1:-1]] if part.startswith("{") else part for part in parts)


def method(op: Op) -> str:
    return operation(op.id).method


def by_id(op: Op) -> Any:
    return op.id


NAMING = [op for op in TABLE if names(op)]
