"""`sluice discrepancies`: a person sees what is open, settles it with the bank, and says so; the audit log remembers who."""

import asyncio
import json

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from sluice.cli.crash import CannotGoOn
from sluice.cli.main import app

pytest_plugins = ["tests.unit.vault_database"]


async def plant(dsn: str) -> None:
    owner = await asyncpg.connect(dsn)
    await owner.execute("""with m as (insert into merchants values ('acct_9', 0, 'M', 'US', 'usd') returning id), s as (
        insert into scopes (merchant, livemode, numbered) select id, false, 0 from m returning scope)
        insert into discrepancies select scope, 'dis_9', 1, 7, 'late_approval', 'ask_9', '{"type": "Approved"}', null from s""")
    await owner.close()


async def run(dsn: str, *words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["discrepancies", *words, "--database-url", dsn])


@pytest.mark.shows("O4")
async def test_one_is_closed_and_stays_in_the_list_of_all(db_dsn: str) -> None:
    """Listed while open, as a table and as JSON; closed once; who closed it stands in the audit log."""
    await plant(db_dsn)
    (open_one,) = json.loads((await run(db_dsn, "list", "--json")).stdout)
    assert (open_one["id"], open_one["kind"], open_one["merchant"], open_one["closed"]) == (
        "dis_9",
        "late_approval",
        "acct_9",
        None,
    )
    assert "late_approval" in (await run(db_dsn, "list")).stdout
    assert (await run(db_dsn, "close", "dis_9")).stdout == "dis_9 is closed\n"
    assert (await run(db_dsn, "close", "dis_9")).stdout == "dis_9 was closed before\n"
    assert json.loads((await run(db_dsn, "list", "--json")).stdout) == []
    (closed,) = json.loads((await run(db_dsn, "list", "--all", "--json")).stdout)
    assert closed["closed"] > 7
    owner = await asyncpg.connect(db_dsn)
    assert (
        await owner.fetchval("select count(*) from audit_entries where action = 'discrepancy.close' and object = 'dis_9'") == 1
    )
    await owner.close()


@pytest.mark.shows("O4", "F32")
async def test_one_that_belongs_to_no_merchant(db_dsn: str) -> None:
    """What a bank told of, and no shop of ours asked for, is listed and closed like any other."""
    owner = await asyncpg.connect(db_dsn)
    await owner.execute("insert into discrepancies values (0, 'dis_0', 1, 7, 'unknown_to_the_books', '1-ask_0', '{}', null)")
    await owner.close()
    (open_one,) = json.loads((await run(db_dsn, "list", "--json")).stdout)
    assert (open_one["id"], open_one["merchant"]) == ("dis_0", None)
    assert (await run(db_dsn, "close", "dis_0")).stdout == "dis_0 is closed\n"
    assert json.loads((await run(db_dsn, "list", "--json")).stdout) == []


@pytest.mark.shows("O4")
async def test_one_that_is_not_there(db_dsn: str) -> None:
    """A sentence that names the list, exit 1."""
    done = await run(db_dsn, "close", "dis_none")
    assert (done.exit_code, isinstance(done.exception, CannotGoOn)) == (1, True)
    assert "sluice discrepancies list" in str(done.exception)
