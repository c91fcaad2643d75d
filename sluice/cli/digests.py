"""`sluice ledger digest`: closed days, signed, and a folder of them that an accountant checks without the server."""

import json
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from sluice.cli.connected import AsJson, Merchant, show, with_store
from sluice.cli.crash import CannotGoOn, say
from sluice.cli.options import Data, DatabaseUrl, settings
from sluice.cli.person import person

README = """Digests of the ledger's closed days, and their postings.

    python3 verify.py

checks each signature, each day's postings against it, and each day against the one before. It needs Python 3.9 or newer and
nothing else. Give `--key PUBLIC_KEY` with the key that you noted down when you first got such a folder (again for each newer
one that you were told of); keys.json is only what came along with it.

DAY.json   what was signed: the sums of each account, and the hash of DAY.jsonl
DAY.sig    its Ed25519 signature, in hex
DAY.jsonl  the day's postings, one a line, in minor units; a balance is credits less debits
"""


def digest(
    day: Annotated[str | None, typer.Option("--day", metavar="DAY", help="2026-11-24; every closed day if none is.")] = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="DIR", help="Writes the days there, to be checked.")
    ] = None,
    as_json: AsJson = False,
    merchant: Merchant = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Closes the days that are over (UTC), signs and lists them.   Example: sluice ledger digest --export audit-2026"""
    from sluice.books.audit.entries import record
    from sluice.books.digests.closing import close, over
    from sluice.books.digests.export import stored
    from sluice.books.digests.keys import beside
    from sluice.core.clock import clock

    read, wanted = settings(data, database_url=database_url), date_of(day)

    async def work(store: Any) -> Any:
        last = over(clock.seconds())
        if wanted and wanted > last:
            raise LookupError(f"{wanted} is not over yet: the last day that can be closed is {last} (UTC)")
        await close(store, beside(read.vault_key_file), last, merchant)
        found = await stored(store, merchant, wanted)
        if export and not found:
            say(f"nothing to export: no day with a fact is closed yet, and the last that can be is {last} (UTC)")
        elif export:
            await write(store, export, found, beside(read.vault_key_file))
            await record(store, person(), "ledger.export", merchant or "", detail={"days": len(found), "to": str(export)})
        return found

    found = with_store(read, work)
    show([facts(one) for one in found], as_json)


def new_key(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Makes the next key that signs digests; older ones stay known.   Example: sluice ledger new-key"""
    from sluice.books.audit.entries import record
    from sluice.books.digests.keys import SigningKeys, beside

    read = settings(data, database_url=database_url)

    async def work(store: Any) -> str:
        keys = SigningKeys(beside(read.vault_key_file))
        keys.add()
        await record(store, person(), "digest_key.new", keys.newest)
        return f"{keys.newest} {keys.public(keys.newest).hex()}"

    print(with_store(read, work))


def date_of(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CannotGoOn(f"--day {text} is no day: give one such as {date(2026, 11, 24)}") from None


def facts(one: Any) -> dict[str, Any]:
    said = json.loads(one.body)
    counted = {"postings": said["postings"]["count"], "facts": said["postings"]["facts"], "audited": said["audit"]["number"]}
    return {"day": said["day"], "of": str(one.place), **counted, "key": one.key, "signature": one.signature.hex()[:16] + "…"}


async def write(store: Any, top: Path, found: Any, key_file: Path) -> None:
    """A folder for each merchant and mode. Files that are there already are written anew, and come out the same."""
    from sluice.books.digests.export import folder_of, postings
    from sluice.books.digests.keys import SigningKeys

    keys = SigningKeys(key_file)
    public = json.dumps({id: keys.public(id).hex() for id in keys.masters}, indent=2) + "\n"
    top.mkdir(parents=True, exist_ok=True, mode=0o700)
    (top / "README.txt").write_text(README)
    (top / "verify.py").write_bytes((files("sluice.cli") / "digest_check.py").read_bytes())
    for one in found:
        folder = top / folder_of(one.place)
        folder.mkdir(exist_ok=True, mode=0o700)
        (folder / "keys.json").write_text(public)
        (folder / f"{one.day}.json").write_bytes(one.body)
        (folder / f"{one.day}.sig").write_text(one.signature.hex() + "\n")
        with open(folder / f"{one.day}.jsonl", "wb") as file:  # noqa: ASYNC230 (a command has nothing else to do)
            async for line in postings(store, one):
                file.write(line)
