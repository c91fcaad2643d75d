"""`sluice config`: what is set, by whom, and how each secret is changed (O19)."""

import sys
from typing import NamedTuple

import typer

from sluice.cli.connected import AsJson, show
from sluice.cli.options import Data, DatabaseUrl, Port, settings

config = typer.Typer(help="Settings and secrets.", no_args_is_help=True)


class Held(NamedTuple):
    """A secret, where it lies, and what changes it."""

    secret: str
    place: str
    change: str


SECRETS = (
    Held("API keys", "the shop's server; here only their hashes", "sluice keys roll"),
    Held("webhook secrets", "the shop's server; here sealed in the database", "sluice events roll-secret"),
    Held("data keys of the vault", "sealed in the database", "sluice vault rotate"),
    Held("master keys of the vault", "the file SLUICE_VAULT_KEY_FILE", "sluice vault new-key"),
    Held("key that signs digests", "the data folder", "sluice ledger new-key"),
    Held("the database's password", "DATABASE_URL, DATABASE_URL_FILE or a systemd credential", "sluice migrate"),
)


@config.command("show")
def show_settings(json: AsJson = False, data: Data = None, database_url: DatabaseUrl = None, port: Port = None) -> None:
    """Each setting, its value and its source; secrets masked.   Example: sluice config show --json"""
    from sluice.core.settings import strangers
    from sluice.core.shown import shown

    read = settings(data, database_url=database_url, port=port)
    for stranger in strangers():
        print(stranger, file=sys.stderr)
    flags = {"SLUICE_DATA": data is not None, "DATABASE_URL": database_url is not None, "SLUICE_PORT": port is not None}
    show([one._asdict() for one in shown(read, flags)], json)


@config.command("secrets")
def show_secrets(json: AsJson = False) -> None:
    """Each kind of secret, where it lies, and the command that changes it.   Example: sluice config secrets"""
    show([one._asdict() for one in SECRETS], json)
