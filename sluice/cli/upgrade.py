"""`sluice upgrade` and `sluice rollback`: the database is brought to this program while the old one goes on paying.

Who installs the new program starts its processes and stops the old ones; both run on the upgraded database, so the order does
not matter, and the way back is the same way.
"""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice import __version__
from sluice.cli.connected import AsJson, show
from sluice.cli.crash import CannotGoOn, say
from sluice.cli.options import Data, DatabaseUrl, settings
from sluice.cli.person import noted
from sluice.core.settings import Settings
from sluice.store.migrate import numbers
from sluice.store.postgres import database

NOTE = "upgrade.json"  # in the data folder: from which version, and where its backup lies


def upgrade(
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Only try it, on a copy: time, locks, ledger, a payment.")
    ] = False,
    notes: Annotated[bool, typer.Option("--notes", help="Only show what changes.")] = False,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where the backup goes; else in the data folder.")
    ] = None,
    own_backup: Annotated[bool, typer.Option("--own-backup", help="Take none: there is one of yours.")] = False,
    as_json: AsJson = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Backs up, migrates, tests, and marks this version as the one to run.   Example: sluice upgrade --rehearse"""
    read = settings(data, database_url=database_url)
    with database(read, say) as dsn:
        if notes:
            show_notes(dsn, as_json)
        elif rehearse:
            show_rehearsal(read, dsn, as_json)
        else:
            folder = None if own_backup else (to or read.data / "backups").absolute()
            asyncio.run(upgraded(replace(read, database_url=dsn), read, folder))
            noted(read, dsn, "upgrade", __version__)
            print(
                f"The database is ready for Sluice {__version__}, and marked so. Start its processes and stop the old ones, in"
                " whatever order: both run on it. The way back: sluice rollback"
            )


def show_notes(dsn: str, as_json: bool) -> None:
    from sluice.cli import changelog
    from sluice.cli.rehearsal import version_of

    since = asyncio.run(version_of(dsn))
    found = changelog.since(since)
    if as_json:
        broken = [one._asdict() for one in changelog.breaking(found)]
        print(json.dumps({"from": since, "to": __version__, "notes": [one._asdict() for one in found], "breaking": broken}))
    else:
        print("\n\n".join([f"From {since} to {__version__}", *(one.text for one in found)]))


def show_rehearsal(read: Settings, dsn: str, as_json: bool) -> None:
    """The table; exit 1 if anything in it did not go well."""
    from sluice.cli.rehearsal import copied, version_of
    from sluice.cli.rehearsal import rehearse as tried

    with copied(dsn) as copy:
        lines = asyncio.run(tried(read, dsn, copy, asyncio.run(version_of(dsn))))
    show([line._asdict() for line in lines], as_json)
    if not all(line.well for line in lines):
        raise typer.Exit(1)


async def upgraded(known: Settings, read: Settings, folder: Path | None) -> None:
    """Each step is an effect, after each of which a death leaves the old program at work (O12)."""
    from sluice.cli.rehearsal import connected, version_of
    from sluice.core.faults import effect
    from sluice.core.files import replace_privately
    from sluice.store import installation
    from sluice.store.migrate import migrate

    dsn = known.database_url or ""
    note: dict[str, Any] = {"from": await version_of(dsn), "to": __version__, "backup": None}

    async def back_up() -> None:
        if folder:
            note["backup"] = str(await taken(dsn, folder, read))
        if note["from"] != __version__:
            replace_privately(read.data / NOTE, json.dumps(note).encode())

    async def switch() -> None:
        async with connected(dsn) as connection:
            await connection.execute(installation.SWITCHED, __version__)

    await effect("upgrade.backup", back_up)
    for step in await migrate(dsn):
        say(f"applied {step.name} in {step.seconds:.2f} s")
    await effect("upgrade.test", lambda: tested(known))
    await effect("upgrade.switch", switch)


async def taken(dsn: str, folder: Path, read: Settings) -> Path:
    from sluice.cli.backup import password_of
    from sluice.store.backup import take

    base = await take(dsn, folder, password_of(read))
    say(f"backed up into {base}")
    return base


async def tested(known: Settings) -> None:
    """This program opens the database: its keys and rails are there, and the books hold. Nothing is written."""
    from sluice.cli.rehearsal import Wrong, proved
    from sluice.payments.opening import open_desk

    desk = await open_desk(known)
    for rail in desk.rails.values():
        await rail.close()
    await desk.database.close()
    try:
        say(f"the ledger {await proved(known.database_url or '', new=True)}")
    except Wrong as wrong:
        raise CannotGoOn(f"{wrong}. Nothing was switched: the old version goes on; see `sluice ledger verify`") from None


def rollback(
    to: Annotated[str | None, typer.Option("--to", metavar="VERSION", help="Else the one that was upgraded from.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Marks the version before as the one to run, if it still may.   Example: sluice rollback --to 0.1.0"""
    read = settings(data, database_url=database_url)
    file = read.data / NOTE
    note = json.loads(file.read_bytes()) if file.exists() else {}
    version = to or note.get("from")
    if version is None:
        raise CannotGoOn("no upgrade was begun over this data folder: say to which version, as with --to 0.1.0")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})*", version, re.ASCII):
        raise CannotGoOn(f"{version} is no version: give one such as 0.1.0")
    if numbers(version) > numbers(__version__):
        raise CannotGoOn(f"{version} is newer than this program, {__version__}: run `sluice upgrade` with that version")
    with database(read, say) as dsn:
        asyncio.run(rolled_back(dsn, version, note.get("backup")))
        noted(read, dsn, "rollback", version)
    print(
        f"Sluice {version} may run on this database, and is marked so: start its processes and stop these. No payment is lost."
    )


async def rolled_back(dsn: str, version: str, backup: str | None) -> None:
    """Refused when a step has taken away what that version needs: then only the backup helps."""
    from asyncpg import UndefinedColumnError

    from sluice.cli.rehearsal import connected
    from sluice.store import installation, migrate

    async with connected(dsn) as connection:
        for row in await connection.fetch(migrate.DONE):
            if migrate.numbers(row["needs"]) > migrate.numbers(version):
                raise CannotGoOn(
                    f"{row['name']} took away what Sluice {version} needs. Restore the backup: sluice restore"
                    f" {backup or 'DIR'}; then sluice recover asks the banks what was paid since"
                )
        with suppress(UndefinedColumnError):  # the upgrade had not come so far
            await connection.execute(installation.SWITCHED, version)
