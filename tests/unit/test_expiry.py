"""Holds end by themselves: released at the bank, told to the shop, never twice."""

import asyncio

import pytest

from sluice.core.clock import clock
from sluice.core.money import Money
from sluice.payments import cancel, charging, expiry
from sluice.rails.outcomes import Approved
from sluice.rails.types import Deadline
from tests.unit.desk_world import SCOPE, World

pytest_plugins = ["tests.unit.vault_database", "tests.unit.desk_fixtures"]
PASS_TIME = "update charges set held_until = 1 where scope = 1 and held_until is not null"
RELEASES = "select count(*) from instructions where scope = 1 and verb = 'void'"
INTENT = "select status, canceled_at, capturable, doc from intents where scope = 1"


async def test_a_hold_whose_time_is_over_is_released(world: World) -> None:
    """B-5.17: canceled, cancellation_reason automatic, the hold let go; charge.expired, then payment_intent.canceled."""
    await world.hold()
    assert await expiry.sweep(world.desk) == 0
    await world.database.execute(PASS_TIME)
    assert await expiry.sweep(world.desk) == 1
    intent = await world.database.fetchrow(INTENT)
    assert intent
    assert (intent["status"], intent["capturable"], intent["doc"]["cancellation_reason"]) == ("canceled", 0, "automatic")
    assert (await world.events())[-2:] == ["charge.expired", "payment_intent.canceled"]
    assert await world.value("select held_until from charges where scope = 1") is None
    assert await expiry.sweep(world.desk) == 0


async def test_the_bank_holds_nothing_any_more(world: World) -> None:
    """B-5.17: the release was asked of the rail, and done there."""
    await world.hold()
    await world.database.execute(PASS_TIME)
    await expiry.sweep(world.desk)
    reference = await world.value("select reference from instructions where scope = 1 and verb = 'void'")
    rail = world.desk.rails["sandbox"]
    envelope = rail.prepare(cancel.Void(Money(1000, "usd"), "x"), reference)
    assert isinstance(await rail.inquire(envelope, Deadline.after(5)), Approved)


async def test_a_charge_without_an_intent_expires_too(world: World) -> None:
    """B-5.39: charge.expired; there is no intent to cancel."""
    given = {"amount": 1000, "currency": "usd", "source": "tok_visa", "capture": False}
    charge = await world.call(charging.CREATE, given)
    await world.database.execute(PASS_TIME)
    assert await expiry.sweep(world.desk) == 1
    assert (await world.events())[-1] == "charge.expired"
    row = await world.database.fetchrow("select id, held_until, live from charges where scope = 1")
    assert row
    assert (row["id"], row["held_until"], row["live"]) == (charge["id"], None, None)


@pytest.mark.shows("F17")
async def test_two_workers_release_a_hold_once(world: World) -> None:
    """The key is the hold's and the day's."""
    await world.hold()
    await world.database.execute(PASS_TIME)
    await asyncio.gather(*(expiry.sweep(world.desk) for _ in range(4)))
    assert await world.value(RELEASES) == 1
    assert await world.value("select count(*) from events where scope = 1 and type = 'charge.expired'") == 1


async def test_what_was_captured_meanwhile_is_no_hold(world: World) -> None:
    """A capture between the look and the asking wins: nothing is released."""
    intent = await world.hold()
    charge = await world.value("select id from charges where scope = 1")
    await world.take(intent)
    await expiry.one(world.desk, SCOPE, False, charge, clock.seconds())
    assert await world.value(RELEASES) == 0


async def test_what_the_rail_refuses_is_asked_again_another_day(world: World) -> None:
    """F28: no hold is asked about again and again within a day."""
    await world.hold()
    await world.database.execute(PASS_TIME)
    await world.database.execute("update instructions set reference = 'never-heard-of' where scope = 1")
    assert await expiry.sweep(world.desk) == 1
    assert await expiry.sweep(world.desk) == 0
    assert await world.value("select status from intents where scope = 1") == "requires_capture"


async def test_events_of_an_expiry_name_no_request(world: World) -> None:
    """B-5.76: no call caused it."""
    await world.hold()
    await world.database.execute(PASS_TIME)
    await expiry.sweep(world.desk)
    row = await world.database.fetchrow(
        "select request, idempotency_key from events where scope = 1 and type = 'charge.expired'"
    )
    assert row
    assert (row["request"], row["idempotency_key"]) == (None, None)
