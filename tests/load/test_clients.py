"""Clients that are slow, too many, or all at once: bounded connections, bounded memory, and the others are served."""

import asyncio
import resource
import socket
from contextlib import suppress
from functools import partial

import asyncpg
import pytest

from sluice.core import limits
from tests.harness import Gateway, Shop
from tests.harness.processes import until
from tests.kills.books import Money
from tests.kills.moves import CREATE
from tests.load.altered import FEW_FILES, FILES, altered
from tests.load.books import agree
from tests.load.measures import memory, sockets
from tests.load.swarm import Client, Said, at_once, eventually, statuses

SWARM = 400  # slow clients: more than it can hold
HONEST = 20
NONE = 3  # descriptors: those that are open stay open, and there is no new one
GROWTH = 40.0  # megabytes
SLOW = (
    b"",
    b"POST /v1/payment_intents HTTP/1.1\r\nHost: a\r\n",
    b"POST /v1/customers HTTP/1.1\r\nContent-Length: 9000\r\n\r\nname=",
)
SLEEPY = "held-up 1.5"  # seconds on its way to the bank: within the rail's deadline
OPEN = "select count(*) from instructions where scope = $1 and state = 'open'"
LOCK = "lock table customers in access exclusive mode"


async def pay(client: Client) -> Said:
    return await client("POST", "/v1/payment_intents", CREATE)


@pytest.mark.shows("F34", "S16")
def test_a_swarm_of_slow_clients(loaded: Gateway):
    """More connections that say nothing, half a head or half a body than there is room for: honest clients are all served."""
    shop = Shop(loaded)
    assert shop.secret
    with altered(loaded, FILES):
        api = loaded.processes["api"]
        before = memory(api)
        swarm = [socket.create_connection(("127.0.0.1", port_of(loaded))) for _ in range(SWARM)]
        for number, line in enumerate(swarm):
            line.sendall(SLOW[number % len(SLOW)])
        answers = loaded.run(at_once(loaded.url, shop.secret, [pay] * HONEST))
        assert statuses(answers) == {200: HONEST}
        assert sockets(api) <= FEW_FILES - limits.SPARE_FILES + 30
        assert memory(api) < before + GROWTH
        until(lambda: sum(closed(line) for line in swarm) >= SWARM - FEW_FILES + limits.SPARE_FILES, loaded)
        for line in swarm:
            line.close()
        assert statuses(loaded.run(at_once(loaded.url, shop.secret, [pay]))) == {200: 1}
    assert agree(shop) == Money(2000 * (HONEST + 1), 0)


def port_of(gateway: Gateway) -> int:
    return int(gateway.listener.getsockname()[1])


def closed(line: socket.socket) -> bool:
    line.settimeout(0.001)
    with suppress(TimeoutError):
        try:
            return not line.recv(1)
        except ConnectionError:
            return True
    return False


@pytest.mark.shows("F34")
def test_no_descriptor_is_left(loaded: Gateway):
    """With none left new callers are refused; what is in flight finishes; with some again all are served."""
    shop = Shop(loaded)
    assert shop.pays().status == "succeeded"
    api = loaded.processes["api"]
    loaded.bank.order("authorize", SLEEPY)
    loaded.run(exhausted(loaded, shop, api.child.pid))
    assert shop.pays().status == "succeeded"
    assert agree(shop) == Money(6000, 0)


async def exhausted(gateway: Gateway, shop: Shop, api: int) -> None:
    paying = asyncio.create_task(at_once(gateway.url, shop.secret, [pay]))
    await eventually(partial(in_flight, shop))
    limit = resource.prlimit(api, resource.RLIMIT_NOFILE, (NONE, 20_000))
    refused = await at_once(gateway.url, shop.secret, [pay] * 5)
    assert statuses(refused) == {0: 5}
    (answer,) = await paying
    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    resource.prlimit(api, resource.RLIMIT_NOFILE, limit)


async def in_flight(shop: Shop) -> bool:
    return bool((await shop.gateway.database.fetch(OPEN, shop.scope))[0][0])


@pytest.mark.shows("F34")
def test_no_reader_is_free(loaded: Gateway):
    """While a locked table holds every reader, what waits too long and what is too much is 503; what is in flight finishes."""
    shop = Shop(loaded)
    assert shop.pays().status == "succeeded"
    loaded.bank.order("authorize", SLEEPY)
    loaded.run(held_up(loaded, shop))
    assert len(shop.v1.customers.list().data) == 0
    assert agree(shop) == Money(4000, 0)


async def held_up(gateway: Gateway, shop: Shop) -> None:
    own = await asyncpg.connect(gateway.dsn)
    async with own.transaction():
        paying = asyncio.create_task(at_once(gateway.url, shop.secret, [pay]))
        await eventually(partial(in_flight, shop))
        await own.execute(LOCK)
        answers = await at_once(gateway.url, shop.secret, [listed] * (limits.READS_MOST + HONEST))
        (answer,) = await paying
    await own.close()
    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    assert statuses(answers) == {503: limits.READS_MOST + HONEST}
    assert {said.headers["retry-after"] for said in answers} == {"1"}


async def listed(client: Client) -> Said:
    return await client("GET", "/v1/customers")
