"""The error envelope (B-2.1 to B-2.17): its keys, types, codes, and where it points. The harness judges each one's shape."""

from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.e2e.world import Ids, things
from tests.harness import Answer, Gateway, Shop, declined


@pytest.fixture(scope="module")
def owner(gateway: Gateway) -> Shop:
    return Shop(gateway)


@pytest.fixture(scope="module")
def ids(owner: Shop) -> Ids:
    return things(owner)


@pytest.mark.parametrize(
    ("path", "kind", "param"),
    [
        ("/v1/customers/x", "customer", "id"),
        ("/v1/payment_intents/x", "payment_intent", "intent"),
        ("/v1/charges/x", "charge", "id"),
        ("/v1/refunds/x", "refund", "refund"),
        ("/v1/payment_methods/x", "PaymentMethod", "payment_method"),
        ("/v1/events/x", "event", "id"),
        ("/v1/balance_transactions/x", "balance transaction", "id"),
        ("/v1/balance/history/x", "balance transaction", "id"),
        ("/v1/webhook_endpoints/x", "webhook endpoint", "id"),
        ("/v1/charges/x/refunds", "charge", "id"),
        ("/v1/charges/{charge}/refunds/x", "refund", "refund"),
        ("/v1/customers/x/payment_methods", "customer", "customer"),
    ],
)
def test_an_id_in_the_path(owner: Shop, ids: Ids, path: str, kind: str, param: str):
    """B-2.7, B-2.13, B-2.14."""
    answer = owner.raw("GET", path.format(**ids))
    error = answer.error
    assert (answer.status, error["type"], error["code"], error["param"]) == (
        404,
        "invalid_request_error",
        "resource_missing",
        param,
    )
    assert error["message"] == f"No such {kind}: 'x'"


@pytest.mark.parametrize(
    ("path", "given", "status", "kind", "param"),
    [
        ("/v1/payment_intents", {"amount": "2000", "currency": "usd", "customer": "x"}, 400, "customer", "customer"),
        (
            "/v1/payment_intents",
            {"amount": "2000", "currency": "usd", "payment_method": "x"},
            400,
            "PaymentMethod",
            "payment_method",
        ),
        ("/v1/payment_methods/{payment_method}/attach", {"customer": "x"}, 400, "customer", "customer"),
        ("/v1/customers", {"payment_method": "x"}, 400, "PaymentMethod", "payment_method"),
        ("/v1/refunds", {"payment_intent": "x"}, 400, "payment_intent", "payment_intent"),
        ("/v1/refunds", {"charge": "x"}, 404, "charge", "id"),
    ],
)
def test_an_id_in_a_parameter(owner: Shop, ids: Ids, path: str, given: dict[str, str], status: int, kind: str, param: str):
    """B-2.6, B-2.13; B-2.14: a refund's unknown charge is answered as a missing path."""
    answer = owner.raw("POST", path.format(**ids), given)
    assert (answer.status, answer.error["code"], answer.error["param"]) == (status, "resource_missing", param)
    assert answer.error["message"] == f"No such {kind}: 'x'"


def test_keys_are_there_when_they_have_a_value(owner: Shop):
    """B-2.1: in alphabetical order."""
    assert list(owner.raw("GET", "/v1/nothing").error) == ["message", "type"]
    assert list(owner.raw("GET", "/v1/customers/x").error) == ["code", "doc_url", "message", "param", "type"]


def test_where_a_code_is_explained(owner: Shop, ids: Ids):
    """B-2.3: it accompanies a code, and leads to a page of ours that has the anchor."""
    answers: list[Answer] = [
        owner.raw("GET", "/v1/customers/x"),
        owner.raw("GET", "/v1/customers?zzz=1"),
        owner.raw("POST", f"/v1/payment_intents/{ids['intent']}/confirm"),
        owner.raw("POST", "/v1/payment_methods/pm_card_chargeDeclined/attach", {"customer": ids["customer"]}),
    ]
    for error in (answer.error for answer in answers):
        url = urlsplit(error["doc_url"])
        assert url.fragment == error["code"].replace("_", "-")
        with urlopen(f"{owner.gateway.url}{url.path}", timeout=60) as page:
            assert f'id="{url.fragment}"' in page.read().decode()


@pytest.mark.parametrize("key", ["", "sk_test_" + "x" * 32])
def test_authentication(owner: Shop, key: str):
    """B-2.2, B-2.8: invalid_request_error with its status; never a type of its own."""
    answer = type(owner.raw)(owner.gateway.url, key)("GET", "/v1/balance")
    assert (answer.status, answer.error["type"]) == (401, "invalid_request_error")


def test_a_state_refuses_with_the_whole_intent(owner: Shop, ids: Ids):
    """B-2.5, B-2.16: unexpanded."""
    answer = owner.raw("POST", f"/v1/payment_intents/{ids['intent']}/cancel", {"expand[]": "customer"})
    assert (answer.status, answer.error["code"]) == (400, "payment_intent_unexpected_state")
    assert answer.error["payment_intent"] == owner.raw("GET", f"/v1/payment_intents/{ids['intent']}").json


def test_a_fault_at_create_carries_no_intent(owner: Shop):
    """B-2.16."""
    for given in ({"amount": "1", "currency": "usd"}, {"amount": "2000", "currency": "usd", "customer": "x"}):
        assert "payment_intent" not in owner.raw("POST", "/v1/payment_intents", given).error


@pytest.mark.parametrize(
    ("card", "code", "decline"),
    [
        ("chargeDeclined", "card_declined", "generic_decline"),
        ("chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    ],
)
def test_a_decline_tells_the_buyer_no_more_than_he_may_know(shop: Shop, card: str, code: str, decline: str):
    """B-2.17, B-2.27: the buyer's message of a lost or stolen card is that of any decline."""
    with declined(code, decline) as error:
        shop.pays(card=f"pm_card_{card}")
    assert {"charge", "payment_intent", "payment_method"} <= set(error)
    assert not {"lost", "stolen", "fraud"} & set(error["message"].lower().split())


def test_nested_names_have_brackets(shop: Shop):
    """B-2.15: the whole name, also of a card that is wrong by itself."""
    card = {"payment_method_data[card][exp_month]": "12", "payment_method_data[card][exp_year]": "2040"}
    given = {"amount": "2000", "currency": "usd", "payment_method_data[type]": "card"} | card
    missing = shop.raw("POST", "/v1/payment_intents", given).error
    assert (missing["code"], missing["param"]) == ("parameter_missing", "payment_method_data[card][number]")
    wrong = shop.raw("POST", "/v1/payment_intents", given | {"payment_method_data[card][number]": "4242424242424241"}).error
    assert (wrong["code"], wrong["param"]) == ("incorrect_number", "payment_method_data[card][number]")
