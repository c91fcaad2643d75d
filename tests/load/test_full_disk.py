"""A full disk under PostgreSQL: payments are refused before the rail is asked, and go on by themselves once there is room."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from sluice.core.secrets import Secret
from sluice.store.postgres import Postgres
from sluice.store.postgres_home import recorded
from tests.harness import Bank, Gateway, Shop
from tests.harness.processes import ROOT, free_port, until
from tests.kills.moves import CREATE
from tests.load.books import agree
from tests.load.small_disks import SmallDisk, small_disk
from tests.load.swarm import Client, Said, at_once, statuses

NO_ROOM = "Sluice's database has no room left on its disk. Nothing has happened; try again in a moment."
AT_ONCE = 40
ROUNDS = 60  # within which the pages that are there must be full
HEAP, WAL = 96, 40  # megabytes: all tables empty take some twenty, a segment of WAL sixteen
SOME_WAL = "select pg_logical_emit_message(true, 'test', repeat('x', 1000))"
NEXT_SEGMENT = "select pg_switch_wal()"


async def pay(client: Client, key: str = "") -> Said:
    return await client("POST", "/v1/payment_intents", CREATE, key)


@contextmanager
def folder() -> Iterator[Path]:
    """One that the server's account may pass through."""
    with tempfile.TemporaryDirectory(prefix="sluice-disk-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


async def superuser(server: str, *statements: str) -> None:
    connection = await asyncpg.connect(server)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture
def heap(postgres_server: Secret, tmp_path: Path) -> Iterator[tuple[Gateway, SmallDisk]]:
    """A gateway all of whose tables lie on a small disk; the WAL does not."""
    with folder() as place:
        name, where = place.name.replace("-", "_").lower(), place / "disk"
        where.mkdir()
        with small_disk(where, HEAP) as disk:
            asyncio.run(superuser(postgres_server, f"create tablespace {name} location '{where}'"))
            try:
                with Gateway(Secret(f"{postgres_server}&default_tablespace={name}"), tmp_path) as gateway:
                    yield gateway, disk
            finally:
                asyncio.run(superuser(postgres_server, f"drop tablespace {name}"))


@pytest.mark.shows("F35")
def test_tables_without_room(heap: tuple[Gateway, SmallDisk]):
    """With no room for a row, payments are 503 and the bank hears nothing; reads work; with room all goes on, books agree."""
    gateway, disk = heap
    shop = Shop(gateway)
    paid = [shop.pays().id for _ in range(3)]
    disk.fill()
    begun = until_full(gateway, shop)
    booked = len(gateway.bank.booked())
    full = gateway.run(at_once(gateway.url, shop.secret, [pay] * AT_ONCE))
    assert statuses(full) == {503: AT_ONCE}
    assert {said.json["error"]["message"] for said in full} == {NO_ROOM}
    assert {said.headers["retry-after"] for said in full} == {"1"}
    assert len(gateway.bank.booked()) == booked
    assert [shop.v1.payment_intents.retrieve(id).status for id in paid] == ["succeeded"] * 3
    disk.make_room()
    assert shop.pays().status == "succeeded"
    for key in begun:  # their ends could not be written down: recovery has found them out
        until(lambda key=key: again(gateway, shop, key).status in (200, 402), gateway)
    agree(shop)


def until_full(gateway: Gateway, shop: Shop) -> list[str]:
    """Payments until none is taken any more: the pages that are there have some room left. Keys of those left in the midst."""
    keys = list[str]()
    for turn in range(ROUNDS):
        asked = [f"full-{turn}-{n}" for n in range(AT_ONCE)]
        answers = gateway.run(at_once(gateway.url, shop.secret, [partial(pay, key=key) for key in asked]))
        keys += [key for key, said in zip(asked, answers, strict=True) if said.status == 500]
        assert set(statuses(answers)) <= {200, 500, 503}
        assert {said.headers["stripe-should-retry"] for said in answers if said.status == 500} <= {"true"}
        if statuses(answers) == {503: AT_ONCE}:
            return keys
    raise AssertionError("the disk is not full")


def again(gateway: Gateway, shop: Shop, key: str) -> Said:
    return gateway.run(at_once(gateway.url, shop.secret, [partial(pay, key=key)]))[0]


class Up:
    """`sluice up` over a data folder: a context manager; `facts` is what it says when it is ready."""

    def __init__(self, data: Path) -> None:
        self.data, self.bank = data, Bank(free_port())

    def __enter__(self) -> "Up":
        ready = self.data / "ready.json"
        ready.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "sluice.cli.main",
            "up",
            "--data",
            str(self.data),
            "--port",
            "0",
            "--ready",
            str(ready),
        ]
        with (self.data / "up.log").open("ab") as log:
            self.child = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=self.environment())
        until(lambda: ready.exists() or self.child.poll() is not None)
        self.facts: dict[str, Any] = json.loads(ready.read_text())
        return self

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "SLUICE_BANK": f"127.0.0.1:{self.bank.port}"}

    def __exit__(self, *_: object) -> None:
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(60)

    def pays(self) -> int:
        """The status of one payment."""
        return asyncio.run(at_once(self.facts["url"], self.facts["secret_key"], [pay]))[0].status


@pytest.mark.shows("F35")
def test_wal_without_room():
    """PostgreSQL itself dies when its log has no room: 503 meanwhile, then `up` brings it back, with all that was paid."""
    with folder() as data, folder() as disks:
        with Up(data):
            pass
        where = disks / "wal"
        where.mkdir()
        with small_disk(where, WAL) as disk:
            move_wal(data, where)
            with Up(data) as up:
                assert [up.pays() for _ in range(3)] == [200] * 3
                disk.fill()
                server = Postgres(data).start()
                with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    for _ in range(ROUNDS):
                        asyncio.run(superuser(server, SOME_WAL, NEXT_SEGMENT))
                until(lambda: "the database died" in (data / "up.log").read_text())
                booked = len(up.bank.booked())
                assert [up.pays() for _ in range(3)] == [503] * 3
                assert len(up.bank.booked()) == booked
                disk.make_room()
                until(lambda: up.pays() == 200)
                charges = asyncio.run(
                    at_once(up.facts["url"], up.facts["secret_key"], [lambda client: client("GET", "/v1/charges")])
                )
                assert len(charges[0].json["data"]) == len(up.bank.booked()) == 4


def move_wal(data: Path, where: Path) -> None:
    """The cluster's log goes onto another disk."""
    home = recorded(data)
    assert home
    log = home / "cluster" / "pg_wal"
    shutil.copytree(log, where, dirs_exist_ok=True)
    owner = log.stat()
    for path in where.rglob("*"):
        shutil.chown(path, owner.st_uid, owner.st_gid)
    shutil.rmtree(log)
    log.symlink_to(where)
