"""The line to the sandbox's bank: one connection, many messages in flight, opened again when it broke."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from typing import Any, cast

import msgspec

from sluice.rails.sandbox import words
from sluice.rails.sandbox.words import Said
from sluice.rails.types import Deadline

LATE_MOST = 4_096  # timed-out messages whose answers are still told apart from strays
LINE_BYTES = 1 << 20


class NothingLeft(ConnectionError):
    """Not one byte left: there is no connection."""


class Broken(ConnectionError):
    """The connection ended while an answer was due."""


class Connection(asyncio.Protocol):
    """Bytes to frames. What is written in one turn of the loop leaves together."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self.heard, self.rest = heard, b""
        self.waiting: dict[int, asyncio.Future[Said]] = {}
        self.leaving: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    @property
    def open(self) -> bool:
        return not self.transport.is_closing()

    def write(self, line: bytes) -> None:
        if not self.leaving:
            asyncio.get_running_loop().call_soon(self.flush)
        self.leaving.append(line)

    def flush(self) -> None:
        leaving, self.leaving = self.leaving, []
        self.transport.write(b"".join(leaving))

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.heard(line)
        if len(self.rest) > LINE_BYTES:
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Whatever was in flight may have arrived."""
        for answer in self.waiting.values():
            if not answer.done():
                answer.set_exception(Broken("the line broke"))
        self.waiting.clear()


class Line:
    """`strays` counts frames that nobody asked for; the answer to a message that timed out goes to `on_late`."""

    def __init__(self, host: str, port: int, on_late: Callable[[str, Said], None]) -> None:
        self.host, self.port, self.on_late = host, port, on_late
        self.ids, self.strays = count(1), 0
        self.late: OrderedDict[int, str] = OrderedDict()
        self.connection: Connection | None = None
        self.opening = asyncio.Lock()

    async def exchange(self, verb: str, reference: str, fields: dict[str, Any], deadline: Deadline) -> Said:
        """Says it and waits for its answer. Raises `NothingLeft`, `Broken`, and TimeoutError once it has left."""
        connection = await self.connected(deadline)
        id = next(self.ids)
        line = words.line(id, verb, reference, fields)
        if not deadline.left():
            raise NothingLeft("the deadline had passed before anything left")  # a process that was stopped must not send (F13)
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        connection.waiting[id] = answer
        connection.write(line)
        try:
            async with asyncio.timeout(deadline.left()):
                return await answer
        finally:
            connection.waiting.pop(id, None)
            if reference and answer.cancelled():
                self.expect_late(id, reference)

    async def connected(self, deadline: Deadline) -> Connection:
        if (connection := self.connection) and connection.open:
            return connection
        try:
            async with asyncio.timeout(deadline.left()), self.opening:
                if self.connection is None or not self.connection.open:
                    self.connection = await self.connect()
                return self.connection
        except (OSError, UnicodeError) as error:  # TimeoutError too; the second: a host that can be none
            raise NothingLeft(f"no connection: {error}") from error

    async def connect(self) -> Connection:
        made: list[Connection] = []

        def protocol() -> Connection:
            made.append(Connection(lambda line: self.heard(made[0], line)))
            return made[0]

        await asyncio.get_running_loop().create_connection(protocol, self.host, self.port)
        return made[0]

    def heard(self, connection: Connection, line: bytes) -> None:
        """A frame goes to the one that asked for it, and to nobody else."""
        try:
            frame = words.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # the second: text that is not UTF-8
            self.strays += 1
            return
        answer = connection.waiting.get(frame.id)
        if answer and not answer.done():
            answer.set_result(frame.said)
        elif frame.id in self.late:
            self.on_late(self.late.pop(frame.id), frame.said)
        else:
            self.strays += 1

    def expect_late(self, id: int, reference: str) -> None:
        self.late[id] = reference
        if len(self.late) > LATE_MOST:
            self.late.popitem(last=False)

    async def close(self) -> None:
        if self.connection and self.connection.open:
            self.connection.transport.close()
