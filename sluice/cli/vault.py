"""`sluice vault rotate`: new keys for what is sealed, while payments go on (F50)."""

from typing import Any

import typer

from sluice.cli.connected import with_store
from sluice.cli.options import Data, DatabaseUrl, settings

vault = typer.Typer(help="The vault of cards.", no_args_is_help=True)


@vault.command("rotate")
def rotate(data: Data = None, database_url: DatabaseUrl = None) -> None:
    """Seals every card under a new key; can be killed and run again.   Example: sluice vault rotate"""
    from rich.progress import Progress

    from sluice.books.keyring import FileProvider, Keyring
    from sluice.books.vault.rotation import rotate as rotation
    from sluice.cli.crash import CannotGoOn

    read = settings(data, database_url=database_url)

    async def work(store: Any) -> Any:
        ring = Keyring(store, FileProvider(read.vault_key_file))
        await ring.load()
        with Progress() as bar:
            task = bar.add_task("sealing again", total=None)
            async for progress in rotation(ring):
                bar.update(task, completed=progress.resealed)
        return progress

    progress = with_store(read, work)
    print(f"sealed again: {progress.resealed}")
    if progress.unopenable:
        raise CannotGoOn(f"{progress.unopenable} cards did not open and were left as they are: see the log, and your backups")
