"""Keys: how they are given, which are known, what they reach (B-1.1 to B-1.4, B-1.8 to B-1.10)."""

from base64 import b64encode
from typing import Any

import pytest
from msgspec.structs import replace

from sluice.books.audit.entries import Who
from sluice.core.clock import clock
from sluice.core.ids import chance
from sluice.merchants import keys
from sluice.merchants.keys import ApiKey
from sluice.store.facts import Fact
from tests.harness import Answer, Shop
from tests.harness.processes import until
from tests.harness.wire import Raw

WHO = Who("person", "owner", "desk")


def asks(shop: Shop, key: str, **headers: str) -> Answer:
    return Raw(shop.gateway.url, key)("GET", "/v1/balance", headers=headers)


def basic(user: str, password: str = "") -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def row_of(shop: Shop, text: str) -> ApiKey:
    """A key's row, by its text."""
    names = ", ".join(("id", "version", *ApiKey.__struct_fields__[2:]))
    found = shop.gateway.fetch(f"select {names} from api_keys where scope = $1 and hash = $2", shop.scope, keys.digest(text))
    return ApiKey(*found[0])


def writes(shop: Shop, fact: Fact) -> None:
    assert shop.gateway.run(shop.gateway.database.write(fact))


def test_bearer_and_basic(shop: Shop):
    """B-1.1: a password is ignored."""
    nobody = Raw(shop.gateway.url, "")
    for headers in (basic(shop.secret), basic(shop.secret, "secret"), {"Authorization": f"bearer  {shop.secret}"}):
        assert nobody("GET", "/v1/balance", headers=headers).status == 200


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Digest x", "Basic !!", "Basic " + b64encode(b":x").decode()])
def test_no_key(shop: Shop, given: str | None):
    """B-1.3: 401 without a code; the message says how to give one."""
    answer = Raw(shop.gateway.url, "")("GET", "/v1/balance", headers={} if given is None else {"Authorization": given})
    assert (answer.status, answer.error["type"], answer.error.get("code")) == (401, "invalid_request_error", None)
    assert "Authorization: Bearer" in answer.error["message"]


@pytest.mark.shows("S8")
@pytest.mark.parametrize("shape", ["sk_test_{}", "sk_live_{}", "whsec_{}", "ek_test_{}", "{}", "sk_test_{} '; drop table"])
def test_an_unknown_key(shop: Shop, shape: str):
    """B-1.2, B-1.3: never echoed, and a webhook's secret authenticates nothing."""
    key = shape.format(chance(32))
    answer = asks(shop, key)
    assert (answer.status, answer.error["type"], answer.error.get("code")) == (401, "invalid_request_error", None)
    assert answer.error["message"].startswith("Invalid API Key provided: ")
    assert key not in answer.error["message"]
    if key.startswith("sk_") and key.isidentifier():
        assert answer.error["message"].endswith(f"{key[:8]}****{key[-4:]}")


def test_the_mode_is_the_keys(shop: Shop):
    """B-1.2: it fixes `livemode` of everything, and the two meet nowhere."""
    assert [shop.v1.balance.retrieve().livemode, shop.live.balance.retrieve().livemode] == [False, True]
    shop.live.customers.create()
    assert shop.v1.customers.list().data == []


@pytest.mark.parametrize("kind", ["customers", "payment_methods", "payment_intents", "webhook_endpoints"])
def test_an_object_of_the_other_mode(shop: Shop, kind: str):
    """B-1.4: missing, with a hint, both ways."""
    new: dict[str, Any] = {
        "payment_methods": {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040}},
        "payment_intents": {"amount": 2000, "currency": "usd"},
        "webhook_endpoints": {"url": "https://shop.example/", "enabled_events": ["*"]},
    }
    for own, other, mode in ((shop.secret, shop.key(livemode=True), "test"), (shop.key(livemode=True), shop.secret, "live")):
        id = getattr(shop.client(own).v1, kind).create(new.get(kind, {})).id
        answer = Raw(shop.gateway.url, other)("GET", f"/v1/{kind}/{id}")
        assert (answer.status, answer.error["code"]) == (404, "resource_missing")
        used = {"test": "live", "live": "test"}[mode]
        hint = f"'{id}'; a similar object exists in {mode} mode, but a {used} mode key was used to make this request."
        assert answer.error["message"].endswith(hint)


def test_a_write_about_an_object_of_the_other_mode(shop: Shop):
    """B-1.4: the hint comes with a write too, and with an id in a parameter."""
    customer = shop.live.customers.create().id
    hint = "; a similar object exists in live mode, but a test mode key was used to make this request."
    update = shop.raw("POST", f"/v1/customers/{customer}", {"name": "a"})
    create = shop.raw("POST", "/v1/payment_intents", {"amount": 500, "currency": "usd", "customer": customer})
    assert [(each.status, each.error["message"].endswith(hint)) for each in (update, create)] == [(404, True), (400, True)]


def test_a_key_that_has_ended(shop: Shop):
    """B-1.3: an expired one is told from an unknown one."""
    text, row = keys.make("sk", False, clock.seconds())
    writes(shop, Fact("key.create", shop.scope, row.id, new=(replace(row, expires=clock.seconds() - 1),)))
    answer = asks(shop, text)
    assert (answer.status, answer.error["type"], answer.error["code"]) == (401, "invalid_request_error", "api_key_expired")


def test_a_rolled_key(shop: Shop):
    """B-1.3: both work while they overlap; with no overlap the old one ends, once what is remembered of it has."""
    old, gone = rolled(shop, 3_600), rolled(shop, 0)
    until(lambda: asks(shop, gone).status == 401, shop.gateway)
    assert asks(shop, gone).error["code"] == "api_key_expired"
    assert asks(shop, old).status == 200


def rolled(shop: Shop, overlap: int) -> str:
    """A key that was known when it was rolled; the new one works at once."""
    old = shop.key()
    assert asks(shop, old).status == 200
    fresh, fact = keys.roll(WHO, shop.scope, row_of(shop, old), False, overlap, clock.seconds())
    writes(shop, fact)
    assert asks(shop, fresh).status == 200
    return old


@pytest.mark.shows("S8")
def test_a_revoked_key(shop: Shop):
    """S8: unknown, everywhere, within seconds."""
    text = shop.key()
    assert asks(shop, text).status == 200
    writes(shop, keys.revoke(WHO, shop.scope, row_of(shop, text), clock.seconds()))
    until(lambda: asks(shop, text).status == 401, shop.gateway)
    assert asks(shop, text).error["message"].startswith("Invalid API Key provided")


@pytest.mark.shows("S13")
def test_where_a_call_comes_from(shop: Shop):
    """S13: the peer's address counts, whatever it says of itself."""
    elsewhere, here = shop.key(allowed=["10.0.0.0/8"]), shop.key(allowed=["10.0.0.0/8", "127.0.0.0/8"])
    for forwarded in ({}, {"X-Forwarded-For": "10.1.2.3"}):
        assert asks(shop, elsewhere, **forwarded).status == 403
        assert asks(shop, here, **forwarded).status == 200


def test_the_own_account_by_name(shop: Shop):
    """B-1.9, B-1.10: accepted, and Stripe-Account is echoed; with a publishable key too."""
    said = asks(shop, shop.secret, **{"Stripe-Account": shop.account})
    assert (said.status, said.headers["stripe-account"]) == (200, shop.account)
    assert asks(shop, shop.secret, **{"Stripe-Context": shop.account}).status == 200
    intent = shop.intent()
    path = f"/v1/payment_intents/{intent.id}?client_secret={intent.client_secret}"
    assert Raw(shop.gateway.url, shop.publishable)("GET", path, headers={"Stripe-Account": shop.account}).status == 200


@pytest.mark.parametrize("header", ["Stripe-Account", "Stripe-Context"])
def test_another_account(shop: Shop, header: str):
    """B-1.9, B-1.10: 403 with its name, whether it exists or not."""
    for other in (Shop(shop.gateway).account, "acct_nobody"):
        answer = asks(shop, shop.secret, **{header: other})
        assert (answer.status, answer.error["code"]) == (403, "account_invalid")
        assert other in answer.error["message"]
    assert asks(shop, shop.secret, **{"Stripe-Context": "ws_1"}).status == 400
