"""An answer's head and body in one packet: uvicorn writes them apart, and each would be a system call that wakes the caller."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sluice.api.requests import EVERYWHERE, Headers
from sluice.core.errors import Refused
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
        if self.parts:
            self.transport.write(b"".join(self.parts))
            self.parts.clear()

    def close(self) -> None:
        self.flush()
        self.transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


class Connection(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own signature
        super().connection_made(cast(asyncio.Transport, Gathering(transport)))

    def send_400_response(self, msg: str) -> None:
        """Bytes that are no request: the envelope, as everywhere (B-1.46), and the line is closed."""
        body = error(Refused(msg), publishable=False, docs="")
        headers: Headers = [
            *EVERYWHERE,
            (b"request-id", f"req_{chance(14)}".encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        head = [b"HTTP/1.1 400 Bad Request", *(b": ".join(header) for header in headers)]
        self.transport.write(b"\r\n".join([*head, b"", body]))
        self.transport.close()
