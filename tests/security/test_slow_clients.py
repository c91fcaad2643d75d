"""Clients that are slow, silent, or never read, in swarms: the others are answered, and memory stays bounded (S16)."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.harness import Gateway, Shop
from tests.harness.processes import until

SWARM = 300
BOMBERS = 24
GROWTH_MOST = 160 << 20  # bytes that a swarm may cost: half a megabyte a connection is generous
TINY = b"GET /v1/x HTTP/1.1\r\n\r\n"
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
HEAD = b"POST /v1/customers HTTP/1.1\r\nHost: a\r\n"
# How each of a swarm begins, and leaves it at that.
BEGINNINGS = {
    "says nothing": b"",
    "half a line": b"POST /v1/cust",
    "half a head": HEAD + b"X-A: ",
    "a body that is still to come": HEAD + b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{",
    "a chunk that is still to come": HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFF\r\na",
    "a head that goes on": HEAD + b"X-A: b\r\n" * 250,
    "one header that goes on": HEAD + b"X-A: " + b"b" * 60_000,
    "half a megabyte of body": HEAD + b"Content-Length: 1000000\r\n\r\n" + b"a" * 500_000,
}


def peak(gateway: Gateway, *, anew: bool = False) -> int:
    """The most bytes of the API's process that lay in memory at once, since it was asked `anew`."""
    process = Path(f"/proc/{gateway.processes['api'].child.pid}")
    if anew:
        (process / "clear_refs").write_text("5")
    found = PEAK.search((process / "status").read_text())
    assert found
    return int(found[1]) << 10


@pytest.fixture
def bounded(gateway: Gateway, record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Both figures go to the test's report."""
    before = peak(gateway, anew=True)
    yield
    after = peak(gateway)
    record_property("API's memory, MB before and at most", (before >> 20, after >> 20))
    assert after - before < GROWTH_MOST, (before, after)


def connected(gateway: Gateway, held: ExitStack) -> socket.socket:
    return held.enter_context(socket.create_connection(("127.0.0.1", urlsplit(gateway.url).port or 0), timeout=10))


@pytest.mark.shows("S16")
@pytest.mark.parametrize("how", BEGINNINGS)
def test_a_swarm_that_never_ends_its_requests(gateway: Gateway, shop: Shop, bounded: None, how: str):
    """S16: with hundreds of lines half open, whoever asks in earnest is answered."""
    with ExitStack() as held:
        swarm = [connected(gateway, held) for _ in range(SWARM if len(BEGINNINGS[how]) < 100_000 else BOMBERS)]
        for line in swarm:
            line.setblocking(False)
            if BEGINNINGS[how]:
                line.send(BEGINNINGS[how])
        for _ in range(5):
            assert shop.raw("GET", "/v1/balance").status == 200
        assert shop.pays().status == "succeeded"
    until(lambda: shop.raw("GET", "/v1/balance").status == 200, gateway)


@pytest.mark.shows("S16")
def test_whoever_asks_without_reading(gateway: Gateway, shop: Shop, bounded: None):
    """S16: requests by the ten thousand on each line, no answer taken: only some are looked at ahead of their answers."""
    with ExitStack() as held:
        for _ in range(BOMBERS):
            line = connected(gateway, held)
            line.setblocking(False)
            for _ in range(4):
                try:
                    line.send(TINY * 10_000)
                except (BlockingIOError, ConnectionError):
                    break
        for _ in range(5):
            assert shop.raw("GET", "/v1/balance").status == 200


@pytest.mark.shows("S16")
def test_byte_by_byte(gateway: Gateway, shop: Shop):
    """S16: a request that drips is a request all the same, within its time."""
    with ExitStack() as held:
        line = connected(gateway, held)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = b"name=Ann"
        head = HEAD + f"Authorization: Bearer {shop.secret}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        for byte in head + body:
            line.sendall(bytes([byte]))
        assert line.recv(65_536).startswith(b"HTTP/1.1 200")
    assert [each.name for each in shop.v1.customers.list().data] == ["Ann"]
