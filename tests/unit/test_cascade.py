"""Cascade: another rail account only after a definite no, or where surely nothing was sent (F22)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sluice.books.keyring import FileProvider, Keyring
from sluice.books.vault.cards import Vault
from sluice.books.vault.cvcs import Cvcs
from sluice.core import limits
from sluice.core.clock import clock
from sluice.payments import cascade, recovery
from sluice.payments.desk import Desk
from sluice.rails.caller import room
from sluice.rails.outcomes import Declined, NotSent, Outcome, Pending, Unknown
from sluice.store.database import Database
from tests.unit.desk_world import SCOPE, World
from tests.unit.scripted_rail import SILENT, YES, Scripted

pytest_plugins = ["tests.unit.vault_database"]
ELSEWHERE = Declined("issuer_not_available", elsewhere=True)
NOWHERE = NotSent("no connection")
DUE = "update instructions set until = 1, created = created - 60 where scope = $1 and state <> 'closed'"
ASKED = "select rail, state, said ->> 'type' said from instructions where scope = $1 and verb = 'authorize' order by id"


class Banks(World):
    """Two rail accounts, the first of which says `word`."""

    def __init__(self, desk: Desk, first: Scripted, second: Scripted) -> None:
        super().__init__(desk)
        self.first, self.second = first, second

    def say(self, first: Any, second: Any = YES) -> None:
        for rail, word in ((self.first, first), (self.second, second)):
            rail.words["authorize"].clear()
            rail.words["authorize"].append(word)

    async def asked(self) -> list[tuple[str, str, str]]:
        return [tuple(row) for row in await self.database.fetch(ASKED, SCOPE)]


@pytest.fixture
async def banks(db: Database, tmp_path: Path) -> AsyncIterator[Banks]:
    provider = FileProvider(tmp_path / "vault.key")
    vault = Vault(Keyring(db, provider), Cvcs(db, provider))
    await vault.load(clock.seconds())
    first, second = Scripted(authorize=[YES]), Scripted(authorize=[YES])
    second.name = "ra_2"
    desk = Desk(db, {"sandbox": first, "ra_2": second}, vault, 1, "http://localhost")
    desk.open[SCOPE] = ("sandbox", "ra_2")
    yield Banks(desk, first, second)
    await desk.drain()


@pytest.mark.shows("F22")
@pytest.mark.parametrize("word", [ELSEWHERE, NOWHERE], ids=["a no that says so", "not sent"])
async def test_the_next_is_asked(banks: Banks, word: Outcome):
    """The second bank takes the payment, and its charge is the only one; capture and refund go where the money is."""
    banks.say(word)
    intent = await banks.hold(1000)
    assert intent["status"] == "requires_capture"
    assert await banks.asked() == [("sandbox", "closed", type(word).__name__), ("ra_2", "closed", "Approved")]
    assert await banks.value("select count(*) from charges where scope = $1", SCOPE) == 1
    assert (await banks.take(intent))["status"] == "succeeded"
    assert (await banks.refund(intent))["status"] == "succeeded"
    assert (banks.first.asked(), banks.second.asked()) == (["authorize"], ["authorize", "capture", "refund"])


@pytest.mark.shows("F22")
@pytest.mark.parametrize(
    "word", [Declined("insufficient_funds"), SILENT, Pending(), Unknown("junk"), ValueError("!")], ids=repr
)
async def test_nobody_else_is_asked(banks: Banks, word: Any):
    """A no about the card, and whatever is not a definite no: the money may be on its way, so it stays with this bank."""
    banks.say(word)
    await banks.pay()
    assert banks.second.calls == []
    assert [rail for rail, *_ in await banks.asked()] == ["sandbox"]


@pytest.mark.shows("F22")
async def test_silence_at_the_second_ends_there(banks: Banks):
    """The intent waits for the bank that may hold the money; recovery asks that one, and no other."""
    banks.say(NOWHERE, SILENT)
    intent = await banks.pay()
    assert intent["status"] == "processing"
    await banks.database.execute(DUE, SCOPE)
    await recovery.sweep(banks.desk)
    assert banks.first.asked() == ["authorize"]
    assert banks.second.asked() == ["authorize", "inquire"]
    assert (await banks.asked())[-1] == ("ra_2", "closed", "Approved")


async def test_when_none_is_left_the_last_word_stands(banks: Banks):
    """A decline with its charge; where nothing was sent anywhere, one without."""
    banks.say(NOWHERE, Declined("insufficient_funds", elsewhere=True))
    refused = await banks.pay()
    assert refused["error"]["decline_code"] == "insufficient_funds"
    assert refused["error"]["payment_intent"]["latest_charge"]
    banks.say(NOWHERE, NOWHERE)
    refused = await banks.pay()
    assert refused["error"]["code"] == "processing_error"
    assert refused["error"]["payment_intent"]["latest_charge"] is None


async def test_a_full_bulkhead_is_passed_by(banks: Banks, monkeypatch: pytest.MonkeyPatch):
    """No third account: the word of the first stands; and every place that was taken is given back."""
    monkeypatch.setattr(limits, "IN_FLIGHT", 1)
    banks.say(ELSEWHERE)
    with room(banks.second):
        assert (await banks.pay())["error"]["decline_code"] == "issuer_not_available"
    assert (await banks.pay())["status"] == "succeeded"
    with room(banks.first), room(banks.second):
        pass


@pytest.mark.shows("F22", "F29")
async def test_a_passing_on_whose_answer_was_lost_is_ours(banks: Banks, monkeypatch: pytest.MonkeyPatch):
    """It was written, and read again as ours: the second bank is asked once."""
    written = banks.database.write

    async def lost(fact: Any, **more: Any) -> bool:
        wrote = await written(fact, **more)
        return wrote and fact.name != "authorize.pass_on"

    monkeypatch.setattr(banks.database, "write", lost)
    banks.say(NOWHERE)
    assert (await banks.pay())["status"] == "succeeded"
    assert banks.second.asked() == ["authorize"]


@pytest.mark.shows("F17", "F22")
async def test_who_was_overtaken_by_recovery_passes_nothing_on(banks: Banks, monkeypatch: pytest.MonkeyPatch):
    """The lease was taken over while the bank was slow to say no: no other bank is asked."""
    onward = cascade.onward

    async def late(*args: Any) -> Any:
        await banks.database.execute("update instructions set version = version + 1, token = 'tk_recovery' where scope = 1")
        return await onward(*args)

    monkeypatch.setattr(cascade, "onward", late)
    monkeypatch.setattr(limits, "WAIT_FOR_KEY", 0.1)
    banks.say(ELSEWHERE)
    with pytest.raises(Exception, match="in-progress"):
        await banks.pay()
    assert banks.second.calls == []
