"""API versions at the door: one shape inside, older ones rendered from it (B-1.11, B-1.12)."""

import json
from typing import Any

import pytest

from sluice.merchants import accounts
from tests.harness import Receiver, Shop
from tests.harness.wire import Answer

OLDEST = "2020-03-02"


def asked(shop: Shop, version: str, method: str, path: str, params: Any = None, **headers: str) -> Answer:
    return shop.raw(method, path, params, headers={"Stripe-Version": version} | headers)


def test_an_intent_lists_its_charges(shop: Shop):
    """Before 2022-11-15 an intent holds its charges, and they their refunds, wherever it stands."""
    intent = shop.pays(2000)
    shop.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    path = f"/v1/payment_intents/{intent.id}"
    old = asked(shop, OLDEST, "GET", path).json
    assert [each["id"] for each in old["charges"]["data"]] == [intent.latest_charge]
    assert old["charges"]["url"] == f"/v1/charges?payment_intent={intent.id}"
    assert old["charges"]["total_count"] == 1
    (refund,) = old["charges"]["data"][0]["refunds"]["data"]
    assert refund["amount"] == 500
    assert "charges" not in asked(shop, "2022-11-15", "GET", path).json
    (listed,) = asked(shop, "2020-08-27", "GET", "/v1/payment_intents").json["data"]
    assert listed == asked(shop, "2020-08-27", "GET", path).json


def test_what_stands_in_an_old_list_is_expanded(shop: Shop):
    """Callers of that time expanded what they read in an intent's charges."""
    intent = shop.pays(2000)
    params = {"expand[]": "charges.data.balance_transaction"}
    old = asked(shop, "2020-08-27", "GET", f"/v1/payment_intents/{intent.id}", params).json
    assert old["charges"]["data"][0]["balance_transaction"]["net"] < 2000
    new = asked(shop, "2022-11-15", "GET", f"/v1/payment_intents/{intent.id}", params)
    assert (new.status, "doesn't exist" in new.error["message"]) == (400, True)


def test_a_write_is_answered_and_replayed_in_its_version(shop: Shop):
    """F6: a replay keeps the first answer's bytes, whatever version the second call names."""
    params = {"amount": "900", "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
    first = asked(shop, "2020-08-27", "POST", "/v1/payment_intents", params, **{"Idempotency-Key": "once"})
    assert (first.status, first.json["charges"]["data"][0]["amount"]) == (200, 900)
    again = asked(shop, "2026-05-27.dahlia", "POST", "/v1/payment_intents", params, **{"Idempotency-Key": "once"})
    assert again.body == first.body


def test_a_decline_shows_its_charge(shop: Shop):
    """The intent in an error is rendered too: there callers look for the charge that failed."""
    params = {"amount": "900", "currency": "usd", "payment_method": "pm_card_chargeDeclined", "confirm": "true"}
    error = asked(shop, "2020-08-27", "POST", "/v1/payment_intents", params).error
    (failed,) = error["payment_intent"]["charges"]["data"]
    assert (failed["id"], failed["status"]) == (error["charge"], "failed")


@pytest.mark.parametrize(
    ("version", "types", "capture", "automatic"),
    [
        ("2022-11-15", ["card"], "automatic", None),
        ("2023-08-16", ["card"], "automatic", {"allow_redirects": "always", "enabled": True}),
        ("2024-04-10", ["card"], "automatic_async", {"allow_redirects": "always", "enabled": True}),
    ],
)
def test_what_an_intent_takes_by_default(shop: Shop, version: str, types: list[str], capture: str, automatic: Any):
    """2023-08-16 made payment methods automatic, 2024-04-10 the capture asynchronous."""
    made = asked(shop, version, "POST", "/v1/payment_intents", {"amount": "900", "currency": "usd"}).json
    assert (made["payment_method_types"], made["capture_method"], made["automatic_payment_methods"]) == (
        types,
        capture,
        automatic,
    )


def test_a_customer_lists_its_sources(shop: Shop):
    """Before 2020-08-27 a customer holds its sources, and the lists that we have nothing for."""
    customer = shop.v1.customers.create({"source": "tok_visa"}).id
    old = asked(shop, OLDEST, "GET", f"/v1/customers/{customer}").json
    assert [each["object"] for each in old["sources"]["data"]] == ["card"]
    assert [old[name]["total_count"] for name in ("sources", "subscriptions", "tax_ids")] == [1, 0, 0]
    assert "sources" not in asked(shop, "2020-08-27", "GET", f"/v1/customers/{customer}").json
    shop.v1.customers.delete(customer)
    assert asked(shop, OLDEST, "GET", f"/v1/customers/{customer}").json == {
        "id": customer,
        "object": "customer",
        "deleted": True,
    }


def test_what_a_capture_lets_go_of_was_refunded(shop: Shop):
    """Before basil a partial capture counted the rest as refunded; from then on it does not."""
    intent = shop.holds(2000)
    shop.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1500})
    path = f"/v1/charges/{intent.latest_charge}"
    refunded = [
        asked(shop, version, "GET", path).json["amount_refunded"] for version in ("2025-02-24.acacia", "2025-03-31.basil")
    ]
    assert refunded == [500, 0]


def test_a_payment_has_no_invoice(shop: Shop):
    """Before basil both have the field."""
    intent = shop.pays()
    for path in (f"/v1/payment_intents/{intent.id}", f"/v1/charges/{intent.latest_charge}"):
        assert asked(shop, "2024-06-20", "GET", path).json["invoice"] is None
        assert "invoice" not in asked(shop, "2025-03-31.basil", "GET", path).json


def test_a_browser_sees_no_more_than_today(shop: Shop):
    """S11: a publishable key reads an intent of any version without its charges."""
    intent = shop.pays()
    raw = type(shop.raw)(shop.gateway.url, shop.publishable)
    params = {"client_secret": intent.client_secret}
    old = raw("GET", f"/v1/payment_intents/{intent.id}", params, headers={"Stripe-Version": OLDEST}).json
    assert old == raw("GET", f"/v1/payment_intents/{intent.id}", params).json


def pinned(shop: Shop, version: str) -> None:
    """As if the account had always had it."""
    shop.gateway.run(accounts.pin(shop.gateway.database, shop.account, version, 0))


def test_a_call_that_names_none_has_its_accounts_version(shop: Shop):
    """B-1.11: and the header outranks it."""
    pinned(shop, "2020-08-27")
    intent = shop.raw("POST", "/v1/payment_intents", {"amount": "900", "currency": "usd"})
    assert (intent.headers["stripe-version"], intent.json["charges"]["data"]) == ("2020-08-27", [])
    named = asked(shop, "2024-06-20", "GET", f"/v1/payment_intents/{intent.json['id']}")
    assert (named.headers["stripe-version"], "charges" in named.json) == ("2024-06-20", False)


def test_events_have_their_accounts_version_as_it_was_then(shop: Shop):
    """B-5.75: whoever reads them, in whatever version, later ones included."""
    pinned(shop, "2020-08-27")
    intent = shop.pays(2000)
    told = {event["type"]: event for event in events(shop)}
    assert {event["api_version"] for event in told.values()} == {"2020-08-27"}
    (charge,) = told["payment_intent.succeeded"]["data"]["object"]["charges"]["data"]
    assert (charge["id"], charge["status"], charge["refunds"]["data"]) == (intent.latest_charge, "succeeded", [])
    assert told["payment_intent.created"]["data"]["object"]["charges"]["data"] == []


def test_an_older_event_never_changes(shop: Shop):
    """B-5.75: what happens later to the charge in its list is not in it."""
    pinned(shop, "2020-08-27")
    intent = shop.pays(2000)
    before = events(shop)
    shop.v1.refunds.create({"payment_intent": intent.id, "amount": 500})
    shop.v1.charges.update(str(intent.latest_charge), {"description": "later"})
    after = events(shop)
    assert after[-len(before) :] == before
    (refunded,) = [event for event in after if event["type"] == "charge.refunded"]
    assert [each["amount"] for each in refunded["data"]["object"]["refunds"]["data"]] == [500]


def test_an_event_says_what_changed_in_its_version(shop: Shop):
    """`previous_attributes` go by the older shape too: what a capture let go of was refunded by it."""
    pinned(shop, "2024-06-20")
    intent = shop.holds(2000)
    shop.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1500})
    updated = next(event for event in events(shop) if event["type"] == "charge.updated")
    assert updated["data"]["object"]["amount_refunded"] == 500
    assert "amount_refunded" not in updated["data"]["previous_attributes"]


def events(shop: Shop) -> list[Any]:
    shop.quiet()
    return list(shop.raw("GET", "/v1/events", {"limit": "100"}).json["data"])


def test_an_endpoint_has_a_version_of_its_own(shop: Shop):
    """B-5.70, B-5.80: one is told in the old shape, the other in the account's."""
    with Receiver() as old, Receiver() as new:
        for receiver, version in ((old, {"api_version": "2020-08-27"}), (new, {})):
            given: Any = {"url": receiver.url, "enabled_events": ["payment_intent.succeeded"]} | version
            shop.v1.webhook_endpoints.create(given)
        shop.pays(2000)
        told, tells = (json.loads(receiver.wait_for(1)[0].body) for receiver in (old, new))
    assert (told["api_version"], len(told["data"]["object"]["charges"]["data"])) == ("2020-08-27", 1)
    assert "charges" not in tells["data"]["object"]
