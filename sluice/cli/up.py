"""`sluice up`: the whole gateway in one terminal."""

import asyncio
import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sluice.cli.crash import CannotGoOn, say
from sluice.cli.options import Data, DatabaseUrl, Port, settings
from sluice.cli.stack import Parts, Shop, Stack, child_environment, own_parts
from sluice.core.files import replace_privately
from sluice.core.listener import PortTaken, listen, listen_inside
from sluice.core.log import set_up_log
from sluice.core.settings import Settings, reachable, read_settings, strangers
from sluice.store.postgres import ELSEWHERE, database
from sluice.store.postgres_home import make_data_folder

WATCHED = ("api", "worker")
PORT_PATIENCE = 1.0  # seconds for the port of a killed `up` to come free


def up(
    data: Data = None,
    port: Port = None,
    database_url: DatabaseUrl = None,
    ready: Annotated[Path | None, typer.Option("--ready", metavar="FILE", help="Written once the API answers (JSON).")] = None,
) -> None:
    """Starts everything on this machine: database, bank, API, worker.   Example: sluice up --port 0"""
    read = settings(data, database_url=database_url, port=port)
    set_up_log(read.log)
    for sentence in strangers():
        say(sentence)
    live(read, own_parts, ready)


def live(read: Settings, parts: Callable[[], Parts], ready: Path | None) -> None:
    """One life of the gateway, from the lock to the last child; the database stops last."""
    if ready and not ready.absolute().parent.is_dir():
        raise CannotGoOn(f"there is no folder for the ready file {ready}: make it, or choose another --ready")
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the stack listens for it
    make_data_folder(read.data)
    read.logs.mkdir(exist_ok=True, mode=0o700)
    if read.database_url:
        (read.data / ELSEWHERE).touch(mode=0o600)
    with only_one(read.data), door(read) as listener, inner_doors(read) as inner, lifeline() as line:
        known = with_addresses(read, listener.getsockname()[1])
        watched = {role: each.fileno() for role, each in inner.items()}
        files = [listener.fileno(), line, *watched.values()]
        env = child_environment(known, listener.fileno(), line)
        with database(known, say) as dsn:
            say(f"database ready in {time.monotonic() - begun:.1f} s")

            def answered(shop: Shop) -> None:
                say(f"API ready in {time.monotonic() - begun:.1f} s")
                greet(known, shop, {role: address(each) for role, each in inner.items()}, ready)

            stack = Stack(replace(known, database_url=dsn), parts(), env=env, hands_down=files, inner=watched, say=say)
            asyncio.run(stack.run(answered))
    say("stopped")


def with_addresses(read: Settings, port: int) -> Settings:
    """The settings again, now that the ports are known."""
    again = read_settings(data=read.data, database_url=read.database_url, port=port)
    return replace(again, bank=free_address(read.bank or "127.0.0.1:0"))


def free_address(wanted: str) -> str:
    """The bank's last address, so that nobody has to look for it anew, or a free one if it was taken."""
    host, _, port = wanted.rpartition(":")
    for number in (int(port), 0):
        try:
            with socket.create_server((host, number)) as free:
                return f"{host}:{free.getsockname()[1]}"
        except OSError:
            continue
    raise CannotGoOn(f"the bank cannot listen on {host}: set SLUICE_BANK to another address")


def greet(known: Settings, shop: Shop, inner: Mapping[str, str], ready: Path | None) -> None:
    from sluice.cli.greeting import greeting

    print(greeting(known, shop, inner), flush=True)
    if ready:
        facts = {"url": known.public_url, "port": known.port, "pid": os.getpid(), "account": shop.account, "inner": inner}
        keys = {name: getattr(shop, name) for name in ("publishable_key", "secret_key", "webhook_secret")}
        replace_privately(ready, json.dumps(facts | keys).encode())


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """One `sluice up` to a data folder. The lock goes with its process, however that ends."""
    file = os.open(data / "up.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 100).decode().strip() or "unknown"
        raise CannotGoOn(f"Sluice already runs over {data} (process {holder}): stop it, or choose another --data") from None
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
    try:
        yield
    finally:
        os.close(file)


@contextmanager
def door(read: Settings) -> Iterator[socket.socket]:
    """The API's socket, bound here: it outlives an API that dies, and whoever calls meanwhile waits in it."""
    deadline = time.monotonic() + PORT_PATIENCE
    while True:
        try:
            with listen(read.host, read.port) as listener:
                yield listener
            return
        except PortTaken:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def inner_doors(read: Settings) -> Iterator[dict[str, socket.socket]]:
    """Where API and worker show what they do: a port that was chosen and the next one, or free ones."""
    with ExitStack() as opened:
        first = read.inner_port
        ports = {role: first + n if first else 0 for n, role in enumerate(WATCHED)}
        yield {role: opened.enter_context(listen_inside(read.inner_host, port)) for role, port in ports.items()}


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{reachable(host)}:{port}"


@contextmanager
def lifeline() -> Iterator[int]:
    """A pipe's reading end, for the children: it ends when this process does."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)
