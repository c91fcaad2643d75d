"""What a newer program beside us has written, as this one meets it: left alone, not failed, and said once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.core.clock import clock
from sluice.core.errors import Unavailable
from sluice.payments import notices, recovery
from sluice.payments.desk import Desk
from sluice.store.database import Database
from tests.unit.desk_world import SCOPE, World
from tests.unit.scripted_rail import SILENT, YES, Scripted

pytest_plugins = ["tests.unit.vault_database"]
STRANGE = {
    "verb": "update instructions set verb = 'incremental_authorize'",
    "state": "update instructions set state = 'parked'",
    "rail": "update instructions set rail = 'acct_of_a_newer_kind'",
    "envelope": 'update instructions set envelope = envelope || \'{"version": 2, "money": {"units": 20}}\'',
}
DUE = "update instructions set until = 1, created = created - 60"
AS_IT_IS = "select to_jsonb(i)::text row from instructions i order by id"
NOTICE = "insert into notices (rail, number, reference, kind, received) values ('sandbox', 1, $1, $2, $3)"
ACCOUNT = """insert into rail_accounts (scope, id, version, created, rail, name, position, status, address)
    values ($1, 'ra_new', 1, 0, 'iso20022', 'A bank of tomorrow', 1, 'open', '{"wire": "of a newer kind"}')"""


@pytest.fixture
async def world(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    """One payment is in flight: the rail has said nothing."""
    provider = FileProvider(tmp_path / "vault.key")
    vault = Vault(Keyring(db, provider), Cvcs(db, provider))
    await vault.load(clock.seconds())
    desk = Desk(db, {"sandbox": Scripted(authorize=[SILENT, YES], inquire=[YES])}, vault, 1, "http://localhost")
    world = World(desk)
    await world.pay()
    yield world
    await desk.drain()


async def rows(world: World) -> list[dict[str, Any]]:
    return [json.loads(row["row"]) for row in await world.database.fetch(AS_IT_IS)]


@pytest.mark.shows("F43")
@pytest.mark.parametrize("what", STRANGE)
async def test_an_instruction_of_a_newer_program_is_left_alone(world: World, what: str):
    """A verb, state, rail or envelope that we do not know: not one column is changed, it is said once, and others go on."""
    await world.database.execute(STRANGE[what])
    await world.database.execute(DUE)
    before = await rows(world)
    recovery._left.clear()
    with structlog.testing.capture_logs() as logged:
        assert [await recovery.sweep(world.desk) for _ in range(3)] == [0, 0, 0]
    assert await rows(world) == before
    assert await world.value("select count(*) from discrepancies") == 0
    assert [line["log_level"] for line in logged] == ["warning"]
    assert (await world.pay())["status"] == "succeeded"


@pytest.mark.shows("F43")
async def test_what_is_known_beside_it_is_recovered(world: World):
    """The newer program's instruction is older, and due; ours is taken up all the same."""
    await world.database.execute(STRANGE["verb"])
    world.desk.rails = {"sandbox": Scripted(authorize=[SILENT], inquire=[YES])}
    intent = await world.pay()
    await world.database.execute(DUE)
    assert await recovery.sweep(world.desk) == 1
    assert await world.value("select status from intents where id = $1", intent["id"]) == "succeeded"


@pytest.mark.shows("F43")
@pytest.mark.parametrize(("verb", "kind"), [("incremental_authorize", "outcome"), ("authorize", "chargeback")])
async def test_a_notice_that_is_not_known_waits_for_who_knows_it(world: World, verb: str, kind: str):
    """It is neither applied nor shown to a person within the hour."""
    await world.database.execute("update instructions set verb = $1, state = 'closed'", verb)
    reference = await world.value("select reference from instructions")
    await world.database.execute(NOTICE, reference, kind, clock.seconds())
    await notices.sweep(world.desk)
    assert await world.value("select applied from notices") is None
    assert await world.value("select count(*) from discrepancies") == 0


@pytest.mark.shows("F43")
async def test_a_rail_account_of_a_newer_kind_stops_nobody(world: World):
    """We start, pay by the accounts that we know, and refuse what only the newer program can do before anything happens."""
    await world.database.execute(ACCOUNT, SCOPE)
    await world.desk.know_rails()
    assert world.desk.accounts(SCOPE) == ("sandbox",)
    assert (await world.pay())["status"] == "succeeded"
    with pytest.raises(Unavailable, match="does not know"):
        await world.desk.rail("ra_new")
