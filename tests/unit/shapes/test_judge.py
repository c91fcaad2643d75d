"""The judge of answers refuses what the contract does not allow: a judge that passes all judges nothing."""

import json
from typing import Any

import pytest

from sluice.shapes.objects import build
from sluice.shapes.page import envelope
from tests.contract import Broken, Contract

REFUND = build("refund", id="re_1", amount=1, created=1, currency="usd", metadata={})
EVENT = build(
    "event",
    id="evt_1",
    created=1,
    livemode=False,
    pending_webhooks=0,
    type="refund.created",
    data={"object": REFUND},
    sluice={"number": 1, "object_version": 1},
)


def check(body: Any, path: str = "/v1/refunds/re_1", status: int = 200, secret_key: bool = True) -> None:
    Contract().check("GET", path, status, json.dumps(body).encode(), secret_key)


def test_what_is_right_passes() -> None:
    check(REFUND)
    check(envelope([REFUND], False, "/v1/refunds"), "/v1/refunds?limit=1")
    check(EVENT, "/v1/events/evt_1")
    check(envelope([EVENT], True, "/v1/events"), "/v1/events")
    check({"error": {"code": "card_declined", "message": "m", "type": "card_error"}}, "/v1/nope", 402)


def test_a_publishable_key_sees_fewer_keys() -> None:
    """README 4, B-1.7."""
    less = {key: value for key, value in REFUND.items() if key != "charge"}
    check(less, secret_key=False)
    with pytest.raises(Broken, match="'charge' is a required property"):
        check(less)


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [
        (REFUND | {"strange": 1}, "/v1/refunds/re_1", 200),
        (REFUND | {"amount": "1"}, "/v1/refunds/re_1", 200),
        (REFUND | {"reason": "bogus"}, "/v1/refunds/re_1", 200),
        (REFUND | {"error": None}, "/v1/refunds/re_1", 200),
        (REFUND, "/v1/refunds/re_1", 400),
        (REFUND, "/v1/nope", 200),
        (envelope([REFUND | {"strange": 1}], False, "/v1/refunds"), "/v1/refunds", 200),
        (envelope([REFUND], False, "/v1/refunds") | {"total_count": 1}, "/v1/refunds", 200),
        (EVENT | {"type": "payment_intent.updated"}, "/v1/events/evt_1", 200),
        (EVENT | {"data": {"object": REFUND | {"strange": 1}}}, "/v1/events/evt_1", 200),
        ({"error": {"type": "card_error", "code": "card_declined"}}, "/v1/refunds", 402),
        ({"error": {"code": "bogus", "type": "card_error"}}, "/v1/refunds", 402),
        ({"error": {"code": "card_declined", "type": "bogus"}}, "/v1/refunds", 402),
        ({"error": "invalid_grant"}, "/v1/refunds", 400),
    ],
)
def test_what_is_wrong_fails(body: Any, path: str, status: int) -> None:
    """README 3, 4 and 7; B-1.46, B-2.1, B-4.9."""
    with pytest.raises(Broken):
        check(body, path, status)


def test_a_page_of_html_is_no_answer() -> None:
    """B-1.46."""
    with pytest.raises(Broken):
        Contract().check("GET", "/v1/refunds", 502, b"<html>", True)
