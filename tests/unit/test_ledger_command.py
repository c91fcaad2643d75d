"""`sluice ledger verify` as a person, and as a script, reads it."""

import asyncio
import json

import asyncpg
import pytest
from typer.testing import CliRunner

from sluice.books.verify.checks import Lie
from sluice.books.verify.proof import Proof
from sluice.cli import ledger
from sluice.cli.main import app

pytest_plugins = ["tests.unit.vault_database"]
VERIFY = ["ledger", "verify", "--database-url"]


async def plant(dsn: str) -> None:
    owner = await asyncpg.connect(dsn)
    await owner.execute("""with m as (insert into merchants values ('acct_9', 0, 'M', 'US', 'usd') returning id), s as (
        insert into scopes (merchant, livemode, numbered) select id, false, 0 from m returning scope)
        insert into balances select scope, 'fees', 'usd', 5 from s""")
    await owner.close()


@pytest.mark.shows("O4")
def test_books_that_hold(db_dsn: str) -> None:
    """Exit 0; JSON on standard output, nothing else."""
    done = CliRunner().invoke(app, [*VERIFY, db_dsn, "--json"])
    assert (done.exit_code, json.loads(done.stdout)["holds"]) == (0, True)
    assert "The books hold" in CliRunner().invoke(app, [*VERIFY, db_dsn]).stdout


@pytest.mark.shows("O4")
async def test_books_that_do_not(db_dsn: str) -> None:
    """Exit 1; the table, the id, what is and what should be."""
    await plant(db_dsn)
    done = await asyncio.to_thread(CliRunner().invoke, app, [*VERIFY, db_dsn, "--json"])
    lie = json.loads(done.stdout)["lie"]
    assert (done.exit_code, lie["table"], lie["id"], lie["found"]) == (1, "balances", "fees usd", "5")
    assert (lie["merchant"], lie["livemode"]) == ("acct_9", False)
    plain = await asyncio.to_thread(CliRunner().invoke, app, [*VERIFY, db_dsn])
    assert "balances fees usd: amount is 5, should be 0 by the postings" in plain.stdout


def test_what_a_person_must_look_at_is_listed() -> None:
    """Discrepancies are no lie, and are not kept quiet."""
    proof = Proof(scopes=1, checks=40, in_flight=2, discrepancies=[{"id": "dis_1", "kind": "late_approval", "about": "ask_1"}])
    said = ledger.sentences(proof)
    assert "In flight: 2" in said
    assert "dis_1: late_approval about ask_1" in said
    assert "do not hold" in ledger.sentences(Proof(lie=Lie("charges", "ch_1", "status", "a", "b"), merchant="m", livemode=True))
