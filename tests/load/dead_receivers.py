"""Receivers of webhooks that hang, drip, flood, redirect or reset, and some that are well: real sockets on loopback."""

import asyncio
import threading
from collections import Counter
from contextlib import suppress

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
FLOOD = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
LONG = 600.0  # seconds: longer than anybody waits


class Receivers:
    """One port, in a thread with a loop of its own; the path says how it fares: /well/1, /hang/2. A context manager.

    `heard` counts by path what came whole.
    """

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> "Receivers":
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self.serve, "127.0.0.1", 0), self.loop).result()
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def end(self) -> None:
        self.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
                await reader.readexactly(length)
                path = head.split(" ")[1]
                self.heard[path] += 1
                await self.answer(path, writer)
        writer.close()

    async def answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        match path.split("/")[1]:
            case "well":
                writer.write(OK)
            case "hang":
                await asyncio.sleep(LONG)
            case "drip":
                for byte in ENDLESS:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.5)
            case "flood":
                writer.write(ENDLESS)
                while True:
                    writer.write(FLOOD)
                    await writer.drain()
            case "redirect":
                writer.write(f"HTTP/1.1 302 Found\r\nlocation: {self.url}/stray\r\ncontent-length: 0\r\n\r\n".encode())
            case "reset":
                writer.transport.abort()
                raise ConnectionResetError
