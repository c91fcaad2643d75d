"""Death around a delivery: the worker dies at each of its gates to the shop, and the shop misses nothing (F45)."""

import json

import pytest

from tests.harness import Receiver, Shop
from tests.harness.processes import until
from tests.kills.breakable import Breakable, cells

GATES = ["store.sequence", "webhook.deliver", "store.resend"]
DUE = "update deliveries set due = 0 where scope = $1 and due is not null"  # the lease of who died is over
OWED = "select count(*) from deliveries where scope = $1 and taken is null"


@pytest.mark.slow
@pytest.mark.shows("F45")
def test_a_delivery_is_repeated_never_lost(breakable: Breakable, whole: bool):
    """Killed before or after numbering, sending, sending again, or the answer lost: the same event comes, perhaps again."""
    for number, cell in enumerate(cells(GATES, whole, 0)):
        with Receiver() as receiver:
            shop = Shop(breakable)
            endpoint = shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]}).id
            if cell.effect == "store.resend":
                sent = told(shop, receiver)
                mark = breakable.arm("worker", cell, f"delivery{number}")
                shop.raw("POST", f"/v1/sluice/webhook_endpoints/{endpoint}/resend", [("events[]", sent)])
                wanted = 2
            else:
                mark = breakable.arm("worker", cell, f"delivery{number}")
                shop.v1.customers.create({"name": "A buyer"})
                wanted = 1
            until(mark.exists, breakable, 30)
            if cell.how != "lost":
                assert breakable.died("worker")
            breakable.restart("worker")
            come(shop, receiver, wanted)
            (event,) = shop.events(type="customer.created")
            heard = [json.loads(delivery.body)["id"] for delivery in receiver.deliveries]
            assert set(heard) == {event.id}, cell
            assert wanted <= len(heard) <= wanted + 1, cell


def told(shop: Shop, receiver: Receiver) -> str:
    """An event that has arrived; its id."""
    shop.v1.customers.create({"name": "A buyer"})
    come(shop, receiver, 1)
    return str(json.loads(receiver.deliveries[0].body)["id"])


def come(shop: Shop, receiver: Receiver, wanted: int) -> None:
    """Until so many have come and nothing is owed; whatever waits for a time is due."""
    shop.quiet()
    gateway = shop.gateway
    gateway.run(gateway.database.execute(DUE, shop.scope))
    until(lambda: len(receiver.deliveries) >= wanted and not gateway.fetch(OWED, shop.scope)[0][0], gateway, 30)
