"""S23 through the API: who asked for what, from where, with which card; and what a shop may read of it."""

from typing import Any

import pytest

from tests.harness import Answer, Shop
from tests.harness.processes import until
from tests.harness.wire import Raw

ENTRIES = "/v1/sluice/audit_entries"
CARD = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040"}


def entries(shop: Shop, **params: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = shop.raw("GET", ENTRIES, {"limit": "100"} | params).json["data"]
    return listed


def post(shop: Shop, path: str, **params: str) -> Answer:
    answer: Answer = shop.raw("POST", path, params)
    assert answer.status == 200, answer.json
    return answer


@pytest.mark.shows("S23")
def test_each_write_is_told_with_its_key_and_address(shop: Shop):
    """Who, what, of what, from where, in which request, and whether a rail was asked: newest first."""
    paid = shop.pays()
    held = shop.holds()
    capture = post(shop, f"/v1/payment_intents/{held.id}/capture", amount_to_capture="500")
    refund = post(shop, "/v1/refunds", payment_intent=paid.id, amount="300").json["id"]
    told = entries(shop)
    assert [(one["action"].partition(".")[0], one["result"]) for one in told[:2]] == [
        ("refunds", "asked"), ("payment_intents", "asked"),
    ]  # fmt: skip
    assert (told[0]["subject"], told[0]["detail"]["amount"], told[1]["subject"]) == (refund, 300, held.id)
    assert told[1]["request"] == capture.headers["Request-Id"]
    key = shop.gateway.fetch("select id from api_keys where scope = $1 and kind = 'sk'", shop.scope)[0][0]
    assert {(one["kind"], one["actor"], one["address"]) for one in told[:4]} == {("secret", key, "127.0.0.1")}
    assert entries(shop, subject=refund) == told[:1]


@pytest.mark.shows("S23")
def test_each_reading_of_a_stored_card_is_told(shop: Shop):
    """A confirm that opens a card of the vault names it; one that brings its card along opens none."""
    method = post(shop, "/v1/payment_methods", **CARD).json["id"]
    customer = post(shop, "/v1/customers").json["id"]
    post(shop, f"/v1/payment_methods/{method}/attach", customer=customer)
    stored = shop.gateway.fetch("select card from payment_methods where scope = $1 and id = $2", shop.scope, method)[0][0]
    attached = entries(shop, card=stored)
    for _ in range(2):
        intent = shop.intent(customer=customer)
        post(shop, f"/v1/payment_intents/{intent.id}/confirm", payment_method=method, return_url="https://shop.example")
    read = entries(shop, card=stored)
    assert len(read) - len(attached) == 2
    assert {one["result"] for one in read} == {"asked"}
    shop.pays()
    assert entries(shop, card=stored) == read


@pytest.mark.shows("S23")
def test_an_endpoints_change_says_what_it_was(shop: Shop):
    """Before and after, without the user, password and query of its address, and without its secret."""
    made = post(
        shop, "/v1/webhook_endpoints", **{"url": "https://u:p4ss@shop.example/in?t=s3cret", "enabled_events[]": "*"}
    ).json
    post(shop, f"/v1/webhook_endpoints/{made['id']}", disabled="true")
    shop.raw("DELETE", f"/v1/webhook_endpoints/{made['id']}")
    deleted, updated, created = entries(shop, subject=made["id"])
    assert created["detail"] == {
        "before": None, "after": {"url": "https://shop.example/in", "status": "enabled", "enabled_events": ["*"]}
    }  # fmt: skip
    assert [updated["detail"][when]["status"] for when in ("before", "after")] == ["enabled", "disabled"]
    assert deleted["detail"]["after"] is None
    said = str([deleted, updated, created])
    assert not [secret for secret in ("p4ss", "s3cret", made["secret"]) if secret in said]


def test_a_refusal_is_told_and_a_replay_is_not(shop: Shop):
    """What was refused on what the database holds is an entry with its code; the same key again is not a second one."""
    intent = shop.pays()
    for _ in range(2):
        answer = shop.raw("POST", f"/v1/payment_intents/{intent.id}/cancel", headers={"Idempotency-Key": "once"})
        assert answer.status == 400
    [refused] = entries(shop, action="payment_intents.cancel")
    assert (refused["result"], refused["subject"]) == ("refused", intent.id)
    assert refused["detail"]["code"] == answer.error["code"]


@pytest.mark.shows("S9", "S10")
def test_who_may_read_it(shop: Shop):
    """Another shop sees none of it; a publishable key, and a restricted one without `account`, are refused."""
    shop.pays()
    assert entries(Shop(shop.gateway)) == []
    keys = (shop.publishable, shop.key("rk", permissions={"balance": "read"}), shop.key("rk", permissions={"account": "read"}))
    assert [Raw(shop.gateway.url, key)("GET", ENTRIES).status for key in keys] == [401, 403, 200]


@pytest.mark.shows("S23")
def test_a_door_that_a_key_may_not_open_is_told_once(shop: Shop):
    """A restricted key on what it may not do: one entry a minute for each operation, however often it tries."""
    key = shop.key("rk", permissions={"balance": "read"})
    calls = Raw(shop.gateway.url, key)
    for _ in range(3):
        assert calls("POST", "/v1/refunds", {"payment_intent": "pi_1"}).status == 403
    until(lambda: entries(shop, action="PostRefunds"), shop.gateway)
    [told] = entries(shop, action="PostRefunds")
    assert (told["result"], told["kind"], told["address"], told["detail"]["status"]) == (
        "forbidden",
        "restricted",
        "127.0.0.1",
        403,
    )
