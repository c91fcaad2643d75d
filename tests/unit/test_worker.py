"""The worker's loops: side by side, through faults, to a clean end; and the worker whole, over a database of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sluice.books.ledger import balances
from sluice.core.clock import clock
from sluice.core.secrets import Secret
from sluice.core.settings import read_settings
from sluice.worker import loops
from sluice.worker.loops import AWAY_MOST, PAUSE_MOST, Loop
from sluice.worker.main import serve
from tests.rails.bench import BankProcess
from tests.unit.desk_world import SCOPE, World

pytest_plugins = ["tests.unit.vault_database", "tests.unit.desk_fixtures"]


async def stopped(*given: Loop, after: asyncio.Event) -> None:
    running = asyncio.create_task(loops.run(given))
    await asyncio.wait_for(after.wait(), 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.shows("F28")
async def test_a_loop_that_fails_goes_on_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It pauses longer and longer; the others do not notice."""
    pauses: list[float] = []
    done, turns = asyncio.Event(), 0

    async def rest(stop: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    async def fails() -> None:
        nonlocal turns
        turns += 1
        if turns == 12:
            done.set()
        raise ValueError

    async def works() -> bool:
        return await asyncio.sleep(0, True)

    monkeypatch.setattr(loops, "rest", rest)
    await stopped(Loop("fails", fails, 0.1), Loop("works", works, 1.0), after=done)
    assert pauses == sorted(pauses)
    assert pauses[0] < 1 < pauses[-1] == PAUSE_MOST


def test_a_database_that_is_away_is_looked_for_often() -> None:
    """Everything waits for it, so the pauses stay short."""
    assert loops.away(ConnectionRefusedError(), 0.1, 50) == AWAY_MOST
    assert loops.away(ValueError(), 0.1, 50) == PAUSE_MOST


@pytest.mark.shows("F49")
async def test_what_is_in_flight_comes_to_its_end() -> None:
    """A turn that moves money is waited for; one that only listens is not, and a pause ends at once."""
    began, ended = asyncio.Event(), False

    async def moves() -> None:
        nonlocal ended
        began.set()
        await asyncio.sleep(0.1)
        ended = True

    async def listens() -> None:
        await asyncio.sleep(3_600)

    async def rests() -> None:
        return None

    given = Loop("moves", moves, 1.0), Loop("listens", listens, 1.0, at_once=True), Loop("rests", rests, 3_600)
    await asyncio.wait_for(stopped(*given, after=began), 10)
    assert ended


@pytest.fixture
async def worker(db_dsn: str, world: World, bank_process: BankProcess, tmp_path: Path) -> AsyncIterator[asyncio.Task[None]]:
    """A whole worker, in this process, over the world's database, vault and bank."""
    settings = replace(read_settings(data=tmp_path, database_url=db_dsn), bank=f"127.0.0.1:{bank_process.port}")
    task = asyncio.create_task(serve(replace(settings, database_url=Secret(db_dsn))))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(world: World, sql: str) -> None:
    for _ in range(400):
        if await world.value(sql):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(sql)


async def test_a_worker_does_all_that_falls_due(world: World, worker: asyncio.Task[None]) -> None:
    """Events are numbered, money matures, a refund comes back; nobody asked for any of it."""
    await world.refund(await world.pay(1000, "pm_card_refundFail"), 400)
    await world.database.execute("update balance_transactions set available_on = 1 where scope = 1")
    await until(world, "select exists (select from events where scope = 1 and type = 'balance.available')")
    await until(world, "select exists (select from refunds where scope = 1 and status = 'failed')")
    await until(world, "select not exists (select from balance_transactions where scope = 1 and matured is null)")
    await until(world, "select not exists (select from outbox where scope = 1)")
    numbers = await world.value("select count(*) from event_numbers where scope = 1")
    assert numbers == await world.value("select numbered from scopes where scope = 1") == len(await world.events())
    assert (await balances(world.database, SCOPE))[("available", "usd")] == 1000 - 59


async def test_a_worker_shows_that_it_is_there_and_that_it_left(world: World, worker: asyncio.Task[None]) -> None:
    """`sluice doctor` reads it."""
    await until(world, "select count(*) from workers")
    row = await world.database.fetchrow("select pid, beat from workers")
    assert row
    assert row["pid"] == os.getpid()
    assert abs(row["beat"] - clock.now()) < 30
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert await world.value("select count(*) from workers") == 0
