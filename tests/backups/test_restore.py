"""Everything is lost but a backup and the vault's key file; the bank goes on, and remembers."""

import json
import signal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sluice.books.verify.proof import verify
from sluice.payments.proofs import EVERY
from tests.backups.installation import Again, BankApart, Installation
from tests.harness import Shop
from tests.harness.processes import until
from tests.kills.books import LEDGER, Money, fall_quiet, told_by_charges

BY = "select reference from instructions where scope = $1 and rail = $2 and verb = 'authorize' order by id"
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
UNKNOWN = ["authorize", "authorize", "capture", "refund", "refund", "void"]


class Before(NamedTuple):
    """What a shop has when the backup is taken."""

    shop: Shop
    paid: Any
    held: Any
    other: Any


def trade(shop: Shop) -> Before:
    return Before(shop, shop.pays(2000), shop.holds(1500), shop.holds(900))


def trade_on(before: Before) -> None:
    """What the backup will not know: of known payments, and payments of their own."""
    v1 = before.shop.v1
    v1.payment_intents.capture(before.held.id, {"amount_to_capture": 1200})
    v1.refunds.create({"payment_intent": before.paid.id, "amount": 500})
    v1.payment_intents.cancel(before.other.id)
    before.shop.pays(700)
    v1.refunds.create({"payment_intent": before.shop.pays(400).id, "amount": 300})


@pytest.mark.slow
@pytest.mark.shows("F32")
def test_a_restored_backup_asks_the_bank_before_it_takes_payments(place: Path):
    """Refused by name until `sluice recover`; then what the bank holds is what the ledger says, and references never repeat."""
    backups = place / "backups"
    with BankApart(place) as bank:
        with Installation(place / "first", bank) as first:
            before = trade(Shop(first))
            fall_quiet(before.shop)
            assert first.sluice("backup", "--to", str(backups)).returncode == 0
            trade_on(before)
            used = {record["reference"] for record in bank.booked()}
            first.dies()

        restored = first.sluice("restore", str(backups), "--json", SLUICE_DATA=str(place / "second"))
        assert json.loads(restored.stdout)["epoch"] == 2, restored.stderr
        with Installation(place / "second", bank) as second:
            shop = Again(second, before.shop)
            refused_until_recovered(shop)
            late = second.sluice("recover", "--since", "0s")
            assert (late.returncode, "Give an earlier --since" in late.stderr) == (1, True)
            refused_until_recovered(shop)
            killed = second.sluice("recover", SLUICE_FAULTS=f"after:rail.reverse:{place / 'mark'}")
            assert killed.returncode == -signal.SIGKILL
            refused_until_recovered(shop)
            recovered = second.sluice("recover", "--json")
            assert recovered.returncode == 0, recovered.stderr
            assert shop.pays(1000).status == "succeeded"
            fall_quiet(shop)
            agree(shop)
            fresh = {record["reference"] for record in bank.booked()} - used
            assert {reference.partition("-")[0].partition(".")[2] for reference in fresh} == {"2"}
            again = second.sluice("recover", "--since", "2020-01-01", "--json")
            assert json.loads(again.stdout) == []


@pytest.mark.slow
@pytest.mark.shows("F32", "F51")
def test_two_accounts_at_one_bank(place: Path):
    """Each hears of what belongs to both: what either asked is known, and a refund goes to the account of its sale."""
    with BankApart(place) as bank, Installation(place / "one", bank) as gateway:
        shop = Shop(gateway)
        shop.pays(2000)
        added = gateway.sluice("rails", "add", "Another contract", "--bank", f"127.0.0.1:{bank.port}", "--first")
        account = added.stdout.strip()
        until(lambda: shop.pays(900) and gateway.fetch(BY, shop.scope, account), seconds=30)
        fall_quiet(shop)
        booked = bank.booked()
        assert json.loads(gateway.sluice("recover", "--since", "1h", "--json").stdout) == []
        assert bank.booked() == booked
        sale = gateway.fetch(BY, shop.scope, account)[0]["reference"]
        bank.ask("refund", reference="1-ask_forgotten", amount=300, currency="usd", original=sale)
        (found,) = json.loads(gateway.sluice("recover", "--since", "1h", "--json").stdout)
        assert (found["rail"], found["done"], found["amount"]) == (account, "taken", 300)
        bank.ask("authorize", reference="abcdef.1-ask_others", amount=700, currency="usd", card=CARD, capture=True)
        found = json.loads(gateway.sluice("recover", "--since", "1h", "--json").stdout)
        assert {(one["reference"], one["done"]) for one in found} == {("abcdef.1-ask_others", "left")}
        bank.ask("reverse", reference="abcdef.1-ask_others", amount=700, currency="usd")
        fall_quiet(shop)
        at_the_bank = sum(record["captured"] - record["refunded"] for record in bank.booked())
        assert at_the_bank == told_by_charges(shop).taken == gateway.fetch(LEDGER, shop.scope)[0]["taken"]


def refused_until_recovered(shop: Shop) -> None:
    """A payment, a capture and a refund: 503, with the remedy; the bank hears nothing. Reads and new customers go on."""
    booked = shop.gateway.bank.booked()
    pay = {"amount": "1000", "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
    said = shop.raw("POST", "/v1/payment_intents", pay | {"return_url": "https://shop.example"})
    assert (said.status, said.headers["stripe-should-retry"]) == (503, "true")
    assert "`sluice recover`" in said.error["message"]
    paid = shop.raw("GET", "/v1/payment_intents").json["data"][-1]
    assert shop.raw("POST", "/v1/refunds", {"payment_intent": paid["id"]}).status == 503
    assert shop.raw("POST", "/v1/customers", {"name": "A buyer"}).status == 200
    assert shop.gateway.bank.booked() == booked


def agree(shop: Shop) -> None:
    """The bank's whole book, the ledger and what charges say; each unknown message is shown to a person once."""
    booked = shop.gateway.bank.booked()
    at_the_bank = Money(sum(r["captured"] - r["refunded"] for r in booked), sum(r["held"] for r in booked))
    assert at_the_bank == told_by_charges(shop)
    assert at_the_bank.taken == shop.gateway.fetch(LEDGER, shop.scope)[0]["taken"] == 2000 - 500 + 1200 + 1000
    proof = shop.gateway.run(verify(shop.gateway.database, EVERY, None, lambda *_: None))
    assert proof.lie is None, proof.lie
    assert {one["kind"] for one in proof.discrepancies} == {"unknown_to_the_books"}
    shown = shop.gateway.fetch("select said ->> 'verb' verb from discrepancies where scope = any($1)", [0, shop.scope])
    assert sorted(row["verb"] for row in shown) == UNKNOWN
