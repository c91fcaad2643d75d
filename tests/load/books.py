"""The three books after a load: as `tests.kills.books`, but the lists are walked by hand, since they are long."""

from collections import Counter
from typing import Any

from sluice.books.verify.proof import verify
from sluice.payments.proofs import EVERY
from tests.harness import Shop
from tests.kills.books import LEDGER, ONCE, Money, bank_of, fall_quiet
from tests.load.swarm import Client


def agree(shop: Shop, *, discrepancies: int = 0) -> Money:
    """Waits until all is quiet, compares the books, and answers what they all say."""
    fall_quiet(shop)
    gateway = shop.gateway
    at_the_bank, by_the_ledger = bank_of(shop), gateway.fetch(LEDGER, shop.scope)[0]["taken"]
    assert at_the_bank == told(gateway.run(walk(shop, "/v1/charges")))
    assert at_the_bank.taken == by_the_ledger, f"the bank took {at_the_bank.taken}, the ledger says {by_the_ledger}"
    proof = gateway.run(verify(gateway.database, EVERY, shop.account, lambda *_: None))
    assert proof.lie is None, proof.lie
    assert len(proof.discrepancies) == discrepancies, proof.discrepancies
    events = gateway.run(walk(shop, "/v1/events"))
    counted = Counter((event["type"], event["data"]["object"]["id"]) for event in events if event["type"] in ONCE)
    assert not [event for event, times in counted.items() if times > 1], counted
    return at_the_bank


def told(charges: list[Any]) -> Money:
    paid = [charge for charge in charges if charge["paid"]]
    taken = sum(charge["amount_captured"] - charge["amount_refunded"] for charge in paid if charge["captured"])
    return Money(taken, sum(charge["amount"] - charge["amount_refunded"] for charge in paid if not charge["captured"]))


async def walk(shop: Shop, path: str) -> list[Any]:
    """All of a list, page by page."""
    client, found, more = Client(shop.gateway.url, shop.secret), list[Any](), True
    while more:
        after = f"&starting_after={found[-1]['id']}" if found else ""
        page = (await client("GET", f"{path}?limit=100{after}")).json
        found, more = found + page["data"], page["has_more"]
    await client.close()
    return found
