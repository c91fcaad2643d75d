"""The door of /v1: decode, ask a domain, answer. It decides nothing. One ASGI app over the table of operations."""

import time
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, NamedTuple

import asyncpg
import msgspec
import structlog

from sluice.api.denials import Denials
from sluice.api.guard import Guard
from sluice.api.operations import HINTS, SERVED, coming
from sluice.api.operations.op import Op
from sluice.api.requests import CORS, EVERYWHERE, PREFLIGHT, Asked, Headers, Receive, Scope, Send, respond
from sluice.api.seen import reason, seen, turned_away
from sluice.books.audit.entries import Who
from sluice.core import limits, tracing
from sluice.core.clock import clock
from sluice.core.errors import Refused, TooMany, Unavailable
from sluice.core.ids import chance, new_id
from sluice.core.log import about, also
from sluice.core.networks import Network, client_address
from sluice.merchants.keys import Authenticator, parse
from sluice.merchants.permissions import Identity, admit, own
from sluice.payments import card_numbers, money_path
from sluice.payments.answers import Answer, Renderer, error, steps
from sluice.payments.desk import Desk
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Terms
from sluice.shapes import routes
from sluice.shapes.contract import Operation
from sluice.shapes.forms import Tree
from sluice.shapes.parameters import walk
from sluice.shapes.watched import Watched
from sluice.store.database import AWAY

log = structlog.get_logger()
KINDS = {"sk": "secret", "rk": "restricted", "pk": "publishable", "ek": "ephemeral"}
HELP = (
    " Please see the list of what is served at /docs/served, or the API's description at /openapi.json. The path is"
    " case-sensitive, and a slash at its end makes another one."
)


class Line(NamedTuple):
    """What is printed of a request: no query, no body, no key."""

    method: str
    path: str
    status: int
    word: str  # the error's code, or the decline's
    milliseconds: float
    request: str


class Door:
    """`tell` gets a `Line` for each request; `debugging` says which switches are on that live money must not meet (S30)."""

    def __init__(
        self,
        desk: Desk,
        authenticator: Authenticator,
        terms: Terms,
        *,
        trusted: tuple[Network, ...],
        guard: Guard,
        tell: Callable[[Line], None],
        debugging: Sequence[str] = (),
        refuses_cards: bool = False,
    ) -> None:
        self.desk, self.authenticator, self.terms = desk, authenticator, terms
        self.trusted, self.guard, self.tell, self.debugging = trusted, guard, tell, debugging
        self.refuses_cards = refuses_cards  # in free text (S6)
        self.troubled_at, self.calls = 0.0, 0
        self.denials = Denials(desk)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, request, began = Asked(scope, receive), f"req_{chance(14)}", time.perf_counter()
        headers: Headers = [*EVERYWHERE, (b"request-id", request.encode())]
        if asked.method == "OPTIONS":
            return await respond(send, 200, headers + PREFLIGHT, b"")
        if b"origin" in asked.headers:
            headers += CORS
        about(request=request)
        with tracing.request(asked.method, asked.headers) as trace:
            self.calls += 1
            try:
                answer = await self.answer(asked, request, headers)
            finally:
                self.calls -= 1
            await respond(send, answer.status, headers + told(answer), answer.body, empty=asked.method == "HEAD")
            spent = time.perf_counter() - began
            name, route = (asked.operation.id, asked.operation.path) if asked.operation else ("none", "")
            tracing.answered(trace, spent, asked.method, route, answer.status, request)
        seen(name, answer.status, spent)
        self.tell(Line(asked.method, asked.path, answer.status, word(answer), spent * 1_000, request))
        return None

    async def answer(self, asked: Asked, request: str, headers: Headers) -> Answer:
        """The answer of whatever happens; `headers` gains what the request alone decides."""
        publishable = False
        try:
            operation, ids = self.route(asked)
            if self.calls > limits.CALLS:  # told before anything is looked up: it must cost little
                raise Unavailable("Too many calls are in work at this moment. Nothing has happened; try again in a second.")
            peer = self.peer(asked)
            identity = await self.identify(asked, peer)
            also(scope=identity.scope)
            publishable = identity.kind == "pk"
            if account := asked.check_account(identity.merchant):
                headers.append((b"stripe-account", account.encode("latin-1")))
            self.guard.call(identity, peer, clock.now())
            served = self.served(operation)
            with self.denials.told_of(identity, who(identity, peer), operation.id, request, clock.now()):
                admit(identity, operation.id, served.resource, served.writes)
            if identity.livemode and served.writes and self.debugging:
                raise Refused(
                    f"Live mode takes no write now. {' '.join(self.debugging)} Unset it, and start Sluice again.", status=403
                )
            if key := asked.idempotency_key():
                headers.append((b"idempotency-key", key.encode("latin-1")))
            call = await self.call(asked, request, operation, ids, identity, served, key)
            answer = await self.guarded(served, call, identity, peer)
            if call.given:  # B-1.13: who executed it first
                headers.append((b"original-request", (answer.original or request).encode()))
            return answer
        except Refused as refusal:
            if isinstance(refusal, TooMany):
                headers += [
                    (b"stripe-rate-limited-reason", refusal.reason.encode()),
                    (b"retry-after", str(ceil(refusal.wait)).encode()),
                ]
            if why := reason(refusal):
                turned_away(why)
            return refused(refusal, publishable, self.desk.public_url)
        except ConnectionAbortedError:  # nobody is there to read it
            return refused(Refused("The request ended before its body was whole."), publishable, self.desk.public_url)
        except AWAY as trouble:
            self.troubled(trouble)
            turned_away("database")
            return refused(unavailable(trouble), False, "")
        except Exception as defect:
            log.error("defect", exc_info=defect)
            turned_away("defect")
            message = f"An error occurred on our side. Tell the operator this request: {request}."
            return refused(Refused(message, status=500, type="api_error"), False, "")

    def troubled(self, trouble: Exception) -> None:
        """Told once a second, however many are refused: a log must not fill what is left of a disk."""
        if clock.now() - self.troubled_at >= 1:
            self.troubled_at = clock.now()
            log.error("unavailable", why=type(trouble).__name__)

    def route(self, asked: Asked) -> tuple[Operation, dict[str, str]]:
        asked.check_line()
        asked.check_version()
        found = routes.route("GET" if asked.method == "HEAD" else asked.method, asked.path)
        if found is None:
            raise Refused(f"Unrecognized request URL ({asked.method}: {asked.path}).{HELP}", status=404)
        if found[0].id in SERVED:
            asked.operation = found[0]
        also(operation=found[0].id)
        return found

    def peer(self, asked: Asked) -> str:
        return client_address((asked.scope.get("client") or ("", 0))[0], asked.header(b"x-forwarded-for"), self.trusted)

    async def identify(self, asked: Asked, peer: str) -> Identity:
        key, now = parse(asked.header(b"authorization")), clock.now()
        with self.guard.key(key, key is not None and self.authenticator.worked(key), peer, now):
            return await self.authenticator.identify(key, peer, now)

    def served(self, operation: Operation) -> Op:
        if operation.id not in SERVED:
            raise Refused(
                f"Sluice does not serve {operation.method} {operation.path}. {coming.reason(operation.path)} What it serves"
                f" is listed at {self.desk.public_url}/docs/served.",
                status=404,
            )
        return SERVED[operation.id]

    async def call(
        self,
        asked: Asked,
        request: str,
        operation: Operation,
        ids: dict[str, str],
        identity: Identity,
        served: Op,
        key: str | None,
    ) -> Call:
        """The request as the rules see it: walked, its expansions judged, its key and fingerprint."""
        tree = await asked.parameters()
        params = walk(operation, tree, served.serves, HINTS)
        expand = tuple(params.get("expand") or ())
        steps(operation.id, expand)
        own(identity, operation.id, ids, params)
        return Call(
            operation=operation.id, path=asked.path, scope=identity.scope, livemode=identity.livemode,
            account=identity.merchant, currency=identity.currency, at=clock.seconds(), request=request, vault=self.desk.vault,
            kind=KINDS[identity.kind], who=who(identity, self.peer(asked)),
            ids=ids, params=params, key=key or new_id("auto_"), given=key is not None,
            fingerprint=self.fingerprint(asked, identity.kind, tree) if served.writes else b"",
            expand=expand, rails=() if identity.livemode else self.desk.accounts(identity.scope), terms=self.terms,
            declines=self.guard.of_a_card(identity.livemode), public_url=self.desk.public_url,
            customer=identity.customer, version=asked.header(b"stripe-version"),
        )  # fmt: skip

    def fingerprint(self, asked: Asked, kind: str, tree: Tree) -> bytes:
        """B-1.36: parameters compare as decoded trees; S2: an HMAC, since a card number may be among them."""
        said = msgspec.json.encode([kind, asked.method, asked.path, tree.root], order="deterministic")
        return self.desk.vault.keyring.mac("request", said)

    async def guarded(self, served: Op, call: Call, identity: Identity, peer: str) -> Answer:
        """S14: what a browser gets wrong counts; a replay tries no card."""
        now = clock.now()
        with self.guard.secret(identity, peer, now), self.guard.payment(identity, call.operation, peer, now) as tried:
            answer = await self.done(served, call)
            tried.declined = answer.status == 402 and not answer.original
        return answer

    async def done(self, served: Op, call: Call) -> Answer:
        if isinstance(served.do, Verb):
            if self.refuses_cards:
                card_numbers.refuse(call)
            answer = await money_path.run(self.desk, served.do, call)
            if answer.status in (200, 402) and not answer.original:
                await self.report(call, answer)
        else:
            renderer = Renderer(self.desk.database, call.scope, call.livemode, call.publishable, self.desk.public_url)
            body = await served.do(self.desk, call)
            answer = Answer(200, await renderer.show(body, steps(call.operation, call.expand)))
        if (
            isinstance(call.params, Watched)
            and answer.status == 200
            and not answer.original
            and (names := call.params.unread())
        ):
            raise AssertionError(
                f"{call.operation} took {', '.join(names)} and did not read it"
            )  # what is served is what is read
        return answer

    async def report(self, call: Call, answer: Answer) -> None:
        """What happened has happened: the caller is answered though this cannot be told."""
        try:
            await card_numbers.report(self.desk, call, answer.body)
        except Exception as error:
            self.desk.troubled("a card number in free text", error)


def unavailable(trouble: Exception) -> Unavailable:
    if isinstance(trouble, asyncpg.DiskFullError):
        return Unavailable("Sluice's database has no room left on its disk. Nothing has happened; try again in a moment.")
    return Unavailable("Sluice cannot reach its database now. Try again in a moment.")


def who(identity: Identity, peer: str) -> Who:
    """The caller, as the audit log names him."""
    return Who(KINDS[identity.kind], identity.key, peer)


def refused(refusal: Refused, publishable: bool, docs: str) -> Answer:
    return Answer(refusal.status, error(refusal, publishable, docs), retry=refusal.retry)


def told(answer: Answer) -> Headers:
    headers: Headers = []
    if answer.original:
        headers.append((b"idempotent-replayed", b"true"))
    if answer.retry is not None:
        headers.append((b"stripe-should-retry", b"true" if answer.retry else b"false"))
    if answer.retry and answer.status in (429, 503):
        headers.append((b"retry-after", b"1"))
    return headers


def word(answer: Answer) -> str:
    """The error's code or decline code, for the line that is printed."""
    if answer.status < 400:
        return ""
    body: dict[str, Any] = msgspec.json.decode(answer.body)["error"]
    return str(body.get("decline_code") or body.get("code") or body["type"])
