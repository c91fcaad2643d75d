"""The bank at its line: reads what is asked, lets the weather have its way, writes the book before any answer leaves."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec

from sluice.core.clock import clock
from sluice.simulators.bank import words
from sluice.simulators.bank.book import Book
from sluice.simulators.bank.entries import Line, Told
from sluice.simulators.bank.journal import Journal
from sluice.simulators.bank.teller import Teller
from sluice.simulators.bank.weather import CLEAR, Sky, sky
from sluice.simulators.bank.words import Listing, Moving, Notices, Request, Said

LINE_BYTES = 64 << 10
PAGE = 500  # of a listing


class Bank:
    def __init__(self, folder: Path, refund_seconds: float, late_seconds: float) -> None:
        self.late_seconds = late_seconds
        self.book, self.journal = Book(refund_seconds), Journal(folder)
        for line in self.journal.replay():
            self.book.apply(line)
        self.teller = Teller(self.book, self.journal.key, self.write)
        self.ordered: dict[str, deque[Sky]] = defaultdict(deque)  # by verb, what tests asked for
        self.met: set[str] = set()  # references whose own weather has passed: a repeat meets none
        self.news = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        self.sessions: set[Session] = set()

    def write(self, line: Line) -> None:
        self.journal.add(line)
        before = len(self.book.notices)
        self.book.apply(line)
        if len(self.book.notices) > before:
            self.news.set()
            self.news = asyncio.Event()

    def weather(self, ask: Request) -> Sky:
        """Ordered by a test for the verb, else named by the message itself, once."""
        if queue := self.ordered.get(verb(ask)):
            return queue.popleft()
        if not isinstance(ask, Moving) or not ask.weather or ask.reference in self.met:
            return CLEAR
        self.met.add(ask.reference)
        return sky(ask.weather) or CLEAR

    def answer(self, ask: Request, decline: str) -> Said:
        self.mature()
        match ask:
            case words.Weather():
                if (ordered := sky(ask.weather)) is None:
                    return Said("refused", reason="no such weather")
                self.ordered[ask.on].extend([ordered] * ask.times)
                return Said("done")
            case words.Book():
                records = self.book.records.values()
                return Said("done", records=[r.row() for r in records if ask.reference in ("", r.reference)])
            case Listing():
                return Said("done", booked=self.book.standing(ask.since)[max(0, ask.skip) :][:PAGE])
            case Notices():
                return Said("done", notices=self.book.notices[max(0, ask.after) :])
            case _:
                return self.teller.answer(ask, clock.now(), decline)

    def mature(self) -> None:
        for line in self.book.matured(clock.now()):
            self.write(line)

    async def mature_forever(self) -> None:
        """Refunds arrive or come back by themselves, to the tenth of a second."""
        while True:
            await asyncio.sleep(0.1)
            if self.book.due:
                self.mature()
                self.journal.flush()

    def start(self, task: asyncio.Task[None]) -> None:
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class Session(asyncio.Protocol):
    """One connection, many requests in flight."""

    def __init__(self, bank: Bank) -> None:
        self.bank, self.rest = bank, b""
        self.answers: list[bytes] = []
        self.cut = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.bank.sessions.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.bank.sessions.discard(self)

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.read(line)
        if len(self.rest) > LINE_BYTES:
            self.cut = True
        self.flush()

    def read(self, line: bytes) -> None:
        try:
            ask = words.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.cut = True  # who cannot speak is not listened to
            return
        if isinstance(ask, Notices) and ask.after >= len(self.bank.book.notices):
            self.bank.start(asyncio.ensure_future(self.wait(ask)))
            return
        sky = self.bank.weather(ask)
        if sky.held_up:
            asyncio.get_running_loop().call_later(sky.held_up, self.arrived, ask, sky)
        else:
            self.take(ask, sky)

    def arrived(self, ask: Request, sky: Sky) -> None:
        self.take(ask, sky)
        self.flush()

    def take(self, ask: Request, sky: Sky) -> None:
        self.cut = self.cut or sky.cut
        if not sky.books:
            return
        said = self.bank.answer(ask, sky.decline)
        for _ in range(sky.notices):
            self.bank.write(Told(clock.now(), ask.reference))
        line = words.line(ask.id, sky.spoil(said) if sky.spoil else said)
        if sky.garbage:
            line = b"\x00?" + line[:12] + b"\n"
        if sky.late:
            asyncio.get_running_loop().call_later(self.bank.late_seconds, self.transport.write, line)
        else:
            self.answers += [line] * sky.answers

    async def wait(self, ask: Notices) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(ask.seconds):
                await self.bank.news.wait()
        self.arrived(ask, CLEAR)

    def flush(self) -> None:
        """The journal first, then the answers; a cut line swallows them."""
        self.bank.journal.flush()
        answers, self.answers = self.answers, []
        if self.cut:
            self.transport.abort()
        elif answers and not self.transport.is_closing():  # who asked may have hung up
            self.transport.write(b"".join(answers))


def verb(ask: Request) -> str:
    return str(ask.__struct_config__.tag)


async def serve(
    host: str,
    port: int,
    book: Path,
    ready: Callable[[int], None] | None = None,
    *,
    refund_seconds: float = 5.0,
    late_seconds: float = 25.0,
) -> None:
    """Serves until cancelled. `ready` hears the port once connections are taken (0 asks for a free one)."""
    bank = Bank(book, refund_seconds, late_seconds)
    server = await asyncio.get_running_loop().create_server(lambda: Session(bank), host, port)
    try:
        if ready:
            ready(server.sockets[0].getsockname()[1])
        await bank.mature_forever()
    finally:
        server.close()
        for session in bank.sessions:
            session.transport.abort()
        bank.journal.close()
