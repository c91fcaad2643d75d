"""`sluice events`: followed and sent again from the command line, over a real database and receiver (O6)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import stripe
from aiohttp import web
from typer.testing import CliRunner

from sluice.cli.crash import CannotGoOn
from sluice.cli.main import app
from sluice.cli.moments import moment
from sluice.core.clock import clock
from sluice.merchants.shop import Shop
from tests.unit.webhooks_bench import Bench, Receiver, until

pytest_plugins = ["tests.unit.webhooks_fixtures"]

SECRET = "whsec_" + "a" * 32


@pytest.fixture
def data(tmp_path: Path) -> Path:
    shop = Shop("acct_1", "pk_test_x", "sk_test_x", SECRET)
    (tmp_path / "test-shop.json").write_text(json.dumps({name: getattr(shop, name) for name in shop.__struct_fields__}))
    return tmp_path


@asynccontextmanager
async def listening(dsn: str, data: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command as a process. It is killed at the end, as by a power cut."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sluice.cli.main", "events", "listen", "--data", data, "--database-url", dsn, *options,
        stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def written(data: Path) -> int:
    """The last number that it wrote down; -1 before it began."""
    files = [file for file in data.glob("listen-*") if file.suffix == ""]
    return int(files[0].read_text()) if files else -1


@pytest.mark.shows("O6")
async def test_no_event_is_missing_or_doubled(bench: Bench, receiver: Receiver, db_dsn: str, data: Path) -> None:
    """O6: stopped for a while, killed, connections cut; each event arrives once, in order, under the stable secret."""
    forward = ("--forward", f"{receiver.url}/hook")
    await bench.tell("ch_before")
    async with listening(db_dsn, data, *forward):
        await until(lambda: written(data) == 1, 30)
        await bench.tell("ch_1", "ch_2")
        await until(lambda: written(data) == 3)
    await bench.tell("ch_3", "ch_4")
    async with listening(db_dsn, data, *forward) as process:
        await until(lambda: written(data) == 5, 30)
        owner = await asyncpg.connect(db_dsn)
        others = "datname = current_database() and pid <> pg_backend_pid()"
        await owner.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where {others}")
        await owner.close()
        await bench.db.fetch("select 1")
        await bench.tell("ch_5")
        await until(lambda: written(data) == 6, 30)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    assert receiver.numbers() == [2, 3, 4, 5, 6]
    for _, headers, body in receiver.heard:
        stripe.WebhookSignature.verify_header(body.decode(), headers["stripe-signature"], SECRET, 300)  # type: ignore[no-untyped-call]


@pytest.mark.shows("O6")
async def test_since_and_only_choose(bench: Bench, receiver: Receiver, db_dsn: str, data: Path) -> None:
    """O6: `--since` begins earlier, `--only` leaves out, and what is left out is behind it."""
    await bench.tell("ch_1", type="charge.failed")
    await bench.tell("re_1", type="refund.created")
    await bench.tell("ch_2", type="charge.failed")
    async with listening(db_dsn, data, "--forward", f"{receiver.url}/hook", "--since", "1h", "--only", "refund.*,charge.x"):
        await until(lambda: written(data) == 3, 30)
    assert receiver.numbers() == [2]


@pytest.mark.shows("O6")
async def test_what_got_no_answer_is_sent_again(bench: Bench, receiver: Receiver, db_dsn: str, data: Path) -> None:
    """O6: no event is missing because the shop was being started; any answer is an answer."""

    async def hangs_up_first(request: web.Request) -> web.StreamResponse:
        if len(receiver.heard) == 1 and request.transport:
            request.transport.abort()
        return web.Response(status=500)

    receiver.answer = hangs_up_first
    await bench.tell("ch_1", "ch_2")
    async with listening(db_dsn, data, "--forward", f"{receiver.url}/hook", "--since", "1h"):
        await until(lambda: written(data) == 2, 30)
    assert receiver.numbers() == [1, 1, 2]


def test_a_moment_is_a_span_a_second_or_a_date() -> None:
    """O6."""
    assert moment("1800000000") == 1_800_000_000
    assert moment("2026-11-24T12:00") == moment("2026-11-24T12:00:00+00:00") == 1_795_521_600
    assert abs(moment("2h") - (clock.seconds() - 7_200)) <= 1
    with pytest.raises(CannotGoOn):
        moment("yesterday")


@pytest.mark.shows("D19")
async def test_events_are_sent_again_from_the_command_line(bench: Bench, receiver: Receiver, db_dsn: str, data: Path) -> None:
    """B-5.83."""
    await bench.endpoint(f"{receiver.url}/hook")
    (id,) = await bench.tell("ch_1")
    await bench.quiet()
    arguments = ["events", "resend", id, "--merchant", "acct_1", "--data", str(data), "--database-url", db_dsn]
    done = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert done.output == "1 deliveries are due again\n"
    await bench.quiet()
    assert receiver.numbers() == [1, 1]
