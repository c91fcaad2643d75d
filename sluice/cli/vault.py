"""`sluice vault rotate`: new keys for what is sealed, while payments go on (F50)."""

import asyncio
from typing import TYPE_CHECKING

import typer

from sluice.cli.connected import with_store
from sluice.cli.options import Data, DatabaseUrl, settings
from sluice.cli.person import person

if TYPE_CHECKING:
    from sluice.store.database import Database

vault = typer.Typer(help="The vault of cards.", no_args_is_help=True)


@vault.command("rotate")
def rotate(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Seals cards and webhook secrets under new keys; can be killed and run again.   Example: sluice vault rotate"""
    from rich.progress import Progress as Bar

    from sluice.books.audit.entries import record
    from sluice.books.keyring import FileProvider, Keyring
    from sluice.books.vault.rotation import CARDS, PATIENCE, Progress, Shelf
    from sluice.books.vault.rotation import rotate as rotation
    from sluice.books.webhooks.secrets import SHELF
    from sluice.cli.crash import CannotGoOn

    read = settings(data, database_url=database_url)

    async def one(ring: Keyring, shelf: Shelf, bar: Bar) -> Progress:
        task, progress = bar.add_task(f"{shelf.table}: sealing again", total=None), Progress()
        async for progress in rotation(ring, shelf, patience=PATIENCE):
            bar.update(task, completed=progress.resealed)
        return progress

    async def work(store: "Database") -> Progress:
        ring = Keyring(store, FileProvider(read.vault_key_file))
        await ring.load()
        with Bar() as bar:
            both = await asyncio.gather(one(ring, CARDS, bar), one(ring, SHELF, bar))
        progress = Progress(sum(each.resealed for each in both), sum(each.unopenable for each in both), True)
        opened = {"sealed_again": progress.resealed, "did_not_open": progress.unopenable}
        await record(store, person(), "vault.rotate", detail=opened)
        return progress

    print(f"This takes {PATIENCE:.0f} seconds more than the sealing: until no process holds older keys.", flush=True)
    progress = with_store(read, work)
    print(f"sealed again: {progress.resealed}")
    if progress.unopenable:
        raise CannotGoOn(f"{progress.unopenable} rows did not open and were left as they are: see the log, and your backups")


@vault.command("new-key")
def new_key(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """A new master key, last in the key file; data keys are wrapped by it.   Example: sluice vault new-key"""
    from sluice.books.audit.entries import record
    from sluice.books.keyring import FileProvider, Keyring

    read = settings(data, database_url=database_url)

    async def work(store: "Database") -> None:
        provider = FileProvider(read.vault_key_file)
        ring = Keyring(store, provider)
        await ring.load()
        provider.add()
        await ring.rewrap()
        await record(store, person(), "vault.new-key", list(provider.masters)[-1])

    with_store(read, work)
    print(f"{read.vault_key_file} has a new last line, by which every data key is wrapped. Back it up; keep the older lines.")
