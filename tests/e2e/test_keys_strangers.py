"""The matrix of foreign ids, from the one table of operations: to a stranger they are ids that name nothing (S10, B-1.4)."""

import json
import re
from typing import Any, NamedTuple

import pytest

from sluice.api.operations import TABLE
from sluice.api.operations.op import Op
from sluice.shapes.contract import operation
from tests.e2e.world import NAMING, NOWHERE, Ids, by_id, method, names, path, things
from tests.harness import Answer, Gateway, Shop
from tests.harness.wire import Raw

HINT = re.compile(r"; a similar object exists in (test|live) mode, but a (test|live) mode key was used to make this request\.")
# Parameters that hold an id, and of what. A cursor's kind is that of the list.
KINDS = {
    "charge": "charge",
    "confirmation_token": "confirmation_token",
    "customer": "customer",
    "default_source": "card",
    "invoice_settings": "payment_method",
    "payment_intent": "intent",
    "payment_method": "payment_method",
    "source": "charge",
    "token": "token",
}
CURSORS = ("starting_after", "ending_before")
LISTED = {
    "balance_transactions": "balance_transaction",
    "balance": "balance_transaction",
    "charges": "charge",
    "customers": "customer",
    "events": "event",
    "payment_intents": "intent",
    "payment_methods": "payment_method",
    "cards": "card",
    "mirrored": "mirrored",
    "refunds": "refund",
    "sources": "card",
    "webhook_endpoints": "webhook_endpoint",
}
# What else must be there for the id to be looked at.
BESIDE: dict[str, dict[str, str]] = {
    "PostPaymentIntents": {"amount": "2000", "currency": "usd"},
    "PostCharges": {"amount": "2000", "currency": "usd"},
    "PostCustomerSessions": {"components[buy_button][enabled]": "true"},
    "Source.create": {"type": "card"},
}


class Strangers(NamedTuple):
    """A shop with things of its own, and who must not see them: another merchant with as much, the same one in live mode."""

    ids: Ids
    other: Raw
    others: Ids
    live: Raw


@pytest.fixture(scope="module")
def strangers(gateway: Gateway) -> Strangers:
    owner, other = Shop(gateway), Shop(gateway)
    return Strangers(things(owner), other.raw, things(other), Raw(gateway.url, owner.key(livemode=True)))


def seen(answer: Answer, id: str) -> tuple[int, Any]:
    """What is said, but for the id itself and the hint that the owner of both modes may read."""
    return answer.status, json.loads(HINT.sub("", answer.body.decode().replace(id, "ID")))


@pytest.mark.shows("S10")
@pytest.mark.parametrize("who", ["other", "live"])
@pytest.mark.parametrize("op", NAMING, ids=by_id)
def test_in_the_path(strangers: Strangers, op: Op, who: str):
    """S10: each id in a path, one at a time: 404, the same as for one that is nowhere."""
    asker: Raw = getattr(strangers, who)
    beside = {"customer": strangers.others["customer"]} if op.id.endswith("Attach") else {}
    for kind in names(op):
        own = strangers.others if who == "other" else NOWHERE | {"account": strangers.ids["account"]}
        foreign, nowhere = (
            asker(method(op), path(op, own | {kind: id}), beside) for id in (strangers.ids[kind], NOWHERE[kind])
        )
        assert foreign.status == (400 if who == "live" and beside else 404)
        assert seen(foreign, strangers.ids[kind]) == seen(nowhere, NOWHERE[kind])


def in_parameters() -> list[tuple[Op, str, str]]:
    """Operation, parameter, kind: whatever is served and holds an id."""
    found = []
    for op in TABLE:
        last = operation(op.id).path.rpartition("/")[2]
        kind_of = KINDS | dict.fromkeys(CURSORS, LISTED.get(last, "balance_transaction"))
        found += [(op, name, kind_of[name]) for name in sorted(op.serves) if name in kind_of]
    return found


@pytest.mark.shows("S10")
@pytest.mark.parametrize(("op", "parameter", "kind"), in_parameters(), ids=lambda value: getattr(value, "id", value))
@pytest.mark.parametrize("who", ["other", "live"])
def test_in_a_parameter(strangers: Strangers, op: Op, parameter: str, kind: str, who: str):
    """S10: in body and query, cursors too: the same as for one that is nowhere, and never a success that shows it."""
    asker: Raw = getattr(strangers, who)
    name = "invoice_settings[default_payment_method]" if parameter == "invoice_settings" else parameter
    where = path(op, strangers.others if who == "other" else NOWHERE)
    given = BESIDE.get(op.id, {})
    foreign, nowhere = (asker(method(op), where, given | {name: id}) for id in (strangers.ids[kind], NOWHERE[kind]))
    assert seen(foreign, strangers.ids[kind]) == seen(nowhere, NOWHERE[kind])
    assert foreign.status in (400, 404) or foreign.json["data"] == []


@pytest.mark.shows("S10", "S11")
def test_a_client_secret_is_no_way_around(gateway: Gateway, strangers: Strangers):
    """S11: another shop's browser, with the right secret of an intent that is not its shop's."""
    owner, other = Shop(gateway), Shop(gateway)
    intent = owner.intent()
    answer = Raw(gateway.url, other.publishable)("GET", f"/v1/payment_intents/{intent.id}?client_secret={intent.client_secret}")
    assert (answer.status, answer.error["code"]) == (404, "resource_missing")


@pytest.mark.shows("S10")
def test_the_owner_finds_everything_as_it_was(strangers: Strangers, gateway: Gateway):
    """S10: nothing of what strangers tried has left a trace: they all hold an id of their own only."""
    for kind in ("customers", "payment_intents", "charges", "refunds", "payment_methods", "webhook_endpoints"):
        shown = strangers.other("GET", f"/v1/{kind}", {"limit": "100"}).body.decode()
        assert not [id for id in strangers.ids.values() if id in shown]
