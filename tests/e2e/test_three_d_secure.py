"""3-D Secure: the cards of B-6.8, the challenge page (B-6.9), and what comes after (B-5.9 to B-5.11)."""

import pytest

from tests.harness import Answer, Shop, declined, refused

BACK = "https://shop.example/back"
REQUIRED = (
    "authenticationRequiredOnSetup", "authenticationRequired", "authenticationRequiredSetupForOffSession",
    "threeDSecure2Required", "threeDSecureRequired",
)  # fmt: skip
AFTER_ALL = {
    "authenticationRequiredChargeDeclinedInsufficientFunds": "insufficient_funds",
    "threeDSecureRequiredChargeDeclined": "generic_decline",
}
ANY = {"card": {"request_three_d_secure": "any"}}


@pytest.mark.parametrize("name", REQUIRED)
def test_on_session_the_buyer_is_asked(shop: Shop, name: str):
    """B-6.8, B-5.9: 200, no charge, the method kept; once passed the charge is made (B-5.11)."""
    waiting = shop.pays(card=f"pm_card_{name}")
    assert (waiting.status, waiting.latest_charge) == ("requires_action", None)
    assert waiting.payment_method is not None
    assert shop.v1.charges.list().data == []
    assert shop.answers(waiting).status == 200
    paid = shop.v1.payment_intents.retrieve(waiting.id)
    assert (paid.status, paid.next_action) == ("succeeded", None)
    secure = shop.charge(paid).payment_method_details.card.three_d_secure
    assert (secure.result, secure.authentication_flow) == ("authenticated", "challenge")


def test_a_number_alone_works_as_well(shop: Shop):
    """B-6.8: 4000008400000027 has no name."""
    card = {"number": "4000008400000027", "exp_month": 1, "exp_year": 2040, "cvc": "123"}
    assert shop.pays(card=None, payment_method_data={"type": "card", "card": card}).status == "requires_action"


@pytest.mark.parametrize("name", [*REQUIRED, *AFTER_ALL])
def test_off_session_there_is_nobody_to_ask(shop: Shop, name: str):
    """B-6.8, B-5.9: 402 authentication_required and no charge, but for the card that was set up already."""
    if name == "authenticationRequiredSetupForOffSession":
        assert shop.pays(card=f"pm_card_{name}", off_session=True).status == "succeeded"
        return
    with declined("authentication_required", "authentication_required") as error:
        shop.pays(card=f"pm_card_{name}", off_session=True)
    assert "charge" not in error
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert shop.v1.charges.list().data == []
    assert shop.told() == ["payment_intent.created", "payment_intent.payment_failed"]


def test_a_shop_that_cannot_send_its_buyer_anywhere(shop: Shop):
    """B-5.9: error_on_requires_action: 402 in place of the challenge, no charge, and a card that needs none pays."""
    with declined("authentication_required", "authentication_required") as error:
        shop.pays(card="pm_card_authenticationRequired", error_on_requires_action=True)
    assert "charge" not in error
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert shop.v1.charges.list().data == []
    assert shop.told() == ["payment_intent.created", "payment_intent.payment_failed"]
    assert shop.pays(error_on_requires_action=True).status == "succeeded"


@pytest.mark.parametrize("name", AFTER_ALL)
def test_authenticated_and_declined(shop: Shop, name: str):
    """B-6.8: the buyer passes, the bank declines."""
    waiting = shop.pays(card=f"pm_card_{name}")
    shop.answers(waiting)
    after = shop.v1.payment_intents.retrieve(waiting.id)
    assert (after.status, after.last_payment_error.decline_code) == ("requires_payment_method", AFTER_ALL[name])
    assert shop.charge(after).status == "failed"


def test_the_directory_fails(shop: Shop):
    """B-6.8: required, lookup error."""
    with declined("processing_error", None):
        shop.pays(card="pm_card_threeDSecureRequiredProcessingError")


def test_only_if_asked(shop: Shop):
    """B-6.8: supported cards pass, and are asked when the shop asks."""
    assert shop.pays(card="pm_card_threeDSecureOptional").status == "succeeded"
    for wish in ("any", "challenge"):
        options = {"card": {"request_three_d_secure": wish}}
        assert shop.pays(card="pm_card_threeDSecureOptional", payment_method_options=options).status == "requires_action"
    assert shop.pays(card="pm_card_threeDSecureOptionalProcessingError").status == "succeeded"
    with declined("processing_error", None):
        shop.pays(card="pm_card_threeDSecureOptionalProcessingError", payment_method_options=ANY)
    assert shop.pays(card="pm_card_amex_threeDSecureNotSupported", payment_method_options=ANY).status == "succeeded"


def test_frictionless(shop: Shop):
    """B-6.8: authenticated without a challenge."""
    card = {"number": "4000000032200000", "exp_month": 1, "exp_year": 2040, "cvc": "123"}
    paid = shop.pays(card=None, payment_method_data={"type": "card", "card": card})
    assert shop.charge(paid).payment_method_details.card.three_d_secure.authentication_flow == "frictionless"


def test_the_events_of_a_challenge_passed(shop: Shop):
    """B-5.25's table: requires_action, then as approved."""
    waiting = shop.pays(card="pm_card_authenticationRequired")
    assert shop.told() == ["payment_intent.created", "payment_intent.requires_action"]
    shop.answers(waiting)
    assert shop.told()[2:] == ["charge.succeeded", "payment_intent.succeeded", "charge.updated"]
    asked = shop.events()[1].data.object
    assert (asked["status"], asked["next_action"]["type"]) == ("requires_action", "use_stripe_sdk")


def test_the_buyer_fails(shop: Shop):
    """B-5.11: rpm, payment_intent_authentication_failure, no charge; another card may pay."""
    waiting = shop.pays(card="pm_card_authenticationRequired")
    shop.answers(waiting, "fail")
    after = shop.v1.payment_intents.retrieve(waiting.id)
    assert (after.status, after.latest_charge) == ("requires_payment_method", None)
    assert after.last_payment_error.code == "payment_intent_authentication_failure"
    assert shop.told()[2:] == ["payment_intent.payment_failed"]
    assert shop.v1.payment_intents.confirm(after.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_a_hold_after_a_challenge(shop: Shop):
    """B-5.11, B-5.8: manual capture holds."""
    waiting = shop.holds(card="pm_card_authenticationRequired")
    shop.answers(waiting)
    assert shop.v1.payment_intents.retrieve(waiting.id).status == "requires_capture"


@pytest.mark.parametrize(("outcome", "word"), [("complete", "succeeded"), ("fail", "failed")])
def test_where_the_buyer_is_sent(shop: Shop, outcome: str, word: str):
    """B-5.10: redirect_to_url with a return_url; B-5.11: back with the intent, its secret and how it ended."""
    waiting = shop.pays(card="pm_card_authenticationRequired", return_url=BACK)
    action = waiting.next_action
    assert (action.type, action.redirect_to_url.return_url) == ("redirect_to_url", BACK)
    page = shop.raw("GET", action.redirect_to_url.url.removeprefix(shop.raw.url))
    assert page.status == 200
    assert b"Complete" in page.body
    sent: Answer = shop.answers(waiting, outcome)
    assert sent.status == 303
    assert sent.headers["location"] == (
        f"{BACK}?payment_intent={waiting.id}&payment_intent_client_secret={waiting.client_secret}&redirect_status={word}"
    )


@pytest.mark.parametrize(
    "url", ["shop", "//shop.example", "javascript:alert(1)", "https://[::1", "https://shop.example/\r\nX: y"]
)
def test_where_no_buyer_can_be_sent(shop: Shop, url: str):
    """B-5.11: refused before anybody is asked; an app's own scheme is fine."""
    with refused(400, "url_invalid", "return_url"):
        shop.pays(card="pm_card_authenticationRequired", return_url=url)
    assert shop.told() == []
    assert shop.pays(card="pm_card_authenticationRequired", return_url="shop://back").status == "requires_action"


def test_the_sdk_does_it_itself(shop: Shop):
    """B-5.10: use_stripe_sdk wins over a return_url; the hash is ours."""
    waiting = shop.pays(card="pm_card_authenticationRequired", return_url=BACK, use_stripe_sdk=True)
    action = waiting.next_action
    assert action.type == "use_stripe_sdk"
    assert action.use_stripe_sdk["type"] == "three_d_secure_redirect"
    assert action.use_stripe_sdk["source"] == waiting.payment_method


@pytest.mark.shows("F27")
def test_an_answer_counts_once(shop: Shop):
    """B-6.9: neither again, nor after a cancel, nor after another card was taken."""
    passed = shop.pays(card="pm_card_authenticationRequired")
    shop.answers(passed)
    canceled = shop.pays(card="pm_card_authenticationRequired")
    shop.v1.payment_intents.cancel(canceled.id)
    other = shop.pays(card="pm_card_authenticationRequired")
    shop.v1.payment_intents.confirm(other.id, {"payment_method": "pm_card_visa"})
    for intent in (passed, canceled, other):
        before = shop.v1.payment_intents.retrieve(intent.id).to_dict()
        assert shop.answers(intent).status == 410
        assert shop.v1.payment_intents.retrieve(intent.id).to_dict() == before
    assert len(shop.v1.charges.list().data) == 2


@pytest.mark.shows("F27")
def test_an_older_challenge_is_over(shop: Shop):
    """B-6.9: once another card asks for its buyer, only its own challenge counts."""
    older = shop.pays(card="pm_card_authenticationRequired")
    newer = shop.v1.payment_intents.confirm(older.id, {"payment_method": "pm_card_threeDSecure2Required"})
    assert newer.status == "requires_action"
    assert shop.answers(older).status == 410
    assert shop.v1.payment_intents.retrieve(older.id).to_dict() == newer.to_dict()
    shop.answers(newer)
    assert shop.v1.payment_intents.retrieve(older.id).status == "succeeded"


def test_confirmed_again_with_its_own_card(shop: Shop):
    """B-5.7, B-5.20: in ra, and after a change of amount; the older challenge is over, the newer one pays."""
    older = shop.pays(card="pm_card_authenticationRequired")
    again = shop.v1.payment_intents.confirm(older.id)
    assert (again.status, again.payment_method) == ("requires_action", older.payment_method)
    assert shop.answers(older).status == 410
    shop.v1.payment_intents.update(older.id, {"amount": 2500})
    newer = shop.v1.payment_intents.confirm(older.id)
    shop.answers(newer)
    paid = shop.v1.payment_intents.retrieve(older.id)
    assert (paid.status, paid.amount_received) == ("succeeded", 2500)


@pytest.mark.shows("F27")
def test_a_card_that_two_payments_wait_for(shop: Shop):
    """B-5.13, B-5.62: an unattached card pays once; the other payment's challenge is over. After a cancel it is free."""
    canceled = shop.pays(card="pm_card_authenticationRequired")
    shop.v1.payment_intents.cancel(canceled.id)
    first = shop.pays(card=canceled.payment_method)
    second = shop.pays(card=canceled.payment_method)
    assert shop.answers(first).status == 200
    assert shop.answers(second).status == 410
    assert shop.v1.payment_intents.retrieve(second.id).status == "requires_action"
    assert len(shop.v1.charges.list().data) == 1


@pytest.mark.shows("F27")
def test_a_challenge_that_nobody_set(shop: Shop):
    """B-6.9: an address that was guessed, an answer that is none."""
    for guess in ("1-ask_guess", "%00", "%ff"):
        assert shop.raw("POST", f"/challenge/{guess}", {"outcome": "complete"}).status == 404
    waiting = shop.pays(card="pm_card_authenticationRequired")
    assert shop.answers(waiting, "perhaps").status == 400
    assert shop.v1.payment_intents.retrieve(waiting.id).status == "requires_action"


def test_manual_confirmation_is_not_served_yet(shop: Shop):
    """B-5.12: refused by name, with what to do instead."""
    with refused(400, param="confirmation_method") as error:
        shop.intent(automatic_payment_methods=None, confirmation_method="manual")
    assert "leave it out" in error["message"]
