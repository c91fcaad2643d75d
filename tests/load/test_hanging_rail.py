"""A bank that falls silent takes its own bulkhead and no more (F21, F34)."""

import asyncio
from functools import partial

import pytest

from tests.harness import Gateway, Receiver, Shop
from tests.kills.books import Money
from tests.kills.moves import CREATE
from tests.load.altered import BULKHEAD, FEW_IN_FLIGHT, altered
from tests.load.books import agree
from tests.load.measures import cpu, memory, say
from tests.load.swarm import Client, Said, at_once, eventually, statuses

BEYOND = 200  # payments more than it holds
OPEN = "select count(*) from instructions where scope = $1 and state = 'open'"
GROWTH = 40.0  # megabytes


async def pay(client: Client) -> Said:
    return await client("POST", "/v1/payment_intents", CREATE)


@pytest.mark.shows("F21", "F34")
def test_a_bank_that_hangs(loaded: Gateway, capsys: pytest.CaptureFixture[str]):
    """At a silent bank a bulkhead of payments waits, the next are refused before open; all else goes on, all are settled."""
    shop = Shop(loaded)
    assert shop.secret
    with altered(loaded, BULKHEAD), Receiver() as receiver:
        before = memory(loaded.processes["api"])
        shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
        loaded.bank.order("authorize", "silent", FEW_IN_FLIGHT)
        used = loaded.run(hang_and_look(loaded, shop))
        say(capsys, f"a refusal past the bulkhead: {used:.0f} µs of the API's CPU")
        assert memory(loaded.processes["api"]) < before + GROWTH
        receiver.wait_for(1)
        assert agree(shop) == Money(2000 * FEW_IN_FLIGHT, 0)
        assert shop.pays().status == "succeeded"


async def hang_and_look(gateway: Gateway, shop: Shop) -> float:
    """What is refused is refused at once, while the others wait for the rail's deadline; reads and other writes go on.

    Answers what a refusal costs, in microseconds of the API's CPU.
    """
    hanging = asyncio.create_task(at_once(gateway.url, shop.secret, [pay] * FEW_IN_FLIGHT))
    await eventually(partial(all_open, shop))
    used = cpu(gateway.processes["api"])
    refused = await at_once(gateway.url, shop.secret, [pay] * BEYOND)
    used = (cpu(gateway.processes["api"]) - used) / BEYOND * 1_000_000
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
    assert statuses(answers) == {200: FEW_IN_FLIGHT}
    assert {said.json["status"] for said in answers} == {"processing"}
    await other.close()
    return used


async def all_open(shop: Shop) -> bool:
    return bool((await shop.gateway.database.fetch(OPEN, shop.scope))[0][0] == FEW_IN_FLIGHT)
