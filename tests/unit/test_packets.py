"""An answer leaves whole, and nothing that was written is lost."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from unittest.mock import Mock, call

import pytest
import uvicorn

from sluice.api.packets import Connection, Gathering
from sluice.core import limits


def open_transport() -> Mock:
    transport = Mock()
    transport.is_closing.return_value = False
    return transport


async def test_what_is_written_together_leaves_together() -> None:
    """PERFORMANCE 9.2: head and body are one system call."""
    transport = open_transport()
    gathering = Gathering(transport)
    for part in (b"head", b"body"):
        gathering.write(part)
    assert transport.write.mock_calls == []
    await asyncio.sleep(0)
    gathering.write(b"next")
    await asyncio.sleep(0)
    assert transport.write.mock_calls == [call(b"headbody"), call(b"next")]


async def test_what_was_written_leaves_before_the_close() -> None:
    """B-1.29: an answer to a request that cannot be read is followed by the end of the connection."""
    transport = open_transport()
    gathering = Gathering(transport)
    gathering.write(b"400")
    gathering.close()
    await asyncio.sleep(0)
    assert transport.write.mock_calls == [call(b"400")]
    assert transport.mock_calls[-1] == call.close()


async def test_who_hung_up_gets_no_answer() -> None:
    """O1: and nobody reads of it in the log."""
    transport = open_transport()
    gathering = Gathering(transport)
    gathering.write(b"late")
    transport.is_closing.return_value = True
    await asyncio.sleep(0)
    assert transport.write.mock_calls == []


async def test_all_else_is_the_transports() -> None:
    transport = Mock()
    assert Gathering(transport).is_closing() is transport.is_closing.return_value


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    """A server that answers each request with 204."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(app, lifespan="off", log_level="critical")
    config.load()
    state = uvicorn.server.ServerState()
    make = partial(Connection, config=config, server_state=state, app_state={})
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()
    server.close()


@pytest.mark.shows("S16")
async def test_a_head_without_end(address: tuple[str, int]) -> None:
    """S16, Law 10: the line is closed, however it goes on."""
    _, writer = await asyncio.open_connection(*address)

    async def goes_on() -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
        for _ in range(2_000):
            writer.write(b"X-Filler: " + b"x" * 4_000 + b"\r\n")
            await writer.drain()

    with pytest.raises(ConnectionError):  # a reset or a broken pipe
        await goes_on()


@pytest.mark.shows("S16")
@pytest.mark.parametrize("said", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"])
async def test_a_request_that_never_ends(address: tuple[str, int], monkeypatch: Any, said: bytes) -> None:
    """S16: its line is closed; one that waits between two requests is not."""
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.1)
    idle, other = await asyncio.open_connection(*address)
    other.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await idle.readuntil(b"\r\n\r\n")
    reader, writer = await asyncio.open_connection(*address)
    writer.write(said)
    async with asyncio.timeout(5):
        while await reader.read(4_096):
            pass
    other.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await idle.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")


@pytest.mark.shows("F34", "S16")
async def test_past_the_limit_who_has_rested_longest_goes(address: tuple[str, int], monkeypatch: Any) -> None:
    """Slow clients, however many, keep nobody out."""
    monkeypatch.setattr(Connection, "most", 3)
    slow = [await asyncio.open_connection(*address) for _ in range(3)]
    await asyncio.sleep(0.05)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
    assert await slow[0][0].read() == b""
    for _, other in (*slow, (reader, writer)):
        other.close()


@pytest.mark.shows("S16")
async def test_an_answer_that_nobody_takes(monkeypatch: Any) -> None:
    """Its line is dropped, and what was written with it."""
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.1)
    connection = Connection.__new__(Connection)
    connection.transport, connection.flow = open_transport(), Mock()
    connection.unfinished = False
    connection.pause_writing()
    await asyncio.sleep(0.15)
    assert connection.transport.abort.mock_calls == [call()]
    connection.resume_writing()
    assert connection.patience is None
