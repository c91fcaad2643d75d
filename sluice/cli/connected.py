"""A command that works on the database: connected for its time, its output as lines or as JSON (O4)."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from socket import gaierror
from typing import Annotated, Any

import typer

from sluice.cli.crash import CannotGoOn, say, unreachable
from sluice.core.settings import Settings
from sluice.store.postgres import database

AsJson = Annotated[bool, typer.Option("--json", help="Valid JSON on standard output.")]
Live = Annotated[bool, typer.Option("--live", help="In live mode; else in test mode.")]
TIMES = ("closed", "created", "expires", "last_used", "revoked")
Merchant = Annotated[str | None, typer.Option("--merchant", metavar="ACCT", help="Which one, if there are several.")]


def with_store(read: Settings, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    """Runs `work(database)` over the database of the settings. A refusal is a sentence."""
    from sluice.core.errors import Refused
    from sluice.store.database import connect
    from sluice.store.migrate import Mismatch, check

    async def run(dsn: str) -> Any:
        await check(dsn)
        store = await connect(dsn, lanes=1, readers=2)
        try:
            return await work(store)
        finally:
            await store.close()

    with database(read, say) as dsn:
        try:
            return asyncio.run(run(dsn))
        except (Refused, Mismatch, LookupError) as refusal:
            raise CannotGoOn(str(refusal)) from None
        except gaierror as unknown:
            raise CannotGoOn(": ".join(unreachable(unknown, dsn))) from None


def show(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Rows as a table that is easy to read, its times in UTC, or as JSON, where they are seconds."""
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    if not rows:
        print("none")
        return
    table = [list(rows[0]), *([cell(name, value) for name, value in row.items()] for row in rows)]
    widths = [max(len(line[n]) for line in table) for n in range(len(table[0]))]
    for line in table:
        print("  ".join(each.ljust(width) for each, width in zip(line, widths, strict=True)).rstrip())


def cell(name: str, value: Any) -> str:
    if name in TIMES and type(value) is int:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return "" if value is None else str(value)
