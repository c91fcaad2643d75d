"""Texts that would forge a line, move a cursor or split a header: none gets where it would (S5, S26)."""

import io
import json
import re
import socket
import sys
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sluice.api.door import Line
from sluice.api.server import print_line
from sluice.core.log import CONTROLS, clean, set_up_log
from tests.harness import Gateway, Receiver, Shop
from tests.security.test_smuggling import KEY, POST, said, statuses

FORGED = 'POST /v1/forged 200 1 ms\n{"event": "forged", "level": "error"}'
EVIL = [
    "\r\nX-Forged: 1", "\nX-Forged: 1", "\x1b[2J\x1b[31m", "\x9b31m", "\x07", "\b\b\b", "\u2028forged", "\u2029", "\u202egnp",
    "\u2066x\u2069", "\ufeff", "\x7f", "\x85forged", FORGED,
]  # fmt: skip
SHOWN = re.compile(f"[{CONTROLS}]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def log_lines(gateway: Gateway) -> Any:
    """What the API's log has gained."""
    log = gateway.processes["api"].log
    before = log.stat().st_size
    return lambda: log.read_bytes()[before:].decode().split("\n")


def sane(lines: list[str]) -> None:
    assert not [line for line in lines if SHOWN.search(line)]
    assert not [line for line in lines if line.startswith(("X-Forged", "POST /v1/forged", '{"event": "forged"'))]


@pytest.mark.shows("S26")
@pytest.mark.parametrize("evil", EVIL)
def test_in_parameters_and_paths(shop: Shop, log_lines: Any, evil: str):
    """S26: in names, values, ids, paths, keys of metadata: no line and no escape of the caller's making is in the log."""
    for _ in range(1):
        shop.raw("POST", "/v1/customers", {"name": evil, f"metadata[{evil[:30]}]": evil, "description": evil})
        shop.raw("POST", "/v1/customers", {evil: evil})
        shop.raw("POST", "/v1/payment_intents", {"amount": evil, "currency": evil, "customer": evil})
        shop.raw("GET", f"/v1/customers/{quote(evil)}")
        shop.raw("GET", f"/v1/{quote(evil)}?{quote(evil)}={quote(evil)}")
    sane(log_lines())


@pytest.mark.shows("S26")
@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("header", [b"Idempotency-Key", b"Stripe-Account", b"Stripe-Version", b"User-Agent", b"X-Request-Id"])
def test_in_headers(gateway: Gateway, shop: Shop, log_lines: Any, header: bytes, evil: str):
    """S26: raw bytes in a header: one answer or none, no header of the caller's making in it."""
    raw = POST + KEY + header + b": a" + evil.encode() + b"\r\nContent-Length: 0\r\n\r\n"
    answer = said(gateway, shop.secret, raw)
    assert len(statuses(answer)) == 1
    assert b"x-forged:" not in answer.partition(b"\r\n\r\n")[0].lower()
    assert b"\x1b" not in answer
    sane(log_lines())


@pytest.mark.shows("S26", "S20")
def test_in_what_a_receiver_hears_and_says(gateway: Gateway, shop: Shop, log_lines: Any):
    """S26: metadata is in a webhook's body only, as JSON; a receiver's answer is an excerpt, and in no log."""
    worker = gateway.processes["worker"].log
    before = worker.stat().st_size
    with Evil() as receiver:
        shop.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
        shop.v1.customers.create({"metadata": {str(n): evil for n, evil in enumerate(EVIL)}})
        heard = receiver.wait_for(1)[0]
        shop.quiet()
        sent = json.loads(heard.body)["data"]["object"]["metadata"]
        assert [sent[str(n)] for n in range(len(EVIL))] == EVIL
        assert not {"x-forged", "x-split"} & set(heard.headers)
    sane(worker.read_bytes()[before:].decode().split("\n"))
    sane(log_lines())


class Evil(Receiver):
    """Says terminal escapes and forged lines."""

    def __init__(self) -> None:
        super().__init__(lambda _: 500)


@pytest.mark.shows("S26", "S16")
@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/\r\nX-Forged: 1", "http://shop.example/%0d%0aX-Forged:%201", "http://shop.example/\x1b[31m",
        "http://a\r\nX-Forged: 1/", "http://shop.example/\x00", "http://shop.example:80\n/",
    ],
)  # fmt: skip
def test_in_an_endpoints_url(shop: Shop, url: str):
    """S26: refused, or percent-encoded as it leaves: never a header of its own."""
    answer = shop.raw("POST", "/v1/webhook_endpoints", {"url": url, "enabled_events[]": "*"})
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert not re.search(r"[\x00-\x20\x7f]", answer.json["url"])


@pytest.mark.shows("S26")
def test_in_a_url_that_leaves(shop: Shop):
    """S26: on the wire to the receiver too."""
    with Receiver() as receiver:
        url = f"{receiver.url}/%0d%0aX-Forged:%201?a=%0a"
        shop.v1.webhook_endpoints.create({"url": url, "enabled_events": ["customer.created"]})
        shop.v1.customers.create()
        heard = receiver.wait_for(1)[0]
        assert "x-forged" not in heard.headers
        assert heard.path.lower().endswith("/%0d%0ax-forged:%201?a=%0a")


@pytest.mark.shows("S26")
@pytest.mark.parametrize("evil", EVIL)
def test_the_request_line_that_is_printed(monkeypatch: pytest.MonkeyPatch, evil: str):
    """S26: one line, without escapes, whatever stands in it; card numbers in groups are masked there too."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    print_line(Line("POST", f"/v1/{evil}/4242%204242%204242%204242", 400, "word", 1.0, "req_1"))
    text = out.getvalue()
    assert text.count("\n") == 1
    assert not SHOWN.search(text)
    assert "4242%204242" not in text


@pytest.mark.shows("S5", "S26")
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@pytest.mark.parametrize("evil", EVIL)
def test_a_log_line_is_one_line(stream: type[io.StringIO], evil: str):
    """S5: an event, a field, a field's name and an exception's message; only a traceback has lines, and no escapes either."""
    out = stream()
    set_up_log(stream=out)
    try:
        structlog.get_logger("ours").error(f"event {evil}", field=evil, deep={evil: [evil]})
        assert out.getvalue().count("\n") == 1
        try:
            raise ValueError(evil)
        except ValueError:
            structlog.get_logger("ours").exception("failed")
        own = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())  # the colours of the console's own look
        assert not SHOWN.search(own)
    finally:
        structlog.reset_defaults()


@given(st.text())
def test_nothing_that_is_printed_moves_a_cursor(text: str):
    """S26: for all texts."""
    assert not SHOWN.search(clean(text))
    assert "\n" not in clean(text)
    clean(text).encode()


def test_a_stranger_and_a_null_byte(gateway: Gateway):
    """S26: a line that is no HTTP, with an escape: our log has our words."""
    log = gateway.processes["api"].log
    before = log.stat().st_size
    with socket.create_connection(("127.0.0.1", urlsplit(gateway.url).port or 0), timeout=10) as line:
        line.sendall(b"\x1b[31mGET / \0\r\n" + FORGED.encode() + b"\r\n\r\n")
        line.recv(1_000)
    sane(log.read_bytes()[before:].decode().split("\n"))
