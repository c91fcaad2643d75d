"""A shop's endpoint in a process of its own: answers 200 at once, and notes when which object was told of."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

OBJECT = re.compile(rb'"object": \{\s*"id": "(\w+)"')
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Receiver(NamedTuple):
    url: str
    notes: Path

    def told(self) -> int:
        return self.notes.read_bytes().count(b"\n")

    def heard(self) -> dict[str, float]:
        """When each object was first told of, in seconds since 1970."""
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return {id: float(at) for at, id in reversed(lines)}


@contextmanager
def receiver(folder: Path) -> Iterator[Receiver]:
    notes = folder / "heard"
    command = [sys.executable, "-m", "bench.receiver", str(notes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Receiver(f"http://127.0.0.1:{process.stdout.readline().strip()}/hook", notes)
        finally:
            process.terminate()


async def serve(notes: Path) -> None:
    with notes.open("ab", buffering=0) as file:

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = LENGTH.search(head)
                    body = await reader.readexactly(int(length[1]) if length else 0)
                    found = OBJECT.search(body)
                    file.write(b"%f %s\n" % (time.time(), found[1] if found else b"-"))
                    writer.write(ANSWER)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
