"""The API as a process: the door of /v1, and beside it the pages that need no key (B-1.32)."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from math import inf
from typing import Any

import uvicorn
from starlette.applications import Starlette

from sluice.api.door import Door, Line
from sluice.api.guard import Guard
from sluice.api.packets import Connection
from sluice.api.pages import pages
from sluice.api.requests import Receive, Scope, Send
from sluice.books.keyring import REFRESH
from sluice.core import metrics
from sluice.core.clock import clock
from sluice.core.debugging import switches
from sluice.core.listener import listen
from sluice.core.log import clean
from sluice.core.settings import Settings
from sluice.merchants.keys import Authenticator
from sluice.payments import auditing
from sluice.payments.desk import Desk
from sluice.payments.opening import open_desk, terms
from sluice.payments.watch import watched

App = Callable[[Scope, Receive, Send], Awaitable[None]]
API = (["v1"], ["v2"])  # of the second nothing is served, but its callers read JSON too (B-1.46)
USES = 5.0  # seconds between writings of when keys were last used

LAST_BEAT = "select max(beat) from workers"
BEFORE_SCOPE = (LAST_BEAT,)


async def serve(settings: Settings) -> None:
    """Serves until it is cancelled; what is in flight finishes first (F49)."""
    desk = await open_desk(settings)
    await auditing.began(desk.database, "api")
    authenticator = Authenticator(desk.database)
    door = Door(
        desk,
        authenticator,
        terms(settings),
        trusted=settings.trusted_proxies,
        guard=Guard(settings.limits),
        tell=print_line,
        debugging=switches(os.environ),
        refuses_cards=settings.card_numbers == "refuse",
    )
    server = Server(uvicorn.Config(
        app(desk, door), log_config=None, log_level="warning", access_log=False, lifespan="off", http=Connection, loop="none",
        ws="none", server_header=False, date_header=False, proxy_headers=False, timeout_keep_alive=75,
        timeout_graceful_shutdown=30,
    ))  # fmt: skip
    try:
        async with watched(desk, settings, "api") as readiness:
            upkeep = asyncio.create_task(keep_up(desk, authenticator))
            serving = asyncio.create_task(server.serve([listen(settings.host, settings.port, settings.listener)]))
            try:
                await asyncio.shield(serving)
            except asyncio.CancelledError:
                readiness.drain()
                with suppress(asyncio.CancelledError):  # told again: at once
                    await asyncio.sleep(settings.drain_seconds)
                server.should_exit = True
                await serving
            finally:
                upkeep.cancel()
                await desk.drain()
    finally:
        for rail in desk.rails.values():
            await rail.close()
        await desk.database.close()


class Server(uvicorn.Server):
    """Signals are the command line's to take."""

    def capture_signals(self) -> Any:
        return nullcontext()


def app(desk: Desk, door: Door) -> App:
    """Starlette walks its routes in order, so the API goes to its door before."""
    others = Starlette(routes=pages(desk, door))

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        await (door if scope.get("path", "").split("/")[1:2] in API else others)(scope, receive, send)

    return front


async def keep_up(desk: Desk, authenticator: Authenticator) -> None:
    """What a process must do now and then: keys, codes, the clock, and when keys were last used."""
    while True:
        for _ in range(int(REFRESH / USES)):
            await asyncio.sleep(USES)
            await quietly(desk, authenticator.flush(clock.now()))
            await quietly(desk, see_a_worker(desk))
            await quietly(desk, desk.know_rails())
        await quietly(desk, desk.vault.load(clock.seconds()))
        await quietly(desk, desk.database.agree_on_time())


async def see_a_worker(desk: Desk) -> None:
    """A worker that is gone cannot say so."""
    last = await desk.database.fetchrow(LAST_BEAT)
    assert last
    metrics.BEAT_AGE.set(inf if last[0] is None else clock.now() - last[0])


async def quietly(desk: Desk, work: Any) -> None:
    try:
        await work
    except Exception as error:  # the database is away; the next round tries again
        desk.troubled("upkeep", error)


def print_line(line: Line) -> None:
    """POST /v1/payment_intents 402 insufficient_funds 12 ms req_…"""
    parts = [line.method, line.path, str(line.status), line.word, f"{line.milliseconds:.0f} ms", line.request]
    with suppress(OSError):
        sys.stdout.write(clean(" ".join(part for part in parts if part)) + "\n")
        sys.stdout.flush()
