"""One HTTP request as it came, within the limits, and the headers of its answer (B-1.13, B-1.16, B-1.27, B-1.31)."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Any
from urllib.parse import unquote_plus

from sluice.books.events import API_VERSION
from sluice.core import limits
from sluice.core.card_texts import holds_card_number
from sluice.core.errors import Refused, Unavailable
from sluice.shapes import forms
from sluice.shapes.contract import Operation

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

OLDEST = date(2024, 9, 30)  # B-1.12: acacia
VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(\.[a-z]+)?(\s*;\s*[a-z_]+=v\d+)*")
EVERYWHERE: Headers = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-cache, no-store"),
    (b"stripe-version", API_VERSION.encode()),
]
CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        (
            b"Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, X-Stripe-External-Auth-Required,"
            b" X-Stripe-Privileged-Session-Required"
        ),
    ),
]
PREFLIGHT: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD, PUT, PATCH, POST, DELETE"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key, Stripe-Account, Stripe-Version"),
    (b"access-control-max-age", b"300"),
]


class Asked:
    """Method, path and headers; the body is read when it is wanted. `operation`: once it is known to be served."""

    operation: Operation | None = None

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("ascii", "replace") if scope.get("raw_path") else scope["path"]
        self.headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            self.headers[name] = self.headers[name] + b", " + value if name in self.headers else value

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def check_line(self) -> None:
        """B-1.27; S6: of a URL every log on the way keeps a copy."""
        line = f"{self.path}?{self.scope['query_string'].decode('latin-1')}"
        if len(line) > limits.REQUEST_LINE_BYTES:
            raise Refused(f"The request line has more than {limits.REQUEST_LINE_BYTES} bytes.", status=414)
        if holds_card_number(unquote_plus(line)):
            raise Refused("A card number does not belong in a URL: send it in the body of a POST.")

    async def parameters(self) -> forms.Tree:
        """B-1.26: of GET and DELETE from the query; of POST from the form or JSON in the body."""
        query = self.scope["query_string"]
        if self.method != "POST":
            return forms.decode(query)
        if query:
            raise Refused("Parameters of a POST stand in its body, not in the query.")
        packed = (self.header(b"content-encoding") or "identity", self.header(b"transfer-encoding") or "chunked")
        if packed[0].lower() != "identity" or packed[1].lower() != "chunked":
            raise Refused("A compressed body is not taken: send it as it is.", status=415)
        body = await self.body()
        kind = (self.header(b"content-type") or "").partition(";")[0].strip().lower()
        if kind == "application/json":
            return forms.from_json(body)
        if not body or kind in ("application/x-www-form-urlencoded", ""):
            return forms.decode(body)
        raise Refused("The body is a form (application/x-www-form-urlencoded) or JSON (application/json).", status=415)

    async def body(self) -> bytes:
        """At most BODY_BYTES; what is announced as more is not read at all."""
        announced = self.header(b"content-length") or "0"
        if announced.isdigit() and int(announced) > limits.BODY_BYTES:
            raise too_large()
        parts, size, more = [], 0, True
        with ExitStack() as held:
            while more:
                message = await self.receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionAbortedError
                part = message.get("body", b"")
                size, more = size + len(part), message.get("more_body", False)
                if size > limits.BODY_BYTES:
                    raise too_large()
                if size > limits.BODY_ORDINARY >= size - len(part):
                    held.enter_context(room())
                parts.append(part)
        return b"".join(parts)

    def idempotency_key(self) -> str | None:
        """B-1.33: on POST only. It is sent back in a header, written to events, and kept (S1, S26)."""
        key = self.header(b"idempotency-key") if self.method == "POST" else None
        if key is not None and not (1 <= len(key) <= limits.IDEMPOTENCY_KEY and key.isprintable()):
            raise Refused(f"An idempotency key has 1 to {limits.IDEMPOTENCY_KEY} printable characters.")
        if key is not None and holds_card_number(key):
            raise Refused("An idempotency key is kept, and shown in events: it must not hold a card number.")
        return key

    def check_version(self) -> None:
        """B-1.11, B-1.12: none, or a dated version that we serve."""
        given = self.header(b"stripe-version")
        if given is None:
            return
        shape = VERSION.fullmatch(given.strip())
        try:
            dated = date.fromisoformat(shape[1]) if shape else None
        except ValueError:
            dated = None
        if dated is None:
            raise Refused(f"Invalid Stripe API version: {given}")
        if dated < OLDEST:
            raise Refused(
                f"Sluice serves API versions from 2024-09-30.acacia on, not {given}: use a newer SDK or pin a newer version."
            )

    def check_account(self, own: str) -> str | None:
        """B-1.9, B-1.10: the own account is accepted everywhere; another one is not ours to reach."""
        account, context = self.header(b"stripe-account"), self.header(b"stripe-context")
        if context is not None and not context.startswith("acct_"):
            raise Refused("Stripe-Context is taken with an account's id only.")
        for asked in (account, context):
            if asked is not None and asked != own:
                raise not_yours(asked)
        return account


def not_yours(account: str) -> Refused:
    """B-1.9."""
    message = f"The provided key does not have access to account '{account}' (or that account does not exist)."
    return Refused(message, status=403, code="account_invalid")


_long = 0


@contextmanager
def room() -> Iterator[None]:
    """A place for a long body while it comes, so that many of them do not fill the memory. Raises `Unavailable`."""
    global _long
    if _long >= limits.BODIES_LONG:
        raise Unavailable("Too many long bodies are on their way at this moment. Nothing has happened; try again.")
    _long += 1
    try:
        yield
    finally:
        _long -= 1


def too_large() -> Refused:
    return Refused(f"The body has more than {limits.BODY_BYTES} bytes.", status=413)


async def respond(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, *, empty: bool = False) -> None:
    """`empty`: a HEAD, whose body is announced and not sent."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if empty else body})
