"""`sluice backup`, `sluice restore`, `sluice recover`: a copy of the database, the way back, and what must come after it."""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice.cli.connected import AsJson, show, with_store
from sluice.cli.crash import CannotGoOn, say
from sluice.cli.moments import FORMS, moment
from sluice.cli.options import Data, DatabaseUrl, settings
from sluice.cli.person import noted, person
from sluice.core.settings import Settings
from sluice.store.postgres import database

MARGIN = 3_600  # seconds before a backup began from which rails are asked: clocks differ, and an outage may have come before
ENDS = "select extract(epoch from pg_last_xact_replay_timestamp())::float8"


def backup(
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Where; else in the data folder.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on: receive the log as it comes, until stopped.")] = False,
    as_json: AsJson = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Copies the whole database server while it works.   Example: sluice backup --to /mnt/backups"""
    from sluice.store import backup as making

    read = settings(data, database_url=database_url)
    folder = (to or read.data / "backups").absolute()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the receiver ends with us
    with database(read, say) as dsn:
        if follow:
            with making.following(dsn, folder) as receiving:
                if not making.bases(folder):
                    backed_up(dsn, folder, read, as_json)
                say(f"receiving the log into {folder / making.WAL}")
                raise CannotGoOn(f"the log is not received any more: {making.complaint_of(receiving)}")
        backed_up(dsn, folder, read, as_json)


def backed_up(dsn: str, folder: Path, read: Settings, as_json: bool) -> None:
    from sluice.store.backup import take

    base = asyncio.run(take(dsn, folder, password_of(read)))
    noted(read, dsn, "backup", base.name)
    tell_base(base, read, as_json)


def password_of(read: Settings) -> Path | None:
    return None if read.database_url else read.data / "postgres.password"


def tell_base(base: Path, read: Settings, as_json: bool) -> None:
    from sluice.store.backup import read as manifest_of

    manifest, size = manifest_of(base), sum(file.stat().st_size for file in base.iterdir())
    facts = {"base": str(base), "bytes": size, "taken": manifest.taken, "epoch": manifest.epoch, "sluice": manifest.sluice}
    if as_json:
        print(json.dumps(facts), flush=True)
        return
    print(f"{base}: {size >> 10} KB, as of {written(manifest.taken)}", flush=True)
    print(f"Not in it: {read.vault_key_file}. Keep that elsewhere: without it no card can be opened.", flush=True)
    print("Nor the key that signs the ledger's digests, digest.key beside it.", flush=True)


def restore(
    base: Annotated[Path | None, typer.Argument(metavar="DIR", help="A backup's folder: its newest base, or one.")] = None,
    prove: Annotated[bool, typer.Option("--prove", help="Only try it: into a temporary folder, removed again.")] = False,
    to_time: Annotated[
        str | None, typer.Option("--to-time", metavar="TIME", help="Not further than 2026-11-25T10:00Z.")
    ] = None,
    mark: Annotated[bool, typer.Option("--mark", help="The database was restored by other means: only mark it.")] = False,
    as_json: AsJson = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Puts a backup into a new data folder, and verifies it.   Example: sluice restore /mnt/backups --prove"""
    read = settings(data, database_url=database_url)
    if mark:
        return mark_only(read, to_time)
    if base is None:
        raise CannotGoOn("say which backup: sluice restore DIR")
    until = None if to_time is None else moment(to_time)
    chosen = newest(base.absolute(), until)
    if not prove and read.data.exists() and any(read.data.iterdir()):
        raise CannotGoOn(f"{read.data} is not empty: restore into a new folder with --data")
    with place(read.data, prove) as folder:
        facts = restored(chosen, replace(read, data=folder), None if until is None else iso(until))
    print(json.dumps(facts, indent=2) if as_json else told(facts, None if prove else read.data))
    if not facts["holds"]:
        raise typer.Exit(1)
    return None


def iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


def newest(folder: Path, until: int | None) -> Path:
    """The last base that was taken before that moment: a later one cannot be led back to it."""
    from sluice.store.backup import bases, manifest_of

    found = bases(folder)
    if not found:
        raise CannotGoOn(f"{folder} holds no whole backup: a folder base-… with a manifest.json")
    before = [base for base in found if until is None or manifest_of(base).taken <= until]
    if not before:
        raise CannotGoOn(f"{found[0]} was taken after {written(until or 0)}: name a later moment, or an older base")
    return before[-1]


@contextmanager
def place(data: Path, prove: bool) -> Iterator[Path]:
    """A folder of its own, which becomes the data folder when all is done, or is removed: none is ever half restored."""
    from sluice.store.restore import forget

    data.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="sluice-proof-")) if prove else data.with_name(f"{data.name}.restoring")
    try:
        if not prove:
            forget(folder)
        yield folder
        if not prove:
            if data.exists():
                data.rmdir()  # it is empty
            folder.rename(data)
    finally:
        forget(folder)


def restored(base: Path, read: Settings, until: str | None) -> dict[str, Any]:
    """Recovered, migrated to this program, marked, verified."""
    from sluice.books.audit.entries import record
    from sluice.books.digests.proof import UNCHANGED
    from sluice.books.verify.proof import verify
    from sluice.cli.ledger import facts
    from sluice.payments.proofs import EVERY
    from sluice.store.migrate import migrate
    from sluice.store.restore import restored as recovered

    with recovered(base, read.data, until, say) as (dsn, manifest):
        asyncio.run(migrate(dsn))
        epoch, ends = asyncio.run(marked(dsn, manifest.taken))

        async def proved(store: Any) -> Any:
            proof = await verify(store, (*EVERY, UNCHANGED), None, lambda *_: None)
            await record(store, person(), "restore", base.name, result="lie" if proof.lie else "holds", detail={"epoch": epoch})
            return proof

        proof = with_store(replace(read, database_url=dsn), proved)
    return {"base": str(base), "sluice": manifest.sluice, "taken": manifest.taken, "ends": ends, "epoch": epoch} | facts(proof)


async def marked(dsn: str, taken: int) -> tuple[int, int]:
    """The new epoch, and the second at which the books end."""
    from sluice.store import installation, primary

    connection = await primary.connect(dsn)
    try:
        ends = await connection.fetchval(ENDS)
        return await installation.mark_restored(connection, taken), int(ends or taken)
    finally:
        await connection.close()


def mark_only(read: Settings, to_time: str | None) -> None:
    """For a server that was restored with PostgreSQL's own tools, before anything of Sluice is started over it."""
    if to_time is None:
        raise CannotGoOn("say at which moment its books end, or before: sluice restore --mark --to-time 2026-11-25T10:00Z")
    with database(read, say) as dsn:
        epoch, _ = asyncio.run(marked(dsn, moment(to_time)))
    print(f"Marked: references bear epoch {epoch}. No payment is taken until `sluice recover` has asked the banks.")


def told(facts: dict[str, Any], data: Path | None) -> str:
    books = "The books hold" if facts["holds"] else f"The books do not hold: {facts['lie']}"
    rows = ", ".join(f"{rows} {table.replace('_', ' ')}" for table, rows in facts["proved"].items() if rows)
    lines = [f"{books}, up to {written(facts['ends'])}: {facts['checks']} checks over {rows or 'empty tables'}."]
    if data:
        lines += [
            f"Restored into {data}; references bear epoch {facts['epoch']}. Put the vault's key file there, then start Sluice.",
            "No payment is taken until `sluice recover` has asked the banks what they booked since.",
        ]
    return "\n".join(lines)


def recover(
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help=f"{FORMS}. Else an hour before the backup.")
    ] = None,
    not_asked: Annotated[list[str] | None, typer.Option("--not-asked", metavar="RAIL", help="One that cannot list.")] = None,
    as_json: AsJson = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """After a restore: asks every bank what it booked since, and settles it.   Example: sluice recover --since 2h"""
    read = settings(data, database_url=database_url)
    with database(read, say) as dsn:
        found = asyncio.run(compared(replace(read, database_url=dsn), since, not_asked or []))
    show([one._asdict() for one in found], as_json)
    if not as_json:
        left = sum(one.done == "left" for one in found)
        others = f" {left} of them were left alone: another installation's, or voids that hold nothing." if left else ""
        print(f"{len(found)} messages were not in the books.{others} Payments are taken again.")


async def compared(read: Settings, since: str | None, not_asked: list[str]) -> list[Any]:
    from sluice.books.audit.entries import record
    from sluice.core.clock import clock
    from sluice.core.errors import Refused
    from sluice.payments import recovery
    from sluice.payments.comparing import compare
    from sluice.payments.opening import open_desk
    from sluice.store import installation

    desk = await open_desk(read)
    try:
        if since is None and desk.restored is None:
            raise CannotGoOn("nothing was restored: say since when the banks are to be asked, with --since")
        start = moment(since) if since else (desk.restored or clock.seconds()) - MARGIN
        if desk.restored is not None and start > desk.restored:
            raise CannotGoOn(
                f"the restored books may end at {written(desk.restored)}: what a bank booked between then and {written(start)}"
                " would never be found. Give an earlier --since, or none"
            )
        mute = [name for name, rail in desk.rails.items() if not rail.can.lists and name not in not_asked]
        if mute:
            raise CannotGoOn(
                f"{', '.join(mute)} cannot list what was booked: compare the bank's statement by hand, then add --not-asked"
            )
        if start > clock.seconds():
            raise CannotGoOn(f"{written(start)} is still to come: nothing was booked since. Give an earlier --since")
        say(f"asking {', '.join(name for name in desk.rails if name not in not_asked)} what was booked since {written(start)}")
        while await recovery.sweep(desk):
            say("asking the banks about what the books know to be open")
        found = []
        for name, rail in desk.rails.items():
            if name not in not_asked:
                found += await compare(desk, rail, start)
        await desk.database.execute(installation.COMPARED, desk.epoch)
        await record(desk.database, person(), "recover", detail={"since": start, "found": len(found), "not_asked": not_asked})
        return found
    except Refused as refusal:
        raise CannotGoOn(f"{refusal} Run it again: what is done is done") from None
    finally:
        await desk.drain()
        for rail in desk.rails.values():
            await rail.close()
        await desk.database.close()


def written(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
