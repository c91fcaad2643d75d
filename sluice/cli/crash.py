"""What a person sees when a command cannot go on: one sentence, never a traceback, never a card number (O5)."""

import errno
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from socket import gaierror
from urllib.parse import urlsplit

from sluice.cli.options import place
from sluice.core.files import private_file
from sluice.core.ids import chance
from sluice.core.log import clean

LOG = "crash.log"


class CannotGoOn(Exception):
    """A condition that the person can cure; the message is what they read."""


def sentences(error: BaseException) -> list[str]:
    """What to tell of a foreseen condition; [] of one that is our defect."""
    from asyncpg import InvalidAuthorizationSpecificationError, InvalidCatalogNameError

    from sluice.core.listener import PortTaken
    from sluice.core.settings import SettingsFault
    from sluice.store.migrate import Mismatch
    from sluice.store.postgres_home import PostgresFailed

    match error:
        case SettingsFault():
            return error.sentences
        case CannotGoOn() | PortTaken() | PostgresFailed() | Mismatch():
            return [str(error)]
        case ConnectionError() | InvalidAuthorizationSpecificationError() | InvalidCatalogNameError():
            return [f"the database does not take us: {error}. Look at DATABASE_URL, and whether it runs"]
        case OSError() if error.filename or error.errno == errno.ENOSPC:
            return [
                f"{error.filename or 'the data folder'}: {error.strerror}. Choose another place, or make room or rights there"
            ]
        case _:
            return []


def unreachable(error: BaseException, dsn: str) -> tuple[str, str]:
    """Why the database does not take us, and the cure: the same words from `doctor` and from whoever needs it (O3)."""
    host = urlsplit(dsn).hostname
    if isinstance(error, gaierror):
        return f"the name {host} in DATABASE_URL has no address", f"correct it, or this machine's DNS: getent hosts {host}"
    return f"PostgreSQL does not take us: {clean(str(error)) or 'it gives no answer'}", "start it, or correct DATABASE_URL"


def tell(error: BaseException, *, debug: bool) -> None:
    """Writes to stderr; our own defects go to the log, under an id, whole."""
    told = sentences(error)
    for sentence in told:
        say(f"sluice: {clean(sentence)}")
    if told:
        return
    text = clean("".join(traceback.format_exception(error)), lines=True)
    id = f"crash_{chance(8)}"
    say(f"sluice: {type(error).__name__}: this is a defect of Sluice ({id}). Details: {record(id, text)}")
    if debug:
        say(text)


def record(id: str, text: str) -> Path:
    """Appends to the log of this data folder, or, when that cannot be, of the system's temporary one."""
    for folder in (*place, Path(tempfile.gettempdir())):
        file = folder / LOG
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with private_file(file, os.O_APPEND) as log:
                os.write(log, f"{datetime.now(UTC).isoformat()} {id}\n{text}\n".encode())
        except OSError:
            continue
        return file
    return Path("nowhere: no folder can be written to")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
