"""Raw bytes on the wire: a request has one meaning, or none (S16)."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sluice.core.limits import PIPELINED
from tests.harness import Gateway, Shop

IDLE = 0.3  # seconds without a byte: nothing more comes
PATIENCE = 10.0
GET, POST = b"GET /v1/balance HTTP/1.1\r\nHost: a\r\n", b"POST /v1/customers HTTP/1.1\r\nHost: a\r\n"
KEY = b"Authorization: Bearer KEY\r\n"
BODY, CHUNKED = b"name=A", b"6\r\nname=A\r\n0\r\n\r\n"
LENGTH, CHUNKS = b"Content-Length: 6\r\n", b"Transfer-Encoding: chunked\r\n"
INNER = GET + KEY + b"\r\n"  # what a smuggler hides in a body

# What is no request, or one with two lengths: 400, and the line is closed.
REFUSED = {
    "length and chunks": POST + KEY + LENGTH + CHUNKS + b"\r\n0\r\n\r\n" + INNER,
    "chunks and length": POST + KEY + CHUNKS + LENGTH + b"\r\n0\r\n\r\n" + INNER,
    "two equal lengths": POST + KEY + LENGTH + LENGTH + b"\r\n" + BODY,
    "two other lengths": POST + KEY + LENGTH + b"Content-Length: 60\r\n\r\n" + BODY + INNER,
    "a list of lengths": POST + KEY + b"Content-Length: 6, 6\r\n\r\n" + BODY,
    "a length with a plus": POST + KEY + b"Content-Length: +6\r\n\r\n" + BODY,
    "a length below zero": POST + KEY + b"Content-Length: -6\r\n\r\n" + BODY,
    "a length with a space in it": POST + KEY + b"Content-Length: 0 6\r\n\r\n" + BODY,
    "a space before the colon": POST + KEY + b"Content-Length : 6\r\n\r\n" + BODY,
    "a length in hex": POST + KEY + b"Content-Length: 0x6\r\n\r\n" + BODY,
    "a length past 64 bits": POST + KEY + b"Content-Length: 99999999999999999999999\r\n\r\n" + BODY,
    "an empty length": POST + KEY + b"Content-Length: \r\n\r\n" + BODY,
    "a folded header": POST + KEY + b"X-A: b\r\n Content-Length: 6\r\n" + LENGTH + b"\r\n" + BODY,
    "folded chunks": POST + KEY + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKED,
    "nearly chunked": POST + KEY + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKED,
    "identity and a length": POST + KEY + b"Transfer-Encoding: identity\r\n" + LENGTH + b"\r\n" + BODY,
    "chunked, then not": POST + KEY + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKED,
    "chunked twice": POST + KEY + CHUNKS + CHUNKS + b"\r\n" + CHUNKED,
    "chunks, a space before the colon": POST + KEY + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKED,
    "chunks after a tab": POST + KEY + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKED,
    "an extension with a bare LF": POST + KEY + CHUNKS + b"\r\n6;\nname=A\r\n0\r\n\r\n",
    "a chunk past 64 bits": POST + KEY + CHUNKS + b"\r\n10000000000000006\r\nname=A\r\n0\r\n\r\n",
    "a chunk below zero": POST + KEY + CHUNKS + b"\r\n-6\r\nname=A\r\n0\r\n\r\n",
    "a chunk with a plus": POST + KEY + CHUNKS + b"\r\n+6\r\nname=A\r\n0\r\n\r\n",
    "a chunk in 0x": POST + KEY + CHUNKS + b"\r\n0x6\r\nname=A\r\n0\r\n\r\n",
    "a chunk with a space": POST + KEY + CHUNKS + b"\r\n6 \r\nname=A\r\n0\r\n\r\n",
    "a chunk longer than it says": POST + KEY + CHUNKS + b"\r\n6\r\nname=ABB\r\n0\r\n\r\n",
    "chunks with bare LFs": POST + KEY + CHUNKS + b"\r\n6\nname=A\n0\n\n",
    "a length as a trailer": POST + KEY + CHUNKS + b"\r\n6\r\nname=A\r\n0\r\nContent-Length: 40\r\n\r\n",
    "bare LFs": (POST + KEY + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + BODY,
    "bare CRs": (GET + KEY + b"\r\n").replace(b"\r\n", b"\r"),
    "NUL in a value": GET + b"X: a\0b\r\n" + KEY + b"\r\n",
    "NUL in a name": GET + b"X\0Y: a\r\n" + KEY + b"\r\n",
    "CR in a value": GET + b"X: a\r" + KEY + b"\r\n",
    "LF in a value": GET + b"X: a\n" + KEY + b"\r\n",
    "ESC in a value": GET + b"X: a\x1b[31m\r\n" + KEY + b"\r\n",
    "ESC in the path": b"GET /v1/\x1b[31mred HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the path": b"GET /v1/a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "no name": GET + b": a\r\n" + KEY + b"\r\n",
    "a space before the first header": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "a space before the method": b" " + GET + KEY + b"\r\n",
    "a method in small letters": b"get /v1/balance HTTP/1.1\r\nHost: a\r\n\r\n",
    "a foreign host, no path": b"GET http://evil.example HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n" + INNER,
    "a host for a path": b"GET evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "too many headers": GET + b"A: b\r\n" * 300 + KEY + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}  # fmt: skip
# What is a request, and one only: its statuses.
SERVED: dict[str, tuple[bytes, list[int]]] = {
    "a body that looks like a request": (GET + KEY + b"Content-Length: %d\r\n\r\n" % len(INNER) + INNER, [200]),
    "a foreign host before the path": (b"GET http://evil.example/v1/balance HTTP/1.1\r\nHost: a\r\n" + KEY + b"\r\n", [200]),
    "zeros before the length": (POST + KEY + b"Content-Length: 000006\r\n\r\n" + BODY, [200]),
    "a chunk with an extension": (POST + KEY + CHUNKS + b"\r\n6;a=b\r\nname=A\r\n0\r\n\r\n", [200]),
    "a chunk in capitals": (POST + KEY + CHUNKS + b"\r\nA\r\nname=ABCDE\r\n0\r\n\r\n", [200]),
    "a key as a trailer": (POST + CHUNKS + b"\r\n6\r\nname=A\r\n0\r\n" + KEY + b"\r\n", [401]),
    "another key as a trailer": (POST + KEY + CHUNKS + b"\r\n6\r\nname=A\r\n0\r\nAuthorization: Bearer x\r\n\r\n", [200]),
    "packed chunks": (POST + KEY + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED, [415]),
    "two keys": (GET + KEY + b"Authorization: Bearer x\r\n\r\n", [401]),
    "two kinds of body": (POST + KEY + b"Content-Type: text/x\r\n" * 2 + LENGTH + b"\r\n" + BODY, [415]),
    "asks before it sends": (POST + KEY + b"Expect: 100-continue\r\n" + LENGTH + b"\r\n" + BODY, [100, 200]),
    "HTTP/1.0 closes": (b"GET /v1/balance HTTP/1.0\r\nConnection: keep-alive\r\n" + KEY + b"\r\n" + INNER, [200]),
    "close is close": (GET + KEY + b"Connection: close\r\n\r\n" + INNER, [200]),
    "offers HTTP/2": (GET + KEY + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + INNER, [200]),
    "offers a web socket": (POST + KEY + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + LENGTH + b"\r\n" + BODY, [200]),
    "five at once": (INNER * 5, [200] * 5),
    "empty lines first": (b"\r\n\r\n" + INNER, [200]),
    "for the server itself": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", [404]),
    "garbage after a whole request": (POST + KEY + LENGTH + b"\r\n" + BODY + b"GET / \0\r\n\r\n", [200]),
    "more than may wait": (INNER * 40, [200] * (PIPELINED + 1)),
    "garbage behind two": (INNER + POST + KEY + CHUNKS + b"\r\n-1\r\n", [200]),
    "too long, then garbage": (POST + KEY + b"Content-Length: 2000000\r\n\r\n" + b"a" * 70_000, [413]),
}  # fmt: skip


def said(gateway: Gateway, key: str, wire: bytes) -> bytes:
    """All that comes back until the line is closed or silent."""
    with socket.create_connection(("127.0.0.1", urlsplit(gateway.url).port or 0), timeout=PATIENCE) as line:
        line.sendall(wire.replace(b"KEY", key.encode()))
        answer = bytearray()
        try:
            while part := line.recv(65_536):
                answer += part
                line.settimeout(IDLE)
        except (TimeoutError, ConnectionError):
            pass
    return bytes(answer)


def statuses(answer: bytes) -> list[int]:
    """Of each answer in a row, by its own length."""
    found = []
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        found.append(int(head.split(b" ", 2)[1]))
        answer = rest[int(fields.get(b"content-length", b"0")) :]
    return found


@pytest.fixture
def still_well(gateway: Gateway, shop: Shop) -> Iterator[None]:
    """The next caller is served, and nothing was our defect."""
    log = gateway.processes["api"].log
    before = log.stat().st_size
    yield
    assert shop.raw("GET", "/v1/balance").status == 200
    assert b'"defect"' not in log.read_bytes()[before:]


@pytest.mark.shows("S16")
@pytest.mark.parametrize("wire", REFUSED)
def test_what_has_no_meaning_or_two(gateway: Gateway, shop: Shop, still_well: None, wire: str):
    """S16: one 400 with the envelope, and nothing of it is done."""
    answer = said(gateway, shop.secret, REFUSED[wire])
    assert statuses(answer) == [400]
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    assert set(json.loads(body)) == {"error"}
    assert not shop.v1.customers.list().data


@pytest.mark.shows("S16", "S13")
@pytest.mark.parametrize("wire", SERVED)
def test_what_has_one_meaning(gateway: Gateway, shop: Shop, still_well: None, wire: str):
    """S16: each request is answered once, in order; what hides in a body or a trailer is no request and no header."""
    raw, expected = SERVED[wire]
    assert statuses(said(gateway, shop.secret, raw)) == expected
    assert len(shop.v1.customers.list().data) == (raw.startswith(b"POST") and 200 in expected)


@pytest.mark.shows("S16", "S26")
def test_what_uvicorn_says_is_a_line_of_ours(gateway: Gateway, shop: Shop):
    """S26: bytes that are no request are one JSON line in the log, without the bytes."""
    log = gateway.processes["api"].log
    before = log.stat().st_size
    said(gateway, shop.secret, b"FORGED LINE\r\n\r\n")
    lines = log.read_text()[before:].splitlines()
    assert [json.loads(line)["logger"] for line in lines if "Invalid HTTP" in line] == ["uvicorn.error"]
    assert not [line for line in lines if "FORGED" in line]
