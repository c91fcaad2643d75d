"""One thing of each kind that a path or a parameter can name, and where they are named: for the matrices over all routes."""

from typing import Any

from sluice.api.operations import TABLE
from sluice.api.operations.op import Op
from sluice.merchants.mirror import Line, keep
from sluice.shapes.contract import operation
from tests.harness import Shop

Ids = dict[str, str]
NOWHERE: Ids = {
    "account": "acct_nowhere",
    "customer": "cus_nowhere",
    "payment_method": "pm_nowhere",
    "intent": "pi_nowhere",
    "charge": "ch_nowhere",
    "refund": "re_nowhere",
    "event": "evt_nowhere",
    "webhook_endpoint": "we_nowhere",
    "balance_transaction": "txn_nowhere",
    "mirrored": "prod_nowhere",
    "card": "card_nowhere",
    "source": "src_nowhere",
    "token": "tok_nowhere",
    "confirmation_token": "ctoken_nowhere",
    "key": "ephkey_nowhere",
}
# What `{id}` means, by the path's second part.
BY_ID = {"balance_transactions": "balance_transaction", "balance": "balance_transaction", "events": "event"}
BY_ID |= {"sources": "source", "customers": "card", "sluice": "mirrored"}


def things(shop: Shop) -> Ids:
    """A customer with a card, a payment of it with a refund, an endpoint, an event."""
    customer = shop.v1.customers.create().id
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    paid = shop.pays(customer=customer, card=method)
    charge = shop.charge(paid)
    refund = shop.v1.refunds.create({"charge": charge.id, "amount": 500})
    endpoint = shop.v1.webhook_endpoints.create({"url": "https://shop.example/", "enabled_events": ["*"]})
    card: Any = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040"}
    return {
        "account": shop.account,
        "customer": customer,
        "payment_method": method,
        "intent": paid.id,
        "charge": charge.id,
        "refund": refund.id,
        "event": shop.events()[0].id,
        "webhook_endpoint": endpoint.id,
        "balance_transaction": str(charge.balance_transaction),
        "mirrored": mirrored(shop),
        "card": shop.v1.customers.payment_sources.create(customer, {"source": "tok_visa"}).id,
        "source": shop.v1.sources.create({"type": "card", "token": "tok_visa"}).id,
        "token": shop.v1.tokens.create({"card": card}).id,
        "confirmation_token": shop.v1.test_helpers.confirmation_tokens.create({"payment_method": "pm_card_visa"}).id,
        "key": shop.v1.ephemeral_keys.create({"customer": customer}, {"stripe_version": "2026-05-27.dahlia"}).id,
    }


def mirrored(shop: Shop) -> str:
    """An object of another account."""
    line = Line.of(b'{"id":"prod_%s","object":"product"}' % shop.account.encode())
    shop.gateway.run(keep(shop.gateway.database, shop.scope, "acct_old", [line]))
    return line.id


def names(op: Op) -> list[str]:
    """The kinds of things in an operation's path, in order, but for the account: that is one's own (test_account)."""
    parts = operation(op.id).path.split("/")
    kinds = [BY_ID[parts[2]] if part == "{id}" else part[1:-1] for part in parts if part.startswith("{")]
    return [kind for kind in kinds if kind != "account"]


def path(op: Op, ids: Ids) -> str:
    parts = operation(op.id).path.split("/")
    return "/".join(ids[BY_ID[parts[2]] if part == "{id}" else part[1:-1]] if part.startswith("{") else part for part in parts)


def method(op: Op) -> str:
    return operation(op.id).method


def by_id(op: Op) -> Any:
    return op.id


NAMING = [op for op in TABLE if names(op)]
