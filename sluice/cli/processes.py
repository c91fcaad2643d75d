"""The roles as processes of their own: `sluice up` starts them on one machine, an operator as many as wanted."""

import asyncio
import json
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice.cli.crash import say
from sluice.cli.discretion import leave_no_core
from sluice.cli.options import Data, DatabaseUrl, Port, settings
from sluice.core.files import replace_privately
from sluice.core.log import set_up_log
from sluice.core.settings import Settings
from sluice.store.postgres import database

BANK = "127.0.0.1:0"


def api(data: Data = None, port: Port = None, database_url: DatabaseUrl = None) -> None:
    """Serves the API.   Example: sluice api --port 8420"""
    read = settings(data, port=port, database_url=database_url)
    from sluice.api.server import serve

    with_database(read, serve)


def worker(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Recovers, settles, numbers events, delivers webhooks.   Example: sluice worker"""
    read = settings(data, database_url=database_url)
    from sluice.worker.main import serve

    with_database(read, serve)


def sandbox(
    data: Data = None,
    listen: Annotated[str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where (SLUICE_BANK).")] = None,
) -> None:
    """Runs the sandbox's bank, with books of its own.   Example: sluice sandbox --listen 127.0.0.1:9000"""
    read = settings(data)
    from sluice.simulators.bank.server import serve

    host, _, port = (listen or read.bank or BANK).rpartition(":")
    set_up_log(read.log)
    run(serve(host, int(port), read.data / "bank", lambda taken: note_bank(read.data, f"{host}:{taken}")))


def migrate(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Brings the database to this version's state; can be repeated.   Example: sluice migrate"""
    read = settings(data, database_url=database_url)
    from sluice.store.migrate import migrate as bring

    with database(read, say) as dsn:
        applied = asyncio.run(bring(dsn))
    print("\n".join(f"applied {step.name}" for step in applied) or "nothing to apply")


def with_database(read: Settings, serve: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """A role over the database that the settings name, or, as under `sluice up`, over the data folder's own."""
    set_up_log(read.log)
    with database(read, say) as dsn:
        run(serve(replace(read, database_url=dsn)))


def run(work: Coroutine[Any, Any, None]) -> None:
    """Until it ends. SIGTERM and Ctrl-C cancel it once, so that it can finish what is in flight."""
    import uvloop

    leave_no_core()

    async def until_told() -> None:
        task = asyncio.ensure_future(work)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_told())


def note_bank(data: Path, address: str) -> None:
    """Other processes of this data folder find the bank by it."""
    replace_privately(data / "bank.json", json.dumps({"address": address}).encode())
