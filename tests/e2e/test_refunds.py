"""Refunds: the money goes back (B-5.40 to B-5.46), and the books and the shop know it."""

import pytest

from tests.harness import Shop, refused
from tests.harness.processes import until

DESTINATION = {"type": "refund", "reference_type": "acquirer_reference_number"}


def becomes(shop: Shop, id: str, status: str):
    """The slow refund, once it has become that."""
    until(lambda: shop.v1.refunds.retrieve(id).status == status, shop.gateway, 30)
    return shop.v1.refunds.retrieve(id)


def last(shop: Shop, count: int) -> list[str]:
    return shop.told()[-count:]


def test_the_whole_goes_back(shop: Shop):
    """B-5.40, B-5.42, B-5.92: by intent, all that is left, at once."""
    paid = shop.pays(2000)
    refund = shop.v1.refunds.create({"payment_intent": paid.id})
    assert (refund.status, refund.amount, refund.currency) == ("succeeded", 2000, "usd")
    assert (refund.charge, refund.payment_intent, refund.reason) == (paid.latest_charge, paid.id, None)
    charge = shop.charge(paid)
    assert (charge.amount_refunded, charge.refunded) == (2000, True)
    booked = shop.v1.balance_transactions.retrieve(refund.balance_transaction)
    assert (booked.type, booked.amount, booked.fee, booked.net) == ("refund", -2000, 0, -2000)
    assert (booked.source, booked.reporting_category) == (refund.id, "refund")
    assert booked.description == f"REFUND FOR CHARGE ({charge.id})"
    assert shop.v1.payment_intents.retrieve(paid.id).status == "succeeded"


def test_the_events_of_a_refund(shop: Shop):
    """B-5.4's table, first row; B-5.45: the bank's reference arrives."""
    paid = shop.pays()
    refund = shop.v1.refunds.create({"charge": paid.latest_charge})
    assert last(shop, 2)[:2] == ["refund.created", "charge.refunded"]
    card = shop.v1.refunds.retrieve(refund.id).destination_details.card.to_dict()
    assert {key: card[key] for key in DESTINATION} == DESTINATION
    assert (card["reference_status"], len(card["reference"])) == ("available", 23)


def test_in_parts(shop: Shop):
    """B-5.40, B-5.41: each a refund of its own; the rest is the default; then no more."""
    paid = shop.pays(2000)
    for amount in (300, 700):
        assert shop.v1.refunds.create({"charge": paid.latest_charge, "amount": amount}).amount == amount
    charge = shop.charge(paid)
    assert (charge.amount_refunded, charge.refunded) == (1000, False)
    assert shop.v1.refunds.create({"payment_intent": paid.id}).amount == 1000
    assert shop.charge(paid).refunded
    with refused(400, "charge_already_refunded"):
        shop.v1.refunds.create({"charge": paid.latest_charge})


@pytest.mark.shows("F24")
def test_never_more_than_is_left(shop: Shop):
    """B-5.41: both sums in the message; B-1.24."""
    paid = shop.pays(2000)
    shop.v1.refunds.create({"charge": paid.latest_charge, "amount": 500})
    with refused(400, param="amount") as error:
        shop.v1.refunds.create({"charge": paid.latest_charge, "amount": 1501})
    assert "15.01" in error["message"]
    assert "15.00" in error["message"]
    for amount in (0, -1):
        with refused(400, "parameter_invalid_integer", "amount") as error:
            shop.v1.refunds.create({"charge": paid.latest_charge, "amount": amount})
        assert error["message"].startswith("This value must be greater than or equal to 1.")
    assert shop.charge(paid).amount_refunded == 500


def test_what_a_refund_is_about(shop: Shop):
    """B-5.40, B-2.14: one of the two, and both must agree."""
    paid, other = shop.pays(), shop.pays()
    with refused(400):
        shop.v1.refunds.create({"amount": 5})
    with refused(404, "resource_missing", "id"):
        shop.v1.refunds.create({"charge": "ch_nothing"})
    with refused(400, "resource_missing", "payment_intent"):
        shop.v1.refunds.create({"payment_intent": "pi_nothing"})
    with refused(400, param="charge"):
        shop.v1.refunds.create({"payment_intent": paid.id, "charge": other.latest_charge})
    both = {"payment_intent": paid.id, "charge": paid.latest_charge}
    assert shop.v1.refunds.create(both).status == "succeeded"
    with refused(400, param="reason"):
        shop.v1.refunds.create({"charge": other.latest_charge, "reason": "whim"})


def test_what_cannot_be_refunded(shop: Shop):
    """B-5.41: a hold; an intent that was never paid; a failed charge."""
    held, bare = shop.holds(), shop.intent()
    with refused(400) as error:
        shop.v1.refunds.create({"payment_intent": held.id})
    assert "cancel" in error["message"]
    with refused(400) as error:
        shop.v1.refunds.create({"payment_intent": bare.id})
    assert bare.id in error["message"]


def test_after_a_part_was_captured(shop: Shop):
    """B-5.41: what was taken is what can go back."""
    held = shop.holds(2000)
    shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 1200})
    with refused(400, param="amount"):
        shop.v1.refunds.create({"payment_intent": held.id, "amount": 1201})
    assert shop.v1.refunds.create({"payment_intent": held.id}).amount == 1200


def test_only_metadata_changes(shop: Shop):
    """B-5.44; the last row of the table."""
    refund = shop.v1.refunds.create({"charge": shop.pays().latest_charge})
    changed = shop.v1.refunds.update(refund.id, {"metadata": {"order": "7"}})
    assert changed.metadata.to_dict() == {"order": "7"}
    event = shop.events(type="refund.updated")[-1]
    assert event.data.previous_attributes.to_dict() == {"metadata": {"order": None}}
    with refused(400, "parameter_unknown", "amount"):
        shop.v1.refunds.update(refund.id, {"amount": 1})


def test_a_slow_refund_arrives(shop: Shop):
    """B-5.42, B-5.43, B-6.6: pending does not count; then it is booked; the events of both moves."""
    paid = shop.pays(card="pm_card_pendingRefund")
    refund = shop.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
    assert (refund.status, refund.balance_transaction) == ("pending", None)
    assert shop.charge(paid).amount_refunded == 0
    assert last(shop, 1) == ["refund.created"]
    arrived = becomes(shop, refund.id, "succeeded")
    assert arrived.balance_transaction is not None
    assert shop.charge(paid).amount_refunded == 500
    assert last(shop, 3) == ["refund.updated", "charge.refunded", "charge.refund.updated"]
    assert shop.events(type="refund.updated")[0].data.previous_attributes["status"] == "pending"


@pytest.mark.shows("F25")
def test_a_pending_refund_is_reserved(shop: Shop):
    """B-5.41, F25: what is on its way cannot go a second time."""
    paid = shop.pays(2000, card="pm_card_pendingRefund")
    shop.v1.refunds.create({"payment_intent": paid.id, "amount": 1500})
    with refused(400, param="amount"):
        shop.v1.refunds.create({"payment_intent": paid.id, "amount": 501})


@pytest.mark.shows("F25")
def test_a_refund_comes_back(shop: Shop):
    """B-5.42, B-6.6: failed, the money is the shop's again, and it can be refunded anew."""
    paid = shop.pays(2000, card="pm_card_refundFail")
    refund = shop.v1.refunds.create({"payment_intent": paid.id})
    assert (refund.status, shop.charge(paid).amount_refunded) == ("succeeded", 2000)
    failed = becomes(shop, refund.id, "failed")
    assert failed.failure_reason == "expired_or_canceled_card"
    back = shop.v1.balance_transactions.retrieve(failed.failure_balance_transaction)
    assert (back.type, back.amount, back.source) == ("refund_failure", 2000, refund.id)
    charge = shop.charge(paid)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert last(shop, 2) == ["refund.failed", "charge.refund.updated"]
    assert sum(row.net for row in shop.v1.balance_transactions.list().data) == 2000 - 88


def test_a_pending_refund_is_canceled(shop: Shop):
    """B-5.44: the async card's; a finished one is refused."""
    paid = shop.pays(2000, card="pm_card_pendingRefund")
    refund = shop.v1.refunds.create({"payment_intent": paid.id})
    canceled = shop.v1.refunds.cancel(refund.id)
    assert (canceled.status, canceled.balance_transaction) == ("canceled", None)
    assert last(shop, 1) == ["refund.updated"]
    assert shop.v1.refunds.create({"payment_intent": paid.id, "amount": 2000}).amount == 2000
    done = shop.v1.refunds.create({"payment_intent": shop.pays().id})
    for finished in (canceled, done):
        with refused(400):
            shop.v1.refunds.cancel(finished.id)


def test_a_charges_own_refunds(shop: Shop):
    """B-5.46: the same resource under the charge; `/refund` answers the charge."""
    paid, other = shop.pays(2000), shop.pays()
    path = f"/v1/charges/{paid.latest_charge}"
    made = shop.raw("POST", f"{path}/refunds", {"amount": "300"}).json
    assert (made["object"], made["amount"]) == ("refund", 300)
    charge = shop.raw("POST", f"{path}/refund", {"amount": "200"}).json
    assert (charge["object"], charge["amount_refunded"]) == ("charge", 500)
    listed = shop.raw("GET", f"{path}/refunds").json
    assert (listed["url"], [each["amount"] for each in listed["data"]]) == (f"{path}/refunds", [200, 300])
    assert shop.raw("GET", f"{path}/refunds/{made['id']}").json["id"] == made["id"]
    changed = shop.raw("POST", f"{path}/refunds/{made['id']}", {"metadata[a]": "b"}).json
    assert changed["metadata"] == {"a": "b"}
    stranger = shop.raw("GET", f"/v1/charges/{other.latest_charge}/refunds/{made['id']}")
    assert (stranger.status, stranger.error["param"]) == (404, "refund")


def test_a_missing_refund(shop: Shop):
    """B-2.14."""
    for do in (shop.v1.refunds.retrieve, shop.v1.refunds.cancel):
        with refused(404, "resource_missing", "refund"):
            do("re_nothing")
