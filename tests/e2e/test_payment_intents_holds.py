"""Holds: captured, or let go (B-5.14, B-5.15, B-5.18)."""

import pytest

from tests.harness import Shop, refused

HELD = ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"]
LEGAL = (
    "requires_payment_method, requires_capture, requires_reauthorization, requires_confirmation, requires_action, expired,"
    " processing"
)


def test_a_hold(shop: Shop):
    """B-5.8, B-5.35, B-5.91: nothing is taken yet, and nothing is in the books."""
    intent = shop.holds(2000)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 2000, 0)
    charge = shop.charge(intent)
    assert (charge.status, charge.paid, charge.captured, charge.amount_captured) == ("succeeded", True, False, 0)
    assert charge.balance_transaction is None
    assert charge.payment_method_details.card.capture_before - charge.created == 7 * 86_400
    assert shop.v1.balance_transactions.list().data == []
    assert shop.told() == HELD


def test_the_whole_is_taken(shop: Shop):
    """B-5.14; the events of a capture."""
    held = shop.holds(2000)
    taken = shop.v1.payment_intents.capture(held.id, {"metadata": {"order": "7"}})
    assert (taken.status, taken.amount_received, taken.amount_capturable) == ("succeeded", 2000, 0)
    assert taken.metadata.to_dict() == {"order": "7"}
    charge = shop.charge(taken)
    assert (charge.captured, charge.amount_captured) == (True, 2000)
    assert shop.told() == [*HELD, "charge.captured", "payment_intent.succeeded", "charge.updated"]


@pytest.mark.shows("F23")
def test_a_part_is_taken_and_the_rest_released(shop: Shop):
    """B-5.14: the intent's amount stays; B-5.15: a second capture is refused."""
    held = shop.holds(2000)
    taken = shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 1500})
    assert (taken.status, taken.amount, taken.amount_received, taken.amount_capturable) == ("succeeded", 2000, 1500, 0)
    charge = shop.charge(taken)
    assert (charge.amount, charge.amount_captured, charge.amount_refunded, charge.refunded) == (2000, 1500, 0, False)
    booked = shop.v1.balance_transactions.retrieve(charge.balance_transaction)
    assert booked.amount == 1500
    with refused(400, "payment_intent_unexpected_state") as error:
        shop.v1.payment_intents.capture(held.id)
    assert "released" in error["message"]
    assert error["payment_intent"] == taken.to_dict()


@pytest.mark.parametrize(
    ("amount", "code", "param"),
    [(2001, "amount_too_large", None), (-1, None, "amount_to_capture"), (0, "parameter_invalid_integer", "amount")],
)
@pytest.mark.shows("F23")
def test_a_capture_that_is_refused_moves_nothing(shop: Shop, amount: int, code: str | None, param: str | None):
    """B-5.14: all with the intent inside."""
    held = shop.holds(2000)
    with refused(400, code, param) as error:
        shop.v1.payment_intents.capture(held.id, {"amount_to_capture": amount})
    assert error["payment_intent"] == shop.v1.payment_intents.retrieve(held.id).to_dict() == held.to_dict()
    assert shop.told() == HELD


def test_a_capture_is_no_finer_than_its_currency(shop: Shop):
    """B-2.21: as the amount of a payment, so of a capture and of a refund."""
    held = shop.holds(5000, "kwd")
    with refused(400, param="amount_to_capture"):
        shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 4993})
    taken = shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 4990})
    with refused(400, param="amount"):
        shop.v1.refunds.create({"payment_intent": taken.id, "amount": 1})
    assert shop.v1.refunds.create({"payment_intent": taken.id, "amount": 10}).status == "succeeded"
    assert shop.v1.refunds.create({"payment_intent": taken.id}).amount == 4980


def test_only_a_hold_can_be_captured(shop: Shop):
    """B-5.15."""
    for intent in (shop.intent(), shop.intent(payment_method="pm_card_visa"), shop.v1.payment_intents.cancel(shop.intent().id)):
        with refused(400, "payment_intent_unexpected_state") as error:
            shop.v1.payment_intents.capture(intent.id)
        assert error["message"].endswith(
            f"could not be captured because it has a status of {intent.status}. Only a PaymentIntent with one of the following"
            " statuses may be captured: requires_capture."
        )


def test_canceled_without_a_hold(shop: Shop):
    """B-5.18: in three states, in one commit."""
    for intent in (shop.intent(), shop.intent(payment_method="pm_card_visa"), shop.pays(card="pm_card_authenticationRequired")):
        gone = shop.v1.payment_intents.cancel(intent.id)
        assert (gone.status, gone.next_action, gone.cancellation_reason) == ("canceled", None, None)
        assert gone.canceled_at >= gone.created
    assert shop.told(type="payment_intent.canceled") == ["payment_intent.canceled"] * 3


def test_a_hold_is_let_go(shop: Shop):
    """B-5.18: the charge shows the released sum as refunded; Sluice tells only the intent's event."""
    held = shop.holds(2000)
    gone = shop.v1.payment_intents.cancel(held.id, {"cancellation_reason": "requested_by_customer"})
    assert (gone.status, gone.amount_capturable, gone.cancellation_reason) == ("canceled", 0, "requested_by_customer")
    charge = shop.charge(gone)
    assert (charge.status, charge.captured, charge.refunded, charge.amount_refunded) == ("succeeded", False, True, 2000)
    assert shop.told() == [*HELD, "payment_intent.canceled"]


def test_where_a_cancel_is_refused(shop: Shop):
    """B-5.18; B-1.23: the reason is one of four."""
    for intent in (shop.pays(), shop.v1.payment_intents.cancel(shop.intent().id)):
        with refused(400, "payment_intent_unexpected_state") as error:
            shop.v1.payment_intents.cancel(intent.id)
        assert LEGAL in error["message"]
    with refused(400, param="cancellation_reason"):
        shop.v1.payment_intents.cancel(shop.intent().id, {"cancellation_reason": "automatic"})
