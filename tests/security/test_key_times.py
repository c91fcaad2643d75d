"""What a stranger learns of keys by waiting, and how long a revoked one lives (S8)."""

import http.client
import random
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sluice.core.ids import chance
from sluice.core.secrets import Secret
from sluice.merchants.keys import KNOWN_SECONDS
from tests.harness import Gateway, Shop
from tests.harness.processes import until
from tests.harness.wire import Raw

SAMPLES, PERMUTATIONS = 1_500, 1_000
REVOKE = "update api_keys set revoked = 1 where scope = $1 and kind = 'sk'"


class Two(Gateway):
    """Two API processes over one database; `second` is the other one's address."""

    def begin(self) -> None:
        super().begin()
        url, env = self.url, dict(self.env)
        first = self.listener
        self.listener = other = socket_of_its_own()
        self.env["SLUICE_PORT"] = str(other.getsockname()[1])
        number = other.fileno()
        self.spawn("api 2", ["-m", "sluice.cli.main", "api"], {"SLUICE_LISTENER": str(number)}, (number,))
        self.second = self.url = f"http://127.0.0.1:{other.getsockname()[1]}"
        self.wait()
        self.url, self.listener, self.other, self.env = url, first, other, env

    def stop(self) -> None:
        self.processes["api 2"].stop()
        self.other.close()
        super().stop()


def socket_of_its_own() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=64)


@pytest.fixture(scope="module")
def two(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with Two(postgres_server, Path(tmp_path_factory.mktemp("two"))) as running:
        yield running


@pytest.mark.shows("S8")
def test_revoked_everywhere(two: Two):
    """S8: two processes that both know the key refuse it, each within its few seconds, and do not take it back."""
    shop = Shop(two)
    asks = [Raw(url, shop.secret) for url in (two.url, two.second)]
    assert [ask("GET", "/v1/balance").status for ask in asks] == [200, 200]
    two.fetch(REVOKE, shop.scope)
    for ask in asks:
        until(lambda ask=ask: ask("GET", "/v1/balance").status == 401, two, seconds=KNOWN_SECONDS * 4)
    assert [ask("GET", "/v1/balance").status for ask in asks] == [401, 401]
    assert KNOWN_SECONDS <= 5


def timed(url: str, key: str) -> float:
    """Seconds until the first byte of an answer, on a connection of its own that stands already."""
    place = urlsplit(url)
    line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    line.connect()
    began = time.perf_counter()
    line.request("GET", "/v1/balance", headers={"Authorization": f"Bearer {key}"})
    answer = line.getresponse()
    spent = time.perf_counter() - began
    answer.read()
    line.close()
    return spent


def chance_of(one: list[float], other: list[float]) -> float:
    """How often a mere shuffle parts the medians as far: a permutation test. Small: they differ."""
    apart, both = abs(statistics.median(one) - statistics.median(other)), one + other
    draw, farther = random.Random(1), 0
    for _ in range(PERMUTATIONS):
        draw.shuffle(both)
        farther += abs(statistics.median(both[: len(one)]) - statistics.median(both[len(one) :])) >= apart
    return farther / PERMUTATIONS


@pytest.mark.slow
@pytest.mark.shows("S8")
def test_how_long_a_wrong_key_takes(gateway: Gateway, whole: bool, record_property: Callable[[str, object], None]):
    """S8: measured with --whole: unknown, with a known beginning, revoked, in turns; reported, never judged by the clock."""
    if not whole:
        pytest.skip("a measurement: with --whole")
    shop, gone = Shop(gateway), Shop(gateway)
    revoked = gone.key()
    gateway.fetch(REVOKE, gone.scope)
    known = shop.secret
    kinds: dict[str, Callable[[], str]] = {
        "unknown": lambda: f"sk_test_{chance(32)}",
        "with a known beginning": lambda: known[:-1] + chance(1),
        "revoked": lambda: revoked,
    }
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(SAMPLES):
        for kind in random.sample(list(kinds), len(kinds)):
            spent[kind].append(timed(gateway.url, kinds[kind]()))
    for kind, times in spent.items():
        tenths = [round(each * 1e6) for each in statistics.quantiles(times, n=10)]
        record_property(kind, f"deciles in microseconds {tenths}, chance {chance_of(times, spent['unknown']):.3f}")
    assert all(len(times) == SAMPLES for times in spent.values())
