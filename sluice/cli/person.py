"""Who sits at the command line, as the audit log names him: the system's user, and from where he came (S23)."""

import getpass
import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from sluice.cli.crash import CannotGoOn, say
from sluice.core.secrets import Secret

if TYPE_CHECKING:
    from sluice.books.audit.entries import Who
    from sluice.core.settings import Settings


def person() -> "Who":
    """Behind `sudo` the user who called it; over SSH the address that he came from, else this machine's name."""
    from sluice.books.audit.entries import Who

    user, behind = os_user(), os.environ.get("SUDO_USER")
    actor = f"{behind} as {user}" if behind and behind != user else user
    return Who("person", actor, (os.environ.get("SSH_CONNECTION") or socket.gethostname()).split()[0])


def noted(read: "Settings", dsn: str, action: str, object: str = "", **detail: object) -> None:
    """An entry for a command that opens no store of its own. It never fails the command, which has done its work by then."""
    from asyncpg import PostgresError

    from sluice.books.audit.entries import record
    from sluice.cli.connected import with_store

    try:
        with_store(
            replace(read, database_url=Secret(dsn)), lambda store: record(store, person(), action, object, detail=detail)
        )
    except (CannotGoOn, OSError, PostgresError) as trouble:
        say(f"the audit log has no entry of this {action}: {trouble}")


def os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has a number and no name
        return f"uid {os.getuid()}"
