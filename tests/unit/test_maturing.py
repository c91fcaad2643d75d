"""Money that was earned becomes available on its day: once, whoever looks."""

import asyncio

import msgspec
import pytest

from sluice.books import maturing
from sluice.books.balance import balance, shown
from sluice.books.ledger import balances
from sluice.core.clock import clock
from tests.unit.desk_world import SCOPE, World

pytest_plugins = ["tests.unit.vault_database", "tests.unit.desk_fixtures"]
LATER = 3 * 86_400
HEADERS = "select count(*) from balance_transactions where scope = 1 and matured is null"


async def mature(world: World, ahead: int = LATER) -> int:
    return await maturing.mature(world.database, SCOPE, False, "usd", clock.seconds() + ahead)


async def test_what_was_earned_becomes_available_on_its_day(world: World) -> None:
    """B-5.90, B-5.94: pending until then; one posting to a header, one event with the balance as it is."""
    await world.pay(1000)
    await world.pay(2000)
    assert await mature(world, ahead=0) == 0
    assert await mature(world) == 2
    sums = await balances(world.database, SCOPE)
    assert sums[("pending", "usd")] == 0
    assert sums[("available", "usd")] == 1000 - 59 + 2000 - 88
    data = msgspec.json.decode(await world.value("select data from events where scope = 1 and type = 'balance.available'"))
    assert data["object"]["available"] == [{"amount": 2853, "currency": "usd", "source_types": {"card": 2853}}]
    assert data["object"]["pending"][0]["amount"] == 0
    assert await world.value(HEADERS) == 0
    assert await mature(world) == 0


async def test_a_refund_of_what_is_pending_goes_the_other_way(world: World) -> None:
    """B-5.92: it stood below the pending line; its day takes it from what is available."""
    paid = await world.pay(1000)
    await world.refund(paid, 400)
    assert await mature(world) == 2
    sums = await balances(world.database, SCOPE)
    assert (sums[("pending", "usd")], sums[("available", "usd")]) == (0, 1000 - 59 - 400)
    debits = await world.database.fetch(
        """select debit, amount from postings where scope = 1
        and fact in (select matured from balance_transactions where scope = 1) order by n"""
    )
    assert [(row["debit"], int(row["amount"])) for row in debits] == [("pending", 941), ("available", 400)]


@pytest.mark.shows("F39")
async def test_two_workers_mature_each_header_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Law 2: a header that one has taken is no other's; each batch is a fact of its own, its event's version its own."""
    for _ in range(6):
        await world.pay(1000)
    monkeypatch.setattr(maturing, "BATCH", 2)
    taken = await asyncio.gather(*(mature(world) for _ in range(4)))
    taken += [await mature(world) for _ in range(3)]
    assert sum(taken) == 6
    assert (await balances(world.database, SCOPE))[("available", "usd")] == 6 * 941
    versions = await world.database.fetch("select object_version from events where scope = 1 and type = 'balance.available'")
    assert sorted(row[0] for row in versions) == list(range(1, len(versions) + 1))


async def test_a_sweep_looks_into_each_scope_that_has_something_due(world: World) -> None:
    """B-5.94: what settles at once is swept with the next turn."""
    await world.pay(1000, settles_after=1)
    await world.database.execute("update balance_transactions set available_on = available_on - 10 where scope = 1")
    assert await maturing.sweep(world.database) == 1
    assert await maturing.sweep(world.database) == 0


async def test_an_empty_account_shows_one_zero(world: World) -> None:
    """B-5.90."""
    nothing = [{"amount": 0, "currency": "eur", "source_types": {"card": 0}}]
    assert await balance(world.database, SCOPE, False, "eur") == {
        "object": "balance", "available": nothing, "pending": nothing, "livemode": False,
    }  # fmt: skip


def test_a_currency_in_one_list_is_in_both() -> None:
    """B-5.90: one entry a currency, negative ones too; other accounts do not show."""
    made = shown({("pending", "usd"): 5, ("available", "eur"): -7, ("fees", "jpy"): 3}, True, "usd")
    amounts = {place: {one["currency"]: one["amount"] for one in made[place]} for place in ("available", "pending")}
    assert amounts == {"available": {"eur": -7, "usd": 0}, "pending": {"eur": 0, "usd": 5}}
