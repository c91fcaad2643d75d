"""Idempotency keys: what they keep, what they refuse, what leaves them free (B-1.33 to B-1.41, S12)."""

import threading
from typing import Any

import pytest

from tests.harness import Answer, Shop, declined, refused
from tests.harness.wire import Raw

KEY = "order-7"
CARD = {"type": "card", "card[exp_month]": "12", "card[exp_year]": "2040"}


def asks(shop: Shop, path: str, params: Any = None, key: str = KEY, raw: Raw | None = None, method: str = "POST") -> Answer:
    return (raw or shop.raw)(method, path, params, headers={"Idempotency-Key": key})


def test_a_repeat_answers_the_stored_bytes(shop: Shop):
    """B-1.35: the same status and body, told as a replay of the first request; nothing runs, no event."""
    first = asks(shop, "/v1/customers", {"name": "Ann"})
    again = asks(shop, "/v1/customers", {"name": "Ann"})
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["original-request"] == first.headers["request-id"] != again.headers["request-id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert shop.told() == ["customer.created"]


def test_the_key_is_echoed(shop: Shop):
    """B-1.13: by successes, refusals and replays; and the first execution names itself."""
    assert asks(shop, "/v1/customers", {"nmae": "Ann"}).headers["idempotency-key"] == KEY
    for path in ("/v1/customers", "/v1/customers", "/v1/customers/cus_nobody"):
        assert asks(shop, path).headers["idempotency-key"] == KEY
    assert "idempotency-key" not in shop.raw("POST", "/v1/customers").headers
    first = asks(shop, "/v1/customers", key="other")
    assert first.headers["original-request"] == first.headers["request-id"]


@pytest.mark.parametrize("key", ["k", "k" * 255, "a b/c?&=%", "é"])
def test_keys_that_are_taken(shop: Shop, key: str):
    """B-1.33: 1 to 255 characters."""
    first, again = (shop.raw("POST", "/v1/customers", headers={"Idempotency-Key": key.encode("latin-1")}) for _ in range(2))
    assert (first.status, again.body) == (200, first.body)


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_keys_that_are_refused(shop: Shop, key: str):
    """B-1.33."""
    answer = asks(shop, "/v1/customers", key=key)
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_on_reads_and_deletes_a_key_has_no_effect(shop: Shop, method: str):
    """B-1.33: and it is no error, whatever its form."""
    customer = shop.v1.customers.create().id
    for key in (KEY, "", "k" * 256):
        asks(shop, f"/v1/customers/{customer}", key=key, method=method)
    assert asks(shop, "/v1/customers").status == 200
    if method == "DELETE":
        assert asks(shop, f"/v1/customers/{customer}", method=method).status == 404


@pytest.mark.shows("F6")
@pytest.mark.parametrize(
    ("path", "params"),
    [
        (
            "/v1/customers",
            [
                ("name", "Bob"),
                ("metadata[a]", "1"),
                ("metadata[b]", "2"),
                ("preferred_locales[]", "en"),
                ("preferred_locales[]", "fr"),
            ],
        ),
        (
            "/v1/customers",
            [
                ("name", "Ann"),
                ("metadata[a]", "1"),
                ("metadata[b]", "2"),
                ("preferred_locales[]", "fr"),
                ("preferred_locales[]", "en"),
            ],
        ),
        (
            "/v1/customers",
            [("name", "Ann"), ("metadata[a]", "1"), ("preferred_locales[]", "en"), ("preferred_locales[]", "fr")],
        ),
        ("/v1/payment_intents", [("amount", "2000"), ("currency", "usd")]),
        ("/v1/customers/cus_nobody", [("name", "Ann")]),
    ],
)
def test_other_parameters_or_another_path(shop: Shop, path: str, params: list[tuple[str, str]]):
    """B-1.34, B-1.36: a mismatch, which names the key; the order of a list matters."""
    first = [
        ("name", "Ann"),
        ("metadata[a]", "1"),
        ("metadata[b]", "2"),
        ("preferred_locales[]", "en"),
        ("preferred_locales[]", "fr"),
    ]
    assert asks(shop, "/v1/customers", first).status == 200
    answer = asks(shop, path, params)
    assert (answer.status, answer.error["type"], answer.error.get("code")) == (400, "idempotency_error", None)
    assert KEY in answer.error["message"]
    assert shop.told() == ["customer.created"]


def test_the_order_of_keys_does_not_matter(shop: Shop):
    """B-1.36: decoded trees are compared, however they are written."""
    first = asks(shop, "/v1/customers", [("name", "Ann"), ("metadata[a]", "1"), ("metadata[b]", "2")])
    again = shop.raw(
        "POST",
        "/v1/customers",
        body=b"metadata%5Bb%5D=2&metadata[a]=1&name=A%6En",
        headers={"Idempotency-Key": KEY, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert again.body == first.body


@pytest.mark.shows("F6", "S10")
def test_a_key_is_its_scopes(shop: Shop):
    """B-1.34: another merchant and the other mode have keys of their own."""
    others = Shop(shop.gateway).raw, Raw(shop.gateway.url, shop.key(livemode=True))
    answers = [
        asks(shop, "/v1/customers", {"name": "Ann"}),
        *(asks(shop, "/v1/customers", {"name": "Bob"}, raw=raw) for raw in others),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert len({answer.json["id"] for answer in answers}) == 3


@pytest.mark.shows("F6", "S12")
def test_a_replay_comes_after_authorisation(shop: Shop):
    """S12: not to a key that may not call, nor to another kind of key; the same kind gets it."""
    first = asks(shop, "/v1/customers", {"name": "Ann"})
    assert asks(shop, "/v1/customers", {"name": "Ann"}, raw=Raw(shop.gateway.url, shop.key())).body == first.body
    for key, status in ((shop.key("rk"), 403), (shop.publishable, 401), ("sk_test_" + "x" * 32, 401)):
        assert asks(shop, "/v1/customers", {"name": "Ann"}, raw=Raw(shop.gateway.url, key)).status == status
    restricted = Raw(shop.gateway.url, shop.key("rk", permissions={"customer": "write"}))
    assert asks(shop, "/v1/customers", {"name": "Ann"}, raw=restricted).error["type"] == "idempotency_error"
    method = CARD | {"card[number]": "4242424242424242"}
    assert asks(shop, "/v1/payment_methods", method, key="m").status == 200
    answer = asks(shop, "/v1/payment_methods", method, key="m", raw=Raw(shop.gateway.url, shop.publishable))
    assert (answer.status, answer.error["type"]) == (400, "idempotency_error")


@pytest.mark.shows("F8")
def test_what_leaves_the_key_free(shop: Shop):
    """B-1.38: what is refused without a look at a row: authentication, permission, routes, parameters, sums, limits."""
    nobody = Raw(shop.gateway.url, "")
    assert asks(shop, "/v1/customers", raw=nobody).status == 401
    assert asks(shop, "/v1/customers", raw=Raw(shop.gateway.url, shop.key("rk"))).status == 403
    for path, params, status in (
        ("/v1/nothing", {}, 404),
        ("/v1/customers", {"nmae": "A"}, 400),
        ("/v1/customers", {"balance": "x"}, 400),
        ("/v1/customers", {"expand[]": "x"}, 400),
        ("/v1/customers", {"email": "a@@b"}, 400),
        ("/v1/customers", {f"metadata[{n}]": "x" for n in range(51)}, 400),
        ("/v1/payment_intents", {"amount": "2000"}, 400),
        ("/v1/payment_intents", {"amount": "1", "currency": "usd"}, 400),
        ("/v1/payment_intents", {"amount": "2000", "currency": "xxd"}, 400),
        ("/v1/payment_methods", CARD | {"card[number]": "4242424242424241"}, 402),
    ):
        assert asks(shop, path, params).status == status, path
    assert asks(shop, "/v1/customers", {"name": "Ann"}).status == 200


@pytest.mark.shows("F8")
def test_what_was_judged_against_a_row_is_kept(shop: Shop):
    """B-1.35: a missing object, a state that refuses; a retry reads the same though it would succeed by now."""
    missing = asks(shop, "/v1/customers/cus_nobody", key="missing")
    assert (missing.status, missing.error["code"]) == (404, "resource_missing")
    intent = shop.intent(capture_method="manual", payment_method="pm_card_visa")
    path = f"/v1/payment_intents/{intent.id}/capture"
    refusal = asks(shop, path, key="state")
    assert refusal.error["code"] == "payment_intent_unexpected_state"
    shop.v1.payment_intents.confirm(intent.id)
    for first, again in (
        (missing, asks(shop, "/v1/customers/cus_nobody", key="missing")),
        (refusal, asks(shop, path, key="state")),
    ):
        assert (again.status, again.body, again.headers["idempotent-replayed"]) == (first.status, first.body, "true")
    assert asks(shop, path, key="another").json["status"] == "succeeded"


def test_a_decline_is_replayed(shop: Shop):
    """B-1.41: to try again takes a new key; one charge, one set of events."""
    given = {
        "amount": 2000,
        "currency": "usd",
        "payment_method": "pm_card_chargeDeclined",
        "confirm": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    }
    envelopes = []
    for _ in range(2):
        with declined() as error:
            shop.v1.payment_intents.create(given, {"idempotency_key": KEY})
        envelopes.append(error)
    assert envelopes[0] == envelopes[1]
    assert shop.told() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


def test_a_replay_keeps_the_first_calls_expansion(shop: Shop):
    """B-3.24: and another expansion is another set of parameters (B-1.36)."""
    customer = shop.v1.customers.create().id
    given = {"amount": 2000, "currency": "usd", "customer": customer, "expand": ["customer"]}
    for _ in range(2):
        assert shop.v1.payment_intents.create(given, {"idempotency_key": KEY}).customer.id == customer
    with refused(400, type="idempotency_error"):
        shop.v1.payment_intents.create(given | {"expand": ["payment_method"]}, {"idempotency_key": KEY})


@pytest.mark.shows("F1")
def test_many_at_once(shop: Shop):
    """B-1.37: one executes; each of the others reads its answer, or 409 with the advice to retry."""
    start, answers = threading.Barrier(8), []

    def one() -> None:
        raw = Raw(shop.gateway.url, shop.secret)
        start.wait()
        answers.append(
            asks(
                shop,
                "/v1/payment_intents",
                {
                    "amount": "2000",
                    "currency": "usd",
                    "confirm": "true",
                    "payment_method": "pm_card_visa",
                    "return_url": "https://shop.example/",
                },
                raw=raw,
            )
        )

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [answer for answer in answers if answer.status == 200]
    assert len({answer.body for answer in done}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in done) == 1
    for answer in answers:
        if answer.status != 200:
            assert (answer.status, answer.error["code"], answer.headers["stripe-should-retry"]) == (
                409,
                "idempotency_key_in_use",
                "true",
            )
    assert shop.told().count("charge.succeeded") == 1


def test_the_events_name_the_key(shop: Shop):
    """B-5.76: the caller's own key; one that we made up is nobody's to read."""
    asks(shop, "/v1/customers")
    shop.raw("POST", "/v1/customers")
    assert [event.request.idempotency_key for event in shop.events()] == [KEY, None]
