"""The test cards, one line a case: what their issuer says (B-6.4 to B-6.8)."""

from typing import Any

import pytest

from sluice.simulators.bank.issuer import Known, judge
from sluice.simulators.bank.words import Authorize, Card, Said

NOTHING = Known(answered=None, set_up=False)
TODAY = (2030, 6)


def asked(
    number: str, known: Known = NOTHING, *, cvc: str | None = "123", expires: tuple[int, int] = (2040, 12), **how: Any
) -> Said:
    card = Card(number, expires[1], expires[0], cvc)
    given: dict[str, Any] = {"amount": 1000, "currency": "usd", "card": card} | how
    return judge(Authorize(id=1, reference="r1", **given), known, TODAY)


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("4000000000000002", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000009987", "lost_card"),
        ("4000000000009979", "stolen_card"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
        ("4000000000006975", "card_velocity_exceeded"),
        ("4100000000000019", "fraudulent"),
        ("4242424242424241", "incorrect_number"),
    ],
)
def test_a_hard_decline_also_fails_its_check(number: str, reason: str) -> None:
    """B-6.4, B-5.62: such a card cannot be attached."""
    assert (asked(number).word, asked(number).reason) == ("declined", reason)
    assert asked(number, amount=0).reason == reason


@pytest.mark.parametrize(
    ("number", "reason"),
    [("4000000000000341", "generic_decline"), ("4000000000010340", "lost_card"), ("4000000000020349", "stolen_card")],
)
def test_a_card_that_attaches_and_then_declines(number: str, reason: str) -> None:
    """B-6.4."""
    assert asked(number, amount=0).word == "approved"
    assert asked(number).reason == reason


def test_a_number_that_is_not_listed_works() -> None:
    """B-6.1; until its month is over."""
    assert asked("4111111111111111").word == "approved"
    assert asked("4111111111111111", expires=TODAY).word == "approved"
    assert asked("4111111111111111", expires=(2030, 5)).reason == "expired_card"


@pytest.mark.parametrize(
    ("number", "sent", "told"),
    [
        ("4242424242424242", {}, ("pass", None, None, "normal")),
        ("4242424242424242", {"line1": "1 Road", "postal_code": "12345"}, ("pass", "pass", "pass", "normal")),
        ("4242424242424242", {"cvc": None}, (None, None, None, "normal")),
        ("4000000000000101", {}, ("fail", None, None, "normal")),
        ("4000000000000101", {"cvc": None}, (None, None, None, "normal")),
        ("4000000000000036", {"postal_code": "12345"}, ("pass", None, "fail", "normal")),
        ("4000000000000036", {"line1": "1 Road"}, ("pass", "pass", None, "normal")),
        ("4000000000000028", {"line1": "1 Road", "postal_code": "12345"}, ("pass", "fail", "pass", "normal")),
        ("4000000000000010", {"line1": "1 Road", "postal_code": "12345"}, ("pass", "fail", "fail", "normal")),
        ("4000000000000044", {"line1": "1 Road", "postal_code": "12345"}, ("pass", "unavailable", "unavailable", "normal")),
        ("4000058400307872", {}, ("fail", None, None, "elevated")),
        ("4000058400306072", {"postal_code": "12345"}, ("pass", None, "fail", "elevated")),
        ("4000000000009235", {}, ("pass", None, None, "elevated")),
        ("4000000000004954", {}, ("pass", None, None, "highest")),
        ("4100000000000019", {}, ("pass", None, None, "highest")),
        ("4000000000000127", {}, ("fail", None, None, "normal")),
    ],
)
def test_checks_are_told_only_of_what_was_sent(number: str, sent: dict[str, Any], told: tuple[str | None, ...]) -> None:
    """B-6.5."""
    details = asked(number, **sent).details
    assert details is not None
    assert (details.cvc_check, details.line1_check, details.postal_check, details.risk) == told
    assert details.blocked == (number == "4100000000000019")


HOWS: list[dict[str, Any]] = [{}, {"off_session": True}, {"three_d_secure": "challenge"}]
SECURE = [
    # number, on session, off session, asked for on session
    ("4000002500003155", "challenge", "authentication_required", "challenge"),
    ("4000002760003184", "challenge", "authentication_required", "challenge"),
    ("4000003800000446", "challenge", "approved", "challenge"),
    ("4000008260003178", "challenge", "authentication_required", "challenge"),
    ("4000000000003220", "challenge", "authentication_required", "challenge"),
    ("4000000000003063", "challenge", "authentication_required", "challenge"),
    ("4000008400000027", "challenge", "authentication_required", "challenge"),
    ("4000008400001629", "challenge", "authentication_required", "challenge"),
    ("4000008400001280", "processing_error", "processing_error", "processing_error"),
    ("4000000000003055", "approved", "approved", "challenge"),
    ("4000000000003097", "approved", "approved", "processing_error"),
    ("4000000032200000", "approved", "approved", "approved"),
    ("378282246310005", "approved", "approved", "approved"),
    ("4242424242424242", "approved", "approved", "approved"),
]


@pytest.mark.parametrize(("number", "on", "off", "wanted"), SECURE)
def test_3d_secure(number: str, on: str, off: str, wanted: str) -> None:
    """B-6.8."""
    for how, expected in zip(HOWS, (on, off, wanted), strict=True):
        said = asked(number, **how)
        assert (said.reason or said.word) == expected


@pytest.mark.parametrize(
    ("number", "outcome"),
    [("4000002760003184", None), ("4000008260003178", "insufficient_funds"), ("4000008400001629", "generic_decline")],
)
def test_an_answered_challenge(number: str, outcome: str | None) -> None:
    """B-6.8: complete, the card decides; fail, there is nothing to decide; else it is still wanted (F27)."""
    passed = asked(number, Known("complete", False), authentication="challenge_1")
    assert passed.reason == outcome
    assert passed.details is not None
    assert passed.details.authenticated == "challenge"
    assert asked(number, Known("fail", False), authentication="challenge_1").reason == "authentication_failed"
    for unanswered in (Known("", False), Known(None, False)):
        assert asked(number, unanswered, authentication="challenge_1").reason == "authentication_required"


def test_a_card_that_was_set_up_passes_off_session() -> None:
    """B-6.8: the one that says so, and no other."""
    known = Known(None, set_up=True)
    assert asked("4000002500003155", known, off_session=True, initial="1").word == "approved"
    assert asked("4000002760003184", known, off_session=True, initial="1").reason == "authentication_required"


def test_frictionless_is_authenticated() -> None:
    """B-6.8."""
    said = asked("4000000032200000")
    assert said.details is not None
    assert said.details.authenticated == "frictionless"


@pytest.mark.parametrize("number", ["4000000000000077", "4000003720000278"])
def test_what_settles_at_once(number: str) -> None:
    """B-6.6."""
    said, plain = asked(number), asked("4242424242424242")
    assert said.details is not None
    assert plain.details is not None
    assert (said.details.at_once, plain.details.at_once) == (True, False)


def test_the_same_question_has_the_same_answer() -> None:
    assert asked("4242424242424242") == asked("4242424242424242")
