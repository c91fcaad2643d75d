"""What time does by itself: money becomes available, holds end. A gateway of its own, whose worker lives eight days ahead."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from stripe import Charge, PaymentIntent

from sluice.core.secrets import Secret
from tests.harness import Gateway, Shop, refused
from tests.harness.processes import until

DAYS = 8 * 86_400


class Later(NamedTuple):
    """A shop eight days after it was paid, and after it held money that it never took."""

    shop: Shop
    paid: PaymentIntent
    held: PaymentIntent
    held_alone: Charge

    def settled(self) -> bool:
        """Whether all of it has happened: both holds are gone and both sales have matured."""
        charges = [self.held.latest_charge, self.held_alone.id]
        rows = self.shop.v1.balance_transactions.list().data
        gone = all(self.shop.v1.charges.retrieve(id).refunded for id in charges)
        return gone and all(row.status == "available" for row in rows)


@pytest.fixture(scope="module")
def later(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Later]:
    with Gateway(postgres_server, Path(tmp_path_factory.mktemp("later"))) as gateway:
        shop = Shop(gateway)
        shop.pays(1000, "eur")
        alone = {"amount": 700, "currency": "usd", "source": "tok_visa", "capture": False}
        made = Later(shop, shop.pays(2000), shop.holds(500), shop.v1.charges.create(alone))
        shop.quiet()
        gateway.processes["worker"].stop()
        gateway.start_worker(SLUICE_CLOCK_AHEAD=str(DAYS))
        until(made.settled, gateway)
        yield made


def test_pending_becomes_available(later: Later):
    """B-5.94, B-5.90: the net of each currency, told by balance.available, which no call caused (B-5.76)."""
    balance = later.shop.v1.balance.retrieve()
    rows = later.shop.v1.balance_transactions.list().data
    available = {entry.currency: entry.amount for entry in balance.available}
    assert available == {currency: sum(row.net for row in rows if row.currency == currency) for currency in ("usd", "eur")}
    assert available["eur"] == 1000 - 59
    assert {entry.amount for entry in balance.pending} == {0}
    events = later.shop.events(type="balance.available")
    assert events
    assert events[-1].request.to_dict() == {"id": None, "idempotency_key": None}
    assert events[-1].data.object["object"] == "balance"


@pytest.mark.shows("F23")
def test_a_hold_ends(later: Later):
    """B-5.17: canceled, automatic, let go; the events of the table's row, which no call caused."""
    gone = later.shop.v1.payment_intents.retrieve(later.held.id)
    assert (gone.status, gone.cancellation_reason, gone.amount_capturable) == ("canceled", "automatic", 0)
    charge = later.shop.charge(gone)
    assert (charge.captured, charge.refunded, charge.amount_refunded) == (False, True, 500)
    told = [event for event in later.shop.events() if getattr(event.data.object, "id", "") in (gone.id, charge.id)]
    assert [event.type for event in told[-2:]] == ["charge.expired", "payment_intent.canceled"]
    assert all(event.request.to_dict() == {"id": None, "idempotency_key": None} for event in told[-2:])
    with refused(400, "payment_intent_unexpected_state"):
        later.shop.v1.payment_intents.capture(gone.id)


def test_a_charges_own_hold_ends(later: Later):
    """B-5.39: charge.expired, and nothing is left to capture."""
    charge = later.shop.v1.charges.retrieve(later.held_alone.id)
    assert (charge.captured, charge.refunded) == (False, True)
    expired = [event.data.object["id"] for event in later.shop.events(type="charge.expired")]
    assert expired.count(charge.id) == 1
    with refused(400, "charge_invalid_parameter"):
        later.shop.v1.charges.capture(charge.id)


def test_a_refund_of_what_is_available(later: Later):
    """B-5.92, B-5.41: taken from where the money stands now."""
    before = {entry.currency: entry.amount for entry in later.shop.v1.balance.retrieve().available}
    refund = later.shop.v1.refunds.create({"payment_intent": later.paid.id, "amount": 300})
    after = {entry.currency: entry.amount for entry in later.shop.v1.balance.retrieve().available}
    assert before["usd"] - after["usd"] == 300
    assert later.shop.v1.balance_transactions.retrieve(refund.balance_transaction).status == "available"
