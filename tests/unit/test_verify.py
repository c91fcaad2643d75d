"""`sluice ledger verify`: a busy world proves, and each lie that is planted in it is named."""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from sluice.books import maturing, sequencer
from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.books.verify.proof import Proof, prove, verify
from sluice.core.clock import clock
from sluice.customers import customers
from sluice.payments import attaching, charging, expiry, notices, recovery
from sluice.payments.cancel import CANCEL
from sluice.payments.desk import Desk
from sluice.payments.proofs import EVERY
from sluice.rails.sandbox.rail import Sandbox
from sluice.store.database import connect, prepare
from tests.rails.bench import BankProcess
from tests.unit.book_lies import LIES
from tests.unit.desk_world import SCOPE, World
from tests.unit.vault_database import ADD_MERCHANT, ADD_SCOPE

pytest_plugins = ["tests.unit.vault_database", "tests.unit.desk_fixtures"]
pytestmark = pytest.mark.asyncio(loop_scope="module")
DECLINES = "pm_card_visa_chargeDeclined"


async def live_through(world: World) -> None:
    """Everything that money can do here, and something still on its way."""
    rail = world.desk.rails["sandbox"]
    paid = await world.pay(1000)
    await world.pay(2500, settles_after=0)
    await world.pay(700, DECLINES)
    await world.refund(paid, 400)
    await world.refund(await world.pay(800, "pm_card_refundFail"), 300)
    await world.refund(await world.pay(900, "pm_card_pendingRefund"), 200)
    await world.take(await world.hold(1200), 1100)
    await world.call(CANCEL, {}, intent=(await world.hold(600))["id"])
    await world.hold(1300)
    kept, gone = [await world.call(attaching.CREATE_CUSTOMER, {"email": f"{name}@shop.example"}) for name in ("kept", "gone")]
    await world.call(attaching.ATTACH, {"customer": kept["id"]}, payment_method="pm_card_visa")
    await world.call(customers.DELETE, {}, customer=gone["id"])
    await world.call(charging.CREATE, {"amount": 450, "currency": "usd", "source": "tok_visa"})
    expiring = await world.hold(640)
    await world.database.execute("update charges set held_until = 1 where scope = 1 and intent = $1", expiring["id"])
    await expiry.sweep(world.desk)
    await sequencer.catch_up(world.database, SCOPE, False)
    await maturing.mature(world.database, SCOPE, False, "usd", clock.seconds() + 3 * 86_400)
    for _ in range(2):
        await notices.listen(world.desk, rail)
        await notices.sweep(world.desk)
        await recovery.sweep(world.desk)
    await sequencer.catch_up(world.database, SCOPE, False)
    await world.refund(await world.pay(950, "pm_card_pendingRefund"), 250)
    await world.pay(1010)  # the last facts wait in the outbox


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def lived(db_server: str, bank_process: BankProcess, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    name = f"t{os.getpid()}_{uuid.uuid4().hex}"
    owner = await asyncpg.connect(db_server.replace("@/postgres?", "@/template1?"))
    await owner.execute(f"create database {name} template postgres")
    dsn = db_server.replace("@/postgres?", f"@/{name}?")
    database = await connect(dsn)
    await database.execute(ADD_MERCHANT, "acct_1")
    for livemode in (False, True):
        await database.execute(ADD_SCOPE, "acct_1", livemode)
    provider = FileProvider(Path(tmp_path_factory.mktemp("keys")) / "vault.key")
    vault = Vault(Keyring(database, provider), Cvcs(database, provider))
    await vault.load(clock.seconds())
    rail = Sandbox("127.0.0.1", bank_process.port, late_horizon=1.0)
    world = World(Desk(database, {"sandbox": rail}, vault, 1, "http://localhost"))
    await live_through(world)
    world.dsn = dsn
    yield world
    await rail.close()
    await database.close()
    await owner.execute(f"drop database {name} with (force)")
    await owner.close()


def silent(done: int, of: int, what: str) -> None:
    assert done < of, what


async def test_a_busy_world_proves(lived: World) -> None:
    """Every check of every scope holds; what is in flight is counted and is no lie."""
    proof = await verify(lived.database, EVERY, None, silent)
    assert proof.lie is None
    assert (proof.scopes, proof.checks, proof.in_flight) == (2, 2 * len(EVERY), 1)
    assert proof.in_outbox > 0
    assert min(proof.proved.values()) > 0


@asynccontextmanager
async def lie_in(world: World, lie: str) -> AsyncIterator[Any]:
    """The superuser's connection, in a transaction with `lie` in the books, which is undone again."""
    superuser: Any = await asyncpg.connect(world.dsn)
    await prepare(superuser)
    undo = superuser.transaction()
    await undo.start()
    for statement in lie.split(";"):
        done = await superuser.execute(statement)
        assert not done.endswith(" 0"), f"nothing was planted: {done}"
    yield superuser
    await undo.rollback()
    await superuser.close()


async def planted(world: World, lie: str) -> Proof:
    async with lie_in(world, lie) as connection:
        return await prove(connection, EVERY, None, silent)


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.shows("F39")
async def test_every_lie_is_named(lived: World, lie: str) -> None:
    """The table and the id, what is, and what should be."""
    sql, named = LIES[lie]
    proof = await planted(lived, sql)
    assert proof.lie is not None
    assert named in str(proof.lie)
    assert proof.merchant == "acct_1"


async def test_every_check_sees_a_lie(lived: World) -> None:
    """A check that nothing planted sets off is not known to see anything."""
    blind = list(EVERY)
    for sql, _ in LIES.values():
        async with lie_in(lived, sql) as connection:
            blind = [check for check in blind if await check.look(connection, SCOPE) is None]
    assert [check.proves for check in blind] == []


async def test_discrepancies_are_listed_and_no_lie(lived: World) -> None:
    """A person must see them; the books hold all the same."""
    shown = """insert into discrepancies (scope, id, version, created, kind, about, said)
        values (1, 'dis_1', 1, 5, 'late_approval', 'ask_1', '{}'), (0, 'dis_2', 1, 6, 'unknown_reference', 'x', '{}')"""
    proof = await planted(lived, shown)
    assert proof.lie is None
    assert [one["id"] for one in proof.discrepancies] == ["dis_1", "dis_2"]


async def test_one_merchant_alone(lived: World) -> None:
    """`--merchant`: nobody else's scopes are read."""
    assert (await verify(lived.database, EVERY, "acct_none", silent)).scopes == 0
    assert (await verify(lived.database, EVERY, "acct_1", silent)).scopes == 2
