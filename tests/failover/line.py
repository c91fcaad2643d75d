"""The replication line between two machines: each packet is on its way for a while, and what is on its way can be lost."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

PACKET = 1 << 16


class Line:
    """A TCP proxy on loopback with a thread of its own; a context manager. On a bare loopback nothing would be on its way.

    `cut` loses what is on its way, as a machine that dies does, and lets nobody through until `mend`.
    """

    def __init__(self, to: int, seconds: float) -> None:
        self.to, self.seconds, self.open = to, seconds, True
        self.loop = asyncio.new_event_loop()
        self.ends: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> "Line":
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self.do(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = int(self.server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self.loop.call_soon_threadsafe(self.server.close)
        self.do(asyncio.sleep(0.01))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def cut(self) -> None:
        async def cut() -> None:
            self.open = False
            for end in list(self.ends):
                end.transport.abort()

        self.do(cut())

    def mend(self, to: int) -> None:
        self.to, self.open = to, True

    async def serve(self, near: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        if not self.open:
            out.transport.abort()
            return
        try:
            far, into = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            out.transport.abort()
            return
        self.ends |= {out, into}
        await asyncio.gather(self.pour(near, into), self.pour(far, out))
        self.ends -= {out, into}

    async def pour(self, source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
        """In order, each packet `seconds` after it came; the end of the stream too."""
        while packet := await self.read(source):
            self.loop.call_later(self.seconds, self.hand_on, into, packet)
        self.loop.call_later(self.seconds, into.transport.abort)

    async def read(self, source: asyncio.StreamReader) -> bytes:
        with suppress(OSError):
            return await source.read(PACKET)
        return b""

    def hand_on(self, into: asyncio.StreamWriter, packet: bytes) -> None:
        if self.open and not into.is_closing():
            into.write(packet)
