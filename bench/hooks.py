"""(c) Webhooks: claims, deliveries with 1 and with 100 endpoints of which ten are dead, and how soon a first try comes."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bench import store
from bench.figures import Figure, Sample, percentile
from bench.ground import Ground
from bench.patterns import CREATE, recorded
from bench.receiver import Receiver, receiver
from sluice.books.sequencer import catch_up
from sluice.books.webhooks.deliveries import Ended, claim, record
from sluice.core import limits
from sluice.core.clock import clock
from sluice.store.database import Database
from tests.harness import Shop
from tests.harness.processes import until

LIVE, DEAD, MORE_DEAD = 90, 10, 100
EACH = 15  # endpoints of one shop, below its limit
CLAIMS, TOLD = 6_000, 3_000  # deliveries
FIRSTS, GAP = 100, 0.05  # events whose first try is waited for, and seconds between them
FILLING = 3.0  # seconds for the dead ones to take what room they get
PATIENCE = 180.0


def measure(ground: Ground, rounds: int, seconds: float, say: Any) -> list[Figure]:
    """Once each: a backlog is worked off."""
    with ExitStack() as opened:
        heard, hole = opened.enter_context(receiver(ground.folder)), opened.enter_context(black_hole())
        say("webhooks: claims")
        figures = [claims(ground, hole)]
        say("webhooks: one endpoint")
        figures.append(delivered(ground, heard, "deliveries, 1 endpoint", [heard.url]))
        say(f"webhooks: {LIVE + DEAD} endpoints, {DEAD} of them dead")
        mixed = ([heard.url] * (LIVE // DEAD) + [hole]) * DEAD
        figures.append(delivered(ground, heard, f"deliveries, {LIVE + DEAD} endpoints, {DEAD} dead", mixed))
        say(f"webhooks: first tries beside {MORE_DEAD} dead endpoints")
        figures.append(beside_dead(ground, heard, hole))
    return figures


@contextmanager
def black_hole() -> Iterator[str]:
    """An endpoint that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=4_096) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"


@contextmanager
def worker(ground: Ground) -> Iterator[None]:
    ground.gateway.start_worker()
    try:
        yield
    finally:
        ground.gateway.processes["worker"].stop()


def shops(ground: Ground, urls: list[str], deliveries: int) -> list[Shop]:
    """As many shops as these endpoints need, with payments that owe so many deliveries in all, numbered."""
    database, made = ground.desk.database, []
    for n in range(0, len(urls), EACH):
        shop, mine = Shop(ground.gateway), urls[n : n + EACH]
        for url in mine:
            shop.v1.webhook_endpoints.create({"url": url, "enabled_events": ["*"]})
        pattern = ground.run(recorded(ground.desk, shop.secret, CREATE))
        for _ in range(deliveries // len(urls)):
            ground.run(store.pay(database, pattern))
        ground.run(catch_up(database, shop.scope, False))
        made.append(shop)
    return made


def claims(ground: Ground, url: str) -> Figure:
    """Claimed and written down, without sending: what SQL leaves a worker."""
    (shop,) = shops(ground, [url] * EACH, CLAIMS)
    found = ground.run(claimed(ground.desk.database, shop.scope))
    return Figure("c", "claimed and written down, a worker", least=20_000, ours=[found])


async def claimed(database: Database, scope: int) -> Sample:
    began, count = time.perf_counter(), 0
    while taken := await claim(database, scope, False, limits.DELIVERIES_PER_ENDPOINT, limits.DELIVERIES_AT_ONCE):
        await record(database, scope, [Ended(each, clock.micros(), 1, 200, None, "") for each in taken], ())
        count += len(taken)
    return Sample(count / (time.perf_counter() - began))


def delivered(ground: Ground, heard: Receiver, name: str, urls: list[str]) -> Figure:
    """From the worker's first delivery until all that can be reached have theirs."""
    shops(ground, urls, TOLD)
    before = heard.told()
    due = (TOLD // len(urls) + 1) * sum(url == heard.url for url in urls)  # and the one that the pattern was taken from
    with worker(ground):
        until(lambda: heard.told() > before, seconds=PATIENCE)
        began = time.perf_counter()
        until(lambda: heard.told() >= before + due, seconds=PATIENCE)
        return Figure("c", name, ours=[Sample(due / (time.perf_counter() - began))])


def beside_dead(ground: Ground, heard: Receiver, hole: str) -> Figure:
    """Seconds from a create's answer to its event at a sound endpoint, while a hundred others hang."""
    shops(ground, [hole] * MORE_DEAD, TOLD)
    (sound,) = shops(ground, [heard.url], 0)
    answered: dict[str, float] = {}
    with worker(ground):
        time.sleep(FILLING)
        for _ in range(FIRSTS):
            answered[sound.intent().id] = time.time()
            time.sleep(GAP)
        until(lambda: answered.keys() <= heard.heard().keys(), seconds=PATIENCE)
    took = [heard.heard()[id] - at for id, at in answered.items()]
    name = f"an event's first try beside {MORE_DEAD} dead endpoints, p99"
    late = percentile(took, 99)
    return Figure("c", name, "s", most=1.0, ours=[Sample(late, percentile(took, 50) * 1_000, late * 1_000)])
