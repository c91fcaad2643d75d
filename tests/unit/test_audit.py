"""The audit log over a real database: written with what it tells of, linked once, and every lie in it is named."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from sluice.books.audit import chain, entries
from sluice.books.audit.chain import FIRST, links
from sluice.books.audit.entries import Entry, Waiting, Who, record
from sluice.books.audit.listing import Asked, newest, places
from sluice.books.audit.proof import EVERY, prove, verify
from sluice.books.digests.closing import close_scope, over
from sluice.books.digests.keys import SigningKeys, known
from sluice.books.digests.proof import ANCHORED, signed
from sluice.core.clock import clock
from sluice.store.database import Database, connect, prepare
from sluice.store.facts import Fact
from sluice.store.rows import columns
from tests.unit.vault_database import ADD_MERCHANT, ADD_SCOPE

pytest_plugins = ["tests.unit.vault_database"]
module = pytest.mark.asyncio(loop_scope="module")
OWNER = Who("person", "owner", "192.0.2.1")
SCOPE, DAY = 1, 86_400
COLUMNS = ", ".join(columns(Entry))
ALL = f"select {COLUMNS} from audit_entries e join audit_chain c using (scope) where scope = 1 and entry = id order by number"


class Log(NamedTuple):
    """Eight entries two days old, linked, and anchored by a signed digest; the ninth came after it."""

    database: Database
    dsn: str
    keys: SigningKeys


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def log(db_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Log]:
    name = f"t{os.getpid()}_{uuid.uuid4().hex}"
    owner = await asyncpg.connect(db_server.replace("@/postgres?", "@/template1?"))
    await owner.execute(f"create database {name} template postgres")
    dsn = db_server.replace("@/postgres?", f"@/{name}?")
    database = await connect(dsn)
    await database.execute(ADD_MERCHANT, "acct_1")
    await database.execute(ADD_SCOPE, "acct_1", False)
    file = Path(tmp_path_factory.mktemp("keys")) / "digest.key"
    for n in range(8):
        await entry(database, f"ch_{n}", clock.seconds() - 2 * DAY)
    await close_scope(database, file, over(clock.seconds()), (await places(database, "acct_1"))[0])
    await entry(database, "ch_8", clock.seconds() - 2 * 60)
    await chain.sweep(database)
    yield Log(database, dsn, SigningKeys(file))
    await database.close()
    await owner.execute(f"drop database {name} with (force)")
    await owner.close()


async def entry(database: Database, object: str, at: int) -> None:
    new = entries.rows(OWNER, "charges.capture", object, at=at, detail={"amount": 5, "b": [1, {"c": None, "a": "é"}]})
    assert await database.write(Fact("test", SCOPE, new[0].id, new=new))


async def relinked(owner: Any) -> None:
    """What the cleverest liar does: every hash made anew over what the entries say now."""
    said = [Entry(*row) for row in await owner.fetch(ALL)]
    for link in links(SCOPE, 0, FIRST, said):
        await owner.execute("update audit_chain set hash = $2 where scope = 1 and entry = $1", link.entry, link.hash)


FIFTH = "(select entry from audit_chain where scope = 1 and number = 5)"
LIES = {  # SQL, statements parted by semicolons -> the words that name the row
    **{
        f"{column} changed": (f"update audit_entries set {column} = {value} where id = {FIFTH}", "audit_chain number 5")
        for column, value in {
            "created": "created + 1", "kind": "'process'", "actor": "'nobody'", "action": "'refund'", "object": "'ch_9'",
            "result": "'asked'", "address": "''", "request": "'req_1'", "card": "'vc_1'", "detail": "'{}'",
        }.items()
    },
    "an entry dropped": (f"delete from audit_entries where id = {FIFTH}", "number 5: entry is aud_"),
    "a link dropped": ("delete from audit_chain where scope = 1 and number = 5", "number 5: link is missing"),
    "an entry and its link dropped": (
        f"delete from audit_entries where id = {FIFTH}; delete from audit_chain where scope = 1 and number = 5", "number 5"
    ),
    "two entries swapped": (
        """update audit_entries e set object = o.object from audit_entries o, audit_chain a, audit_chain b
            where a.number = 5 and b.number = 6 and (e.id, o.id) in ((a.entry, b.entry), (b.entry, a.entry))""",
        "number 5",
    ),
    "two links swapped": (
        """update audit_chain set entry = 'aud_x' where scope = 1 and number = 6;
            update audit_chain set entry = (select id from audit_entries e where e.scope = 1 and not exists (
                select from audit_chain c where c.entry = e.id)) where scope = 1 and number = 5;
            update audit_chain set entry = (select id from audit_entries e where e.scope = 1 and not exists (
                select from audit_chain c where c.entry = e.id)) where scope = 1 and number = 6""",
        "number 5",
    ),
    "an entry put in without a link": (
        f"insert into audit_entries select scope, 'aud_mine', {COLUMNS[4:]} from audit_entries where id = {FIFTH}",
        "audit_entries aud_mine: link is none",
    ),
    "an entry put in at the end": (
        f"""insert into audit_entries select scope, 'aud_mine', {COLUMNS[4:]} from audit_entries where id = {FIFTH};
            insert into audit_chain values (1, 10, 'aud_mine', '\\x00')""",
        "number 10",
    ),
    "the end cut off": (
        """delete from audit_entries where id in (select entry from audit_chain where scope = 1 and number >= 8);
            delete from audit_chain where scope = 1 and number >= 8""",
        "audit_chain number 8: hash is gone",
    ),
    "all of it cut off": ("delete from audit_entries where scope = 1; delete from audit_chain where scope = 1", "number 8"),
    "what waits taken away": (
        "insert into audit_waiting values (1, 'aud_gone', 1)", "audit_entries aud_gone: entry is gone"
    ),
    "a digest's words": ("update digests set body = replace(body, '\"audited\"', '\"x\"') || ' '", "digests"),
    "a digest's signature": ("update digests set signature = sha512(signature)", "signature is not by our key"),
    "a digest under another key": ("update digests set key = 'dk_mine'", "signature is not by our key dk_mine"),
}  # fmt: skip


@module
async def test_an_honest_log_proves(log: Log):
    """Every chain holds, with its head."""
    proof = await verify(log.database, (*EVERY, signed(log.keys), ANCHORED))
    assert proof.lie is None
    assert [(str(place), head.number) for place, head in proof.chains] == [("installation", 0), ("acct_1, test", 9)]


@module
@pytest.mark.shows("S23")
@pytest.mark.parametrize("lie", LIES)
async def test_every_lie_is_named(log: Log, lie: str):
    """One row changed, dropped, swapped, put in or cut off by the database's owner is named by its number."""
    owner: Any = await asyncpg.connect(log.dsn)
    await prepare(owner)
    undo = owner.transaction()
    await undo.start()
    for statement in LIES[lie][0].split(";"):
        assert not (await owner.execute(statement)).endswith(" 0"), "nothing was planted"
    _, found = await prove(owner, SCOPE, (*EVERY, signed(log.keys), ANCHORED))
    await undo.rollback()
    await owner.close()
    assert LIES[lie][1] in str(found)


@module
@pytest.mark.shows("S23")
async def test_a_log_made_anew_is_not_the_one_that_was_signed(log: Log):
    """Who changes an entry and makes every later hash anew is named by the digest that anchors the old ones."""
    owner: Any = await asyncpg.connect(log.dsn)
    await prepare(owner)
    undo = owner.transaction()
    await undo.start()
    await owner.execute(LIES["actor changed"][0])
    await relinked(owner)
    assert (await prove(owner, SCOPE, EVERY))[1] is None, "the chain alone cannot tell"
    _, found = await prove(owner, SCOPE, (*EVERY, ANCHORED))
    await undo.rollback()
    await owner.close()
    assert "audit_chain number 8: hash" in str(found)


async def test_an_entry_is_there_with_its_fact_or_not_at_all(db: Database):
    """S23: it is written in the fact's own commit; a fact that did not hold left none."""
    new = entries.rows(OWNER, "charges.capture", "ch_1")
    assert not await db.write(Fact("test", SCOPE, "f", stand=(Waiting("gone", 3),), new=new))
    assert not await db.fetch("select from audit_entries")
    assert await db.write(Fact("test", SCOPE, "f", new=new))
    assert len(await db.fetch("select from audit_entries")) == 1


async def test_two_workers_link_each_entry_once(db: Database, db_dsn: str, monkeypatch: pytest.MonkeyPatch):
    """Whoever links, and however many at a time: one chain without a gap, and nothing waits."""
    monkeypatch.setattr(chain, "BATCH", 3)
    other = await connect(db_dsn, lanes=1, readers=2)
    done = asyncio.Event()

    async def work(database: Database) -> None:
        while not done.is_set():
            await chain.sweep(database)

    workers = [asyncio.create_task(work(database)) for database in (db, other, db)]
    await asyncio.gather(*(entry(db, f"ch_{n}", clock.seconds()) for n in range(60)))
    done.set()
    await asyncio.gather(*workers)
    while await chain.sweep(db):
        pass
    assert not await db.fetch("select from audit_waiting")
    await other.close()
    proof = await verify(db, EVERY)
    assert proof.lie is None
    assert {place.scope: head.number for place, head in proof.chains}[SCOPE] == 60


async def test_recording_twice_is_one_entry(db: Database):
    """The statement is repeated when its connection is lost: the entry bears its id."""
    await record(db, OWNER, "backup", "base-1", detail={"bytes": 5})
    await db.execute(entries.RECORD, 0, "aud_1", 1, 0, "", "", "", "", "", "", "", None, {})
    await db.execute(entries.RECORD, 0, "aud_1", 1, 0, "", "", "", "", "", "", "", None, {})
    assert len(await db.fetch("select from audit_entries where scope = 0")) == 2
    assert await chain.sweep(db) == 2


async def test_the_newest_that_match(db: Database):
    """By moment, actor, beginning of the action, and object or card."""
    for n, (action, card) in enumerate((("keys.roll", None), ("keys.revoke", None), ("payment_intents.confirm", "vc_1"))):
        new = entries.rows(OWNER, action, f"o_{n}", at=100 + n, card=card)
        await db.write(Fact("test", SCOPE, f"f{n}", new=new))
    every = await places(db)
    assert [str(place) for place in every] == ["installation", "acct_1, test", "acct_1, live", "acct_2, test"]

    async def found(**asked: Any) -> list[str]:
        return [shown.entry.object for shown in await newest(db, every, Asked(**asked))]

    assert await found() == ["o_0", "o_1", "o_2"]
    assert await found(most=2) == ["o_1", "o_2"]
    assert await found(since=101) == ["o_1", "o_2"]
    assert await found(action="keys") == ["o_0", "o_1"]
    assert await found(object="vc_1") == ["o_2"]
    assert await found(object="o_1") == ["o_1"]
    assert await found(actor="somebody") == []


def test_without_a_key_file_no_digest_is_ours(tmp_path: Path):
    """S23: a database brought here alone proves no signature."""
    assert known(tmp_path / "vault.key") is None
