"""Ids, times, what is there and what is absent (B-4.1 to B-4.9). Each answer's keys are the harness's to judge (B-4.6)."""

import re
from typing import Any

import pytest

from sluice.core.clock import clock
from tests.e2e.world import things
from tests.harness import Gateway, Shop, refused

FORMS = {
    "customer": r"cus_[A-Za-z0-9]{14}",
    "payment_method": "pm_",
    "intent": "pi_",
    "charge": "ch_",
    "refund": "re_",
    "event": "evt_",
    "webhook_endpoint": "we_",
    "balance_transaction": "txn_",
}


@pytest.fixture(scope="module")
def owner(gateway: Gateway) -> Shop:
    return Shop(gateway)


@pytest.fixture(scope="module")
def answers(owner: Shop) -> dict[str, Any]:
    """One object of each kind, as it is read."""
    ids = things(owner)
    kinds = {"intent": "payment_intents"} | {kind: f"{kind}s" for kind in ids if kind != "intent"}
    return {kind: owner.raw("GET", f"/v1/{kinds[kind]}/{id}").json for kind, id in ids.items()}


@pytest.mark.parametrize("kind", FORMS)
def test_ids(answers: dict[str, Any], kind: str):
    """B-4.1: a prefix, then letters and digits."""
    form = FORMS[kind] if "[" in FORMS[kind] else FORMS[kind] + "[A-Za-z0-9]+"
    assert re.fullmatch(form, answers[kind]["id"])
    assert len(answers[kind]["id"]) <= 255


@pytest.mark.parametrize("kind", FORMS)
def test_an_answer_begins_with_id_and_object(answers: dict[str, Any], kind: str):
    """B-4.4: `object` is on all; a reader finds it at once."""
    assert list(answers[kind])[:2] == ["id", "object"]


@pytest.mark.parametrize("kind", FORMS)
def test_times_are_seconds(answers: dict[str, Any], kind: str):
    """B-4.3."""
    assert abs(answers[kind]["created"] - clock.seconds()) < 3_600


@pytest.mark.parametrize("kind", FORMS)
def test_livemode(answers: dict[str, Any], kind: str):
    """B-4.4: not on refunds and balance transactions."""
    assert answers[kind].get("livemode") == (None if kind in ("refund", "balance_transaction") else False)


@pytest.mark.parametrize(
    ("kind", "absent"),
    [
        ("refund", {"failure_reason", "failure_balance_transaction", "next_action", "presentment_details"}),
        ("charge", {"refunds", "radar_options"}),
        ("customer", {"sources", "subscriptions", "tax_ids", "tax", "cash_balance", "deleted"}),
        ("webhook_endpoint", {"secret"}),
        ("event", {"account"}),
    ],
)
def test_what_is_absent(answers: dict[str, Any], kind: str, absent: set[str]):
    """B-4.6, B-3.23."""
    assert not absent & set(answers[kind])


def test_ids_are_case_sensitive(owner: Shop, answers: dict[str, Any]):
    """B-4.1: opaque."""
    with refused(404, "resource_missing", "id"):
        owner.v1.customers.retrieve(answers["customer"]["id"].swapcase())


def test_a_sub_hash_is_answered_whole(shop: Shop):
    """B-4.7: all six keys of an address; updates go leaf by leaf."""
    keys = {"city", "country", "line1", "line2", "postal_code", "state"}
    made = shop.v1.customers.create(
        {"address": {"line1": "1 Main St"}, "shipping": {"name": "Ann", "address": {"city": "Ghent"}}}
    )
    assert set(made.address.to_dict()) == set(made.shipping.address.to_dict()) == keys
    changed = shop.v1.customers.update(
        made.id, {"address": {"city": "Bruges"}, "shipping": {"name": "Bob", "address": {"line1": "2"}}}
    )
    assert (changed.address.line1, changed.address.city) == ("1 Main St", "Bruges")
    assert (changed.shipping.name, changed.shipping.address.city, changed.shipping.address.line1) == ("Bob", "Ghent", "2")
    unset = shop.v1.customers.update(made.id, {"address": {"line1": ""}, "shipping": ""})
    assert (unset.address.line1, unset.address.city, unset.shipping) == (None, "Bruges", None)
    assert shop.v1.customers.update(made.id, {"address": ""}).address is None


def test_shippings_carrier_is_absent_until_it_is_set(shop: Shop):
    """B-4.6."""
    made = shop.intent(shipping={"name": "Ann", "address": {"line1": "1"}})
    assert not {"carrier", "tracking_number"} & set(made.shipping.to_dict())
    assert (
        shop.v1.payment_intents.update(
            made.id, {"shipping": {"name": "Ann", "address": {"line1": "1"}, "carrier": "Post"}}
        ).shipping.carrier
        == "Post"
    )


def test_countries_are_upper_case(shop: Shop):
    """B-4.8."""
    assert shop.v1.customers.create({"address": {"country": "be"}}).address.country == "BE"
    method = {"type": "card", "card": {"token": "tok_visa"}, "billing_details": {"address": {"country": "be"}}}
    assert shop.v1.payment_methods.create(method).billing_details.address.country == "BE"


def test_what_was_deleted(shop: Shop):
    """B-4.5: that form and nothing else; a customer can still be read, an endpoint cannot."""
    customer = shop.v1.customers.create().id
    endpoint = shop.v1.webhook_endpoints.create({"url": "https://shop.example/", "enabled_events": ["*"]}).id
    form = {"id": customer, "object": "customer", "deleted": True}
    assert shop.raw("DELETE", f"/v1/customers/{customer}").json == form
    assert shop.raw("GET", f"/v1/customers/{customer}").json == form
    assert shop.raw("DELETE", f"/v1/webhook_endpoints/{endpoint}").json == {
        "id": endpoint,
        "object": "webhook_endpoint",
        "deleted": True,
    }
    with refused(404, "resource_missing", "id"):
        shop.v1.webhook_endpoints.retrieve(endpoint)
