"""Who sits at the command line, as the audit log names him: the system's user, and from where he came (S23)."""

import getpass
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluice.books.audit.entries import Who


def person() -> "Who":
    """Behind `sudo` the user who called it; over SSH the address that he came from, else this machine's name."""
    from sluice.books.audit.entries import Who

    user, behind = os_user(), os.environ.get("SUDO_USER")
    actor = f"{behind} as {user}" if behind and behind != user else user
    return Who("person", actor, (os.environ.get("SSH_CONNECTION") or socket.gethostname()).split()[0])


def os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has a number and no name
        return f"uid {os.getuid()}"
