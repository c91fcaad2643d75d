"""A TCP proxy that breaks on order: holds, or cuts before or after a packet of the client's (FAULTS, Tools)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Judge = Callable[[bytes], str]
PASS, HOLD, BEFORE, AFTER = "pass", "hold", "before", "after"
PACKET = 1 << 20


class Proxy:
    """On a free port of loopback, before whatever `connect` opens; an async context manager. `judge` may change at any time.

    BEFORE: the packet never arrives, and the line breaks. AFTER: it arrives, its answer does not, and the line breaks.
    HOLD: it waits until `release` is set.
    """

    def __init__(self, connect: Callable[[], Awaitable[Streams]]) -> None:
        self.connect, self.release = connect, asyncio.Event()
        self.judge: Judge = lambda packet: PASS

    async def __aenter__(self) -> "Proxy":
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = int(self.server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release.set()
        self.server.close()

    async def serve(self, near: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        far, into = await self.connect()
        answers = asyncio.create_task(pour(far, out))
        with suppress(ConnectionError):
            while packet := await near.read(PACKET):
                verdict = self.judge(packet)
                if verdict == HOLD:
                    await self.release.wait()
                if verdict == BEFORE:
                    break
                if verdict == AFTER:
                    answers.cancel()
                into.write(packet)
                if verdict == AFTER:
                    await far.read(PACKET)  # it has been done
                    break
        answers.cancel()
        for end in (out, into):
            end.close()


async def pour(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while packet := await source.read(PACKET):
            into.write(packet)
        into.close()
