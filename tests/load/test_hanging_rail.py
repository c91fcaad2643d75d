"""A bank that falls silent takes its own bulkhead and no more (F21, F34)."""

import asyncio
from functools import partial

import pytest

from sluice.core import limits
from tests.harness import Gateway, Receiver, Shop
from tests.kills.books import Money
from tests.kills.moves import CREATE
from tests.load.books import agree
from tests.load.measures import memory
from tests.load.swarm import Client, Said, at_once, eventually, statuses

BEYOND = 40  # payments more than the bulkhead holds
OPEN = "select count(*) from instructions where scope = $1 and state = 'open'"
GROWTH = 60.0  # megabytes for half a thousand payments in flight


async def pay(client: Client) -> Said:
    return await client("POST", "/v1/payment_intents", CREATE)


@pytest.mark.shows("F21", "F34")
def test_a_bank_that_hangs(loaded: Gateway):
    """At a silent bank 512 payments wait and the next are refused before open; all else goes on, recovery settles all."""
    shop = Shop(loaded)
    assert shop.secret
    before = memory(loaded.processes["api"])
    loaded.bank.order("authorize", "silent", limits.IN_FLIGHT)
    with Receiver() as receiver:
        shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
        loaded.run(hang_and_look(loaded, shop))
        assert memory(loaded.processes["api"]) < before + GROWTH
        receiver.wait_for(1)
    assert agree(shop) == Money(2000 * limits.IN_FLIGHT, 0)
    assert shop.pays().status == "succeeded"


async def hang_and_look(gateway: Gateway, shop: Shop) -> None:
    """What is refused is refused at once, while the others wait for the rail's deadline; reads and other writes go on."""
    hanging = asyncio.create_task(at_once(gateway.url, shop.secret, [pay] * limits.IN_FLIGHT))
    await eventually(partial(all_open, shop))
    refused = await at_once(gateway.url, shop.secret, [pay] * BEYOND)
    assert statuses(refused) == {503: BEYOND}
    assert {said.headers["retry-after"] for said in refused} == {"1"}
    assert {said.headers["stripe-should-retry"] for said in refused} == {"true"}
    other = Client(gateway.url, shop.secret)
    for call in (
        partial(other, "GET", "/v1/payment_intents"),
        partial(other, "POST", "/v1/customers", {"name": "A buyer"}),
        partial(other, "POST", "/v1/payment_intents", {"amount": "100", "currency": "usd"}),
    ):
        assert (await call()).status == 200
    assert not hanging.done()
    answers = await hanging
    assert statuses(answers) == {200: limits.IN_FLIGHT}
    assert {said.json["status"] for said in answers} == {"processing"}
    await other.close()


async def all_open(shop: Shop) -> bool:
    return bool((await shop.gateway.database.fetch(OPEN, shop.scope))[0][0] == limits.IN_FLIGHT)
