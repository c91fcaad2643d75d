"""Many clients at once, each a connection that asks, waits for the whole answer, and asks again."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

PATIENCE = 60.0
NUMBERS = itertools.count(1)


class Said(NamedTuple):
    """One answer; status 0: the connection was refused, or ended before there was one."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One buyer's or shop's connection, opened when it is needed. `key` goes with every call."""

    def __init__(self, url: str, key: str) -> None:
        at = urlsplit(url)
        self.host, self.port, self.key = at.hostname or "", at.port or 80, key
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __call__(self, method: str, path: str, params: dict[str, Any] | None = None, idempotency: str = "") -> Said:
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.exchange(self.request(method, path, params or {}, idempotency), began)
        except (OSError, asyncio.IncompleteReadError):
            await self.close()
            return Said(0, {}, b"", time.monotonic() - began)

    def request(self, method: str, path: str, params: dict[str, Any], idempotency: str) -> bytes:
        """`idempotency`: a fresh key unless one is given."""
        body = urlencode(params).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
        if method == "POST":
            head += f"Idempotency-Key: {idempotency or f'swarm-{next(NUMBERS)}'}\r\nContent-Length: {len(body)}\r\n"
            head += "Content-Type: application/x-www-form-urlencoded\r\n"
        return head.encode() + b"\r\n" + (body if method == "POST" else b"")

    async def exchange(self, request: bytes, began: float) -> Said:
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self.streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            await self.close()
        return Said(int(head[0].split()[1]), headers, body, time.monotonic() - began)

    async def close(self) -> None:
        if self.streams:
            self.streams[1].close()
            with suppress(OSError):
                await self.streams[1].wait_closed()
        self.streams = None


Call = Callable[[Client], Awaitable[Said]]


async def at_once(url: str, key: str, calls: Iterable[Call]) -> list[Said]:
    """Each call by a client of its own, all together; in the calls' order."""

    async def one(call: Call) -> Said:
        client = Client(url, key)
        try:
            return await call(client)
        finally:
            await client.close()

    return list(await asyncio.gather(*map(one, calls)))


async def keep_asking(
    url: str, key: str, clients: int, seconds: float, call: Callable[[Client], Awaitable[Said]]
) -> list[Said]:
    """Every client asks again as soon as it has its answer, for so many seconds."""
    ends, heard = time.monotonic() + seconds, list[Said]()

    async def one() -> None:
        client = Client(url, key)
        while time.monotonic() < ends:
            heard.append(await call(client))
        await client.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return heard


def statuses(heard: Iterable[Said]) -> Counter[int]:
    return Counter(said.status for said in heard)


async def eventually(true: Callable[[], Awaitable[Any]], seconds: float = PATIENCE) -> None:
    """Waits for something that must come."""
    async with asyncio.timeout(seconds):
        while True:
            if await true():
                return
            await asyncio.sleep(0.03)
