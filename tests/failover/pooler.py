"""A pooler between a client and PostgreSQL, as far as it shows: the client is told a session's number that is nobody's."""

import asyncio
from contextlib import suppress
from struct import pack, unpack

from tests.faults_proxy import pour

KEY_DATA = b"K"  # BackendKeyData: by it a client may cancel, so a pooler must tell one of its own
NOBODY = 1


class Pooler:
    """On a port of loopback, before PostgreSQL's socket at `path`; an async context manager.

    `refuses`: a startup parameter that it does not take, as PgBouncer with any that it does not track.
    """

    def __init__(self, path: str, refuses: str = "") -> None:
        self.path, self.refuses = path, refuses

    async def __aenter__(self) -> "Pooler":
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = int(self.server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def serve(self, near: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        (length,) = unpack("!I", await near.readexactly(4))
        startup = await near.readexactly(length - 4)
        if self.refuses and self.refuses.encode() in startup.split(b"\0"):
            out.write(fatal(f"unsupported startup parameter: {self.refuses}"))
            out.close()
            return
        far, into = await asyncio.open_unix_connection(self.path)
        into.write(pack("!I", length) + startup)
        answers = asyncio.create_task(self.answers(far, out))
        await pour(near, into)
        answers.cancel()
        out.close()

    async def answers(self, far: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, length = unpack("!cI", await far.readexactly(5))
                body = await far.readexactly(length - 4)
                if kind == KEY_DATA:
                    body = pack("!I", NOBODY) + body[4:]
                out.write(pack("!cI", kind, length) + body)


def fatal(text: str) -> bytes:
    """An ErrorResponse: severity, SQLSTATE of a broken protocol, the message."""
    body = b"".join(field + value.encode() + b"\0" for field, value in ((b"S", "FATAL"), (b"C", "08P01"), (b"M", text))) + b"\0"
    return pack("!cI", b"E", len(body) + 4) + body
