"""An answer's head and body in one packet: uvicorn writes them apart, and each would be a system call that wakes the caller."""

import asyncio
from collections import deque
from resource import RLIMIT_NOFILE, getrlimit
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sluice.api.requests import EVERYWHERE, Headers
from sluice.core import limits
from sluice.core.errors import Refused, Unavailable
from sluice.core.ids import chance
from sluice.payments.answers import error


class Gathering:
    """A transport that sends what is written in one turn of the loop together. All else is the transport's own."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport, self.parts = transport, list[bytes]()

    def write(self, data: bytes) -> None:
        if not self.parts:
            asyncio.get_running_loop().call_soon(self.flush)
        self.parts.append(data)

    def flush(self) -> None:
        parts, self.parts = self.parts, []
        if parts and not self.transport.is_closing():  # its caller may have hung up
            self.transport.write(b"".join(parts))

    def close(self) -> None:
        self.flush()
        self.transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


class Connection(HttpToolsProtocol):
    """uvicorn's, with limits: how long a head may be, how long a request may take to arrive and its answer to be taken, how
    many requests may come ahead of their answers (S16), and how many connections there are (F34).

    A request that comes in one piece meets no timer.
    """

    most = min(limits.CONNECTIONS, getrlimit(RLIMIT_NOFILE)[0] - limits.SPARE_FILES)
    resting: ClassVar[dict["Connection", None]] = {}  # whose request is not whole, longest first
    head, in_head, unfinished, untaken = 0, True, True, False
    patience: asyncio.TimerHandle | None = None
    answering: RequestResponseCycle | None = None  # others wait behind it

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own signature
        super().connection_made(cast(asyncio.Transport, Gathering(transport)))
        self.resting[self] = None
        if len(self.connections) > self.most:
            self.make_room()
        self.watch()

    def make_room(self) -> None:
        """Who has rested longest goes, so that slow clients, however many, keep nobody out; if all are at work, the new one."""
        longest = next(iter(self.resting))
        self.resting.pop(longest)
        if longest is self:
            self.refuse(503, "Service Unavailable", Unavailable("Too many calls are in work at this moment. Try again."))
        else:
            longest.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.head += len(data)
        super().data_received(data)
        if self.in_head and self.head > limits.HEAD_BYTES:
            self.send_400_response(f"The head of a request can have at most {limits.HEAD_BYTES} bytes.")
        self.watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self.unfinished = self.untaken = False
        self.resting.pop(self, None)
        self.watch()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self.head, self.in_head, self.unfinished = 0, True, True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A trailer is no header: what comes after the body changes nothing of what was judged before it."""
        if len(self.headers) >= limits.HEADERS:
            raise ValueError("more headers than a request has")
        if self.in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.in_head = False
        if len(self.pipeline) >= limits.PIPELINED:
            raise ValueError("more requests than may wait")  # the parser's error, and the end of the line
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False  # we speak nothing else, and the parser reads no further

    def _unsupported_upgrade_warning(self) -> None:
        """Whoever offers HTTP/2 is answered in HTTP/1.1; nothing is wrong."""

    def on_message_complete(self) -> None:
        self.unfinished = False
        self.resting.pop(self, None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if not self.transport.is_closing():
            self.resting[self] = None
        super().on_response_complete()

    def pause_writing(self) -> None:
        self.untaken = True
        self.watch()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.untaken = False
        self.watch()
        super().resume_writing()

    def watch(self) -> None:
        waits = self.unfinished or self.untaken
        if waits and self.patience is None:
            self.patience = asyncio.get_running_loop().call_later(limits.REQUEST_SECONDS, self.transport.abort)
        elif not waits and self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def send_400_response(self, msg: str) -> None:
        """Bytes that are no request: the envelope, as everywhere (B-1.46), and the line is closed.

        A whole request before them gets its own answer first, which is the last; one that was answered gets no second.
        """
        asked = [cycle for cycle in (self.answering, *(cycle for cycle, _ in reversed(self.pipeline))) if cycle]
        whole = [cycle for cycle in asked if not cycle.more_body and not cycle.response_complete]
        if whole:
            whole[-1].keep_alive = False
            self.pipeline = deque(waits for waits in self.pipeline if waits[0] in whole)
            self.flow.pause_reading()
        elif asked and asked[0].more_body and asked[0].response_complete:
            self.transport.close()
        else:
            self.refuse(400, "Bad Request", Refused(msg))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle
        super()._start_asgi_task(cycle, app)

    def refuse(self, status: int, reason: str, refusal: Refused) -> None:
        body = error(refusal, publishable=False, docs="")
        headers: Headers = [
            *EVERYWHERE,
            (b"request-id", f"req_{chance(14)}".encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        if refusal.retry:
            headers += [(b"stripe-should-retry", b"true"), (b"retry-after", b"1")]
        head = [f"HTTP/1.1 {status} {reason}".encode(), *(b": ".join(header) for header in headers)]
        self.transport.write(b"\r\n".join([*head, b"", body]))
        self.transport.close()
