"""A shop's receiver, endpoints, and a worker's deliveries turned by hand. The fixtures: `webhooks_fixtures`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from sluice.books.events import Event
from sluice.books.sequencer import catch_up
from sluice.books.vault.cards import Vault
from sluice.books.vault.envelope import Sealed
from sluice.books.webhooks.secrets import parse
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.core.secrets import Secret
from sluice.core.settings import Settings
from sluice.merchants import endpoints
from sluice.merchants.endpoints import Endpoint
from sluice.rules.calls import Call
from sluice.rules.plans import Change
from sluice.store.database import Database
from sluice.store.facts import Fact
from sluice.store.reads import Rows
from sluice.worker.delivery import Deliverer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """Keeps what arrives as (path, headers, body). `answer` may be replaced."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.answer: Answer = ok
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.heard.append((request.path, {name.lower(): value for name, value in request.headers.items()}, body))
        return await self.answer(request)

    def numbers(self, path: str = "/hook") -> list[int]:
        return [int(headers["sluice-event-number"]) for at, headers, _ in self.heard if at == path]


async def ok(request: web.Request) -> web.StreamResponse:
    return web.Response()


def status(code: int, **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers=headers)

    return answer


class Bench:
    """One worker in scope 1 (test) or 2 (live)."""

    def __init__(self, db: Database, vault: Vault, settings: Settings) -> None:
        self.db, self.vault, self.settings = db, vault, settings
        self.deliverer = Deliverer(db, vault, settings)

    def call(self, scope: int = 1, **params: Any) -> Call:
        return Call(
            operation="", path="", scope=scope, livemode=scope == 2, account="acct_1", at=clock.seconds(), request="req_1",
            vault=self.vault, params=params,
        )  # fmt: skip

    async def endpoint(self, url: str, *types: str, scope: int = 1) -> tuple[Endpoint, Secret]:
        """A new one, enabled for `types` (all), and its secret."""
        call = self.call(scope, url=url if scope == 1 else "https://example.com", enabled_events=list(types or ("*",)))
        change = endpoints.create(call, Rows()).change
        row = change.new[0]
        assert isinstance(row, Endpoint)
        assert change.shows
        await self.write(Change(new=(replace(row, url=url),)), scope)
        return await self.read(row.id, scope), change.shows.wire(False)["secret"]

    async def read(self, id: str, scope: int = 1) -> Endpoint:
        found = await self.db.one(Endpoint, scope, id)
        assert found
        return found

    async def change(self, id: str, scope: int = 1, **params: Any) -> None:
        before = await self.read(id, scope)
        await self.write(endpoints.update(self.call(scope, **params), Rows(endpoint=before)).change, scope)

    async def write(self, change: Change, scope: int = 1) -> None:
        fact = Fact("test", scope, new_id("fact_"), saved=change.saved, stand=change.stand, new=change.new, gone=change.gone)
        assert await self.db.write(fact)

    async def tell(self, *objects: str, scope: int = 1, type: str = "charge.succeeded") -> list[str]:
        """Events of these objects, in this order, numbered; answers their ids."""
        events = []
        for version, object in enumerate(objects, 1):
            data = f'{{"object":{{"id":"{object}"}}}}'
            event = Event(new_id("evt_"), 0, type, object, version, data, clock.seconds(), "req_1", None)
            assert await self.db.write(Fact("told", scope, new_id("fact_"), lines=(event,)))
            events.append(event.id)
        await catch_up(self.db, scope, scope == 2)
        return events

    async def quiet(self) -> None:
        """Turns until nothing is due or under way."""
        while await self.deliverer.turn():
            pass

    async def pass_time(self) -> None:
        """Whatever waits for its next try is due now."""
        await self.db.execute("update deliveries set due = 0 where due is not null")

    async def secret(self, id: str) -> Secret:
        row = await self.read(id)
        return parse(await self.vault.open_webhook(1, id, Sealed(row.key, row.sealed))).current

    async def rows(self) -> list[tuple[int, int, bool, bool]]:
        """Each delivery: number, tries, whether it will be tried again, whether it was taken."""
        found = await self.db.fetch("select * from deliveries where scope = 1 order by number, endpoint")
        return [(row["number"], row["tries"], row["due"] is not None, row["taken"] is not None) for row in found]


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if true():
                return
            await asyncio.sleep(0.005)
