"""A hundred dead endpoints beside living ones: the living get everything, the worker stays small (F47)."""

from functools import partial

import pytest

from sluice.worker.delivery import SLOTS
from tests.harness import Gateway, Shop
from tests.harness.processes import until
from tests.load.dead_receivers import Receivers
from tests.load.measures import memory, sockets
from tests.load.swarm import Client, Said, at_once

SHOPS, DEAD, EVENTS = 7, 15, 12  # an account has at most sixteen endpoints
ILLS = ("hang", "drip", "flood", "redirect", "reset")
FILES, GROWTH = SLOTS + 64, 120.0  # descriptors, megabytes
PATIENCE = 60.0


async def customer(client: Client) -> Said:
    return await client("POST", "/v1/customers", {"name": "A buyer"})


async def endpoint(client: Client, url: str) -> Said:
    return await client("POST", "/v1/webhook_endpoints", {"url": url, "enabled_events[0]": "customer.created"})


@pytest.mark.shows("F47")
def test_the_living_get_everything(loaded: Gateway):
    """Endpoints that hang, drip, flood, redirect or reset take their own room: each living one gets every event, once."""
    worker, shops = loaded.processes["worker"], [Shop(loaded) for _ in range(SHOPS)]
    before = memory(worker)
    with Receivers() as receivers:
        for number, shop in enumerate(shops):
            urls = [f"{receivers.url}/{ILLS[n % len(ILLS)]}/{number}-{n}" for n in range(DEAD)]
            urls.append(f"{receivers.url}/well/{number}")
            made = loaded.run(at_once(loaded.url, shop.secret, [partial(endpoint, url=url) for url in urls]))
            assert [said.status for said in made] == [200] * len(urls)
        for _ in range(EVENTS):
            for shop in shops:
                loaded.run(at_once(loaded.url, shop.secret, [customer]))
        most = 0

        def all_there() -> bool:
            nonlocal most
            most = max(most, sockets(worker))
            return all(receivers.heard[f"/well/{number}"] >= EVENTS for number in range(SHOPS))

        until(all_there, loaded, PATIENCE)
        assert most <= FILES
        assert memory(worker) < before + GROWTH
        assert [receivers.heard[f"/well/{number}"] for number in range(SHOPS)] == [EVENTS] * SHOPS
        assert not receivers.heard["/stray"]
        loaded.processes["worker"].stop()
    loaded.start_worker()
