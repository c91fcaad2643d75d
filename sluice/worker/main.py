"""The worker: what is done beside the API, whether or not anybody asks. As many as wanted, none is the leader (DESIGN 7)."""

import asyncio
import os
import socket
from contextlib import suppress
from functools import partial

import structlog

from sluice.books import forgetting, maturing, sequencer
from sluice.books.audit import chain
from sluice.books.digests.closing import Closer
from sluice.books.digests.keys import beside
from sluice.books.keyring import REFRESH
from sluice.books.webhooks import resending
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.core.settings import Settings
from sluice.payments import auditing, expiry, notices, recovery
from sluice.payments.desk import Desk
from sluice.payments.opening import open_desk
from sluice.payments.watch import watched
from sluice.store.database import LOST, Database
from sluice.worker import books, loops
from sluice.worker.delivery import POLL, Deliverer
from sluice.worker.listening import Listening
from sluice.worker.loops import AWAY_MOST, Loop

RAILS = 5.0  # seconds until a rail account that was opened is listened to
BEAT = 5.0  # seconds between heartbeats
GONE = 3_600  # seconds after which a worker that does not beat is forgotten

BEATS = """insert into workers (id, host, pid, started, beat) values ($1, $2, $3, $4, $4)
    on conflict (id) do update set beat = excluded.beat"""
FORGET = "delete from workers where beat < $1"
LEAVE = "delete from workers where id = $1"
BEFORE_SCOPE = (BEATS, FORGET, LEAVE)

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Works until it is cancelled; what is in flight finishes first (F49)."""
    desk, id = await opened(settings), new_id("wk_")
    await auditing.began(desk.database, "worker")
    deliverer, listening = Deliverer(desk.database, desk.vault, settings), Listening(desk)
    closer = Closer(desk.database, beside(settings.vault_key_file))
    try:
        async with watched(desk, settings, "worker") as readiness:
            await loops.run(every(desk, deliverer, listening, closer, id), readiness.drain)
    finally:
        await listening.close()
        await deliverer.close()
        await desk.drain()
        await leave(desk, id)


async def opened(settings: Settings) -> Desk:
    """A database that is not there yet is waited for."""
    pause = 0.1
    while True:
        try:
            return await open_desk(settings)
        except LOST as error:
            log.warning("the database is away; waiting for it", why=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, AWAY_MOST)


def every(desk: Desk, deliverer: Deliverer, listening: Listening, closer: Closer, id: str) -> list[Loop]:
    """All that a worker does, and how soon it looks again when nothing was due."""
    database = desk.database
    return [
        Loop("sequencing", partial(sequence, desk), 0.1),
        Loop("auditing", lambda: chain.sweep(database), 0.5),
        Loop("resending", lambda: resending.sweep(database), 0.5),
        Loop("deliveries", deliverer.turn, POLL),
        Loop("recovery", lambda: recovery.sweep(desk), 0.5),
        Loop("notices", lambda: notices.sweep(desk), 0.5),
        Loop("rail accounts", listening.turn, RAILS, True),
        Loop("expiry", lambda: expiry.sweep(desk), 10.0),
        Loop("maturing", lambda: maturing.sweep(database), 1.0),
        Loop("forgetting", lambda: forgetting.sweep(database), 600.0),
        Loop("codes", lambda: desk.vault.cvcs.sweep(clock.seconds()), 60.0),
        Loop("keys and clock", partial(refresh, desk), REFRESH, True),
        Loop("heartbeat", partial(beat, database, id), BEAT, True),
        Loop("digests", closer.turn, 60.0),
        Loop("books", partial(books.look, database), books.EVERY, True),
    ]


async def sequence(desk: Desk) -> int:
    """Numbers what is in the outboxes, scope by scope; a scope that fails stops no other. Answers how many facts it took."""
    taken = 0
    for scope, livemode in await sequencer.waiting(desk.database):
        try:
            taken += await sequencer.sequence(desk.database, scope, livemode)
        except LOST:
            raise
        except Exception as error:
            desk.troubled(f"sequencing of scope {scope}", error)
    return taken


async def refresh(desk: Desk) -> None:
    """The clock agrees with the database's, and a key that was rotated elsewhere is known here (Law 7, S7)."""
    await desk.database.agree_on_time()
    await desk.vault.load(clock.seconds())


async def beat(database: Database, id: str) -> None:
    """`sluice doctor` sees by it that a worker is there."""
    now = clock.seconds()
    await database.execute(BEATS, id, socket.gethostname(), os.getpid(), now)
    await database.execute(FORGET, now - GONE)


async def leave(desk: Desk, id: str) -> None:
    for rail in desk.rails.values():
        await rail.close()
    with suppress(*LOST):
        await desk.database.execute(LEAVE, id)
    await desk.database.close()
