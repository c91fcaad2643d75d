"""The three books: what the rail booked, what the ledger says, what the shop was told. No minor unit may differ (FAULTS)."""

from collections import Counter
from typing import NamedTuple

from sluice.books.verify.proof import verify
from sluice.payments.proofs import EVERY
from tests.harness import Shop
from tests.harness.processes import until

QUIET = 60.0  # seconds within which recovery must have nothing left to ask
OPEN = "select count(*) from instructions where scope = $1 and state <> 'closed'"
REFERENCES = "select reference from instructions where scope = $1"
LEDGER = """select coalesce(sum(case when debit = 'rail' then amount else -amount end), 0)::bigint taken
    from postings where scope = $1 and 'rail' in (debit, credit)"""
ONCE = {
    "payment_intent.created", "payment_intent.succeeded", "payment_intent.canceled", "charge.succeeded", "charge.captured",
    "charge.failed", "refund.created", "payment_method.attached",
}  # fmt: skip


class Money(NamedTuple):
    """Minor units: what was taken and not given back, and what is held."""

    taken: int
    held: int


def fall_quiet(shop: Shop) -> None:
    gateway = shop.gateway
    until(lambda: not gateway.fetch(OPEN, shop.scope)[0][0], gateway, QUIET)
    shop.quiet()


def agree(shop: Shop) -> Money:
    """Compares the books of a shop that is quiet; what they all say."""
    at_the_bank, by_the_ledger, told = bank_of(shop), shop.gateway.fetch(LEDGER, shop.scope)[0]["taken"], told_by_charges(shop)
    assert at_the_bank == told, f"the bank has {at_the_bank}, the shop was told {told}"
    assert at_the_bank.taken == by_the_ledger, f"the bank took {at_the_bank.taken}, the ledger says {by_the_ledger}"
    proof = shop.gateway.run(verify(shop.gateway.database, EVERY, shop.account, lambda *_: None))
    assert proof.lie is None, proof.lie
    assert proof.discrepancies == []
    counted = Counter((event.type, event.data.object["id"]) for event in shop.events() if event.type in ONCE)
    assert not [event for event, times in counted.items() if times > 1], counted
    return at_the_bank


def bank_of(shop: Shop) -> Money:
    ours = {row["reference"] for row in shop.gateway.fetch(REFERENCES, shop.scope)}
    booked = [record for bank in shop.gateway.banks for record in bank.booked() if record["reference"] in ours]
    return Money(sum(r["captured"] - r["refunded"] for r in booked), sum(r["held"] for r in booked))


def told_by_charges(shop: Shop) -> Money:
    charges = list(shop.v1.charges.list({"limit": 100}).auto_paging_iter())
    paid = [charge for charge in charges if charge.paid]
    taken = sum(charge.amount_captured - charge.amount_refunded for charge in paid if charge.captured)
    return Money(taken, sum(charge.amount - charge.amount_refunded for charge in paid if not charge.captured))
