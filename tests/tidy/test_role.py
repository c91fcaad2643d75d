"""Law 2, Law 3, S24: what the application's role cannot do, whatever the program says; what the tables refuse."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from sluice.core.secrets import Secret
from sluice.store.database import ROLE
from sluice.store.migrate import HAS_ROLE, Mismatch, migrate

POSTING = "insert into postings (scope, fact, n, debit, credit, amount, currency) values (1, $1, $2, $3, $4, $5, 'usd')"
EVENT = """insert into events (scope, fact, id, n, type, object, object_version, data, created)
    values (1, 'f', 'evt_1', 0, 'charge.succeeded', 'ch_1', 1, '{}', 0)"""
FORBIDDEN = [
    "update postings set amount = 1", "delete from postings", "truncate postings", "update events set data = '{}'",
    "delete from events", "truncate events", "drop table postings", "alter table events drop column data",
    "create table mine (x int)", "insert into migrations (name, checksum) values ('x', 'x')", "delete from migrations",
    "update postings set currency = 'eur' where false", "create role other", "alter role sluice_app superuser",
    "alter table postings disable trigger all", "update audit_entries set actor = ''", "delete from audit_entries",
    "truncate audit_entries", "update audit_chain set hash = ''", "delete from audit_chain", "truncate audit_chain",
    "update digests set body = ''", "delete from digests", "truncate digests",
]  # fmt: skip
POWERS = "select rolsuper or rolcreatedb or rolcreaterole or rolbypassrls or rolcanlogin from pg_roles where rolname = $1"
OWNED = "select relname from pg_class where relowner = (select oid from pg_roles where rolname = $1)"


@pytest.fixture
async def owner(empty_database: Secret) -> AsyncIterator[Any]:
    await migrate(empty_database)
    connection = await asyncpg.connect(empty_database)
    await connection.execute(POSTING, "f", 0, "rail", "pending", 100)
    await connection.execute(EVENT)
    yield connection
    await connection.close()


@pytest.fixture
async def app(owner: Any) -> Any:
    await owner.execute(f"set role {ROLE}")
    return owner


@pytest.mark.shows("S24", "F40")
async def test_what_is_written_for_ever(app: Any):
    """No posting, event, entry of the audit log or digest is changed or taken away; one test, since a database costs much."""
    for sql in FORBIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(sql)
    assert await app.fetchval("select count(*) from postings") == 1


@pytest.mark.shows("S24")
async def test_the_role_owns_nothing_and_has_no_powers(owner: Any):
    assert await owner.fetchval(POWERS, ROLE) is False
    assert await owner.fetch(OWNED, ROLE) == []


@pytest.mark.shows("F40")
@pytest.mark.parametrize(
    "values",
    [("f", 0, "rail", "fees", 5), ("g", 0, "rail", "rail", 5), ("g", 0, "rail", "pending", 0), ("g", 0, "rail", "pending", -5)],
    ids=["a second time", "to itself", "of nothing", "backwards"],
)
async def test_the_tables_refuse_a_wrong_posting(app: Any, values: tuple[Any, ...]):
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await app.execute(POSTING, *values)


async def test_the_refusal_is_the_grants_doing(owner: Any):
    """With the guard taken out, the forbidden is done."""
    await owner.execute(f"grant update on postings to {ROLE}")
    await owner.execute(f"set role {ROLE}")
    await owner.execute(FORBIDDEN[0])
    assert await owner.fetchval("select amount from postings") == 1


async def test_an_owner_who_may_not_make_roles(empty_database: Secret):
    """S24: a database's plain owner is told what an administrator must run; then he migrates, again and again."""
    name, plain = urlsplit(str(empty_database)).path[1:], f"plain_{uuid4().hex[:12]}"
    lesser = re.sub(r"//[^@]*@", f"//{plain}:secret@", str(empty_database))
    admin = await asyncpg.connect(empty_database)
    try:
        if not await admin.fetchval(HAS_ROLE, ROLE):
            await admin.execute(f"create role {ROLE} nologin")
        await admin.execute(f"create role {plain} login password 'secret'; alter database {name} owner to {plain}")
        with pytest.raises(Mismatch, match=f"grant {ROLE} to {plain}"):
            await migrate(Secret(lesser))
        await admin.execute(f"grant {ROLE} to {plain}")
        for _ in range(2):
            await migrate(Secret(lesser))
        assert await admin.fetchval("select tableowner from pg_tables where tablename = 'postings'") == plain
    finally:
        await admin.execute(f"alter database {name} owner to current_user; reassign owned by {plain} to current_user")
        await admin.execute(f"drop owned by {plain}; drop role {plain}")
        await admin.close()
