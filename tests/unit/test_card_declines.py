"""S14, B-5.22: a card that is declined again and again must wait, whoever asks; an intent that is tried too often ends."""

import asyncio
from typing import Any

import pytest

from sluice.books.forgetting import sweep
from sluice.core.errors import Refused
from sluice.core.limits import LIMIT_SECONDS
from sluice.payments import charging, confirming, creating
from sluice.payments.routing import ATTEMPTS
from tests.unit.desk_world import SCOPE, World

pytest_plugins = ["tests.unit.vault_database", "tests.unit.desk_fixtures"]

FRESH = {"amount": 500, "currency": "usd"}
PAY = FRESH | {"confirm": True, "return_url": "https://shop.example"}
DECLINED = {"number": "4000000000000002", "exp_month": 12, "exp_year": 2040}
GOOD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040}
ASKED = "select count(*) from instructions where scope = $1"
COUNTS = "select declines from card_declines where scope = $1"
WAYS: dict[str, dict[str, Any]] = {
    "brought along": {"payment_method_data": {"type": "card", "card": DECLINED | {"number": "4000 0000-0000 0002"}}},
    "by name": {"payment_method": "pm_card_visa_chargeDeclined"},
    "by token": {"payment_method_data": {"type": "card", "card": {"token": "tok_chargeDeclined"}}},
}


async def decline(world: World, **how: Any) -> str:
    """What became of one payment with the declined card: the error's code."""
    given = how or {"payment_method_data": {"type": "card", "card": DECLINED}}
    try:
        answer = await world.call(creating.CREATE, PAY | given)
    except Refused as refusal:
        return str(refusal.code)
    return str(answer["error"]["code"])


@pytest.mark.shows("S14")
@pytest.mark.parametrize("way", WAYS)
async def test_a_card_that_was_declined_too_often_is_not_asked_about(world: World, way: str) -> None:
    """However it comes, one card has one count, and past the limit its bank is asked no more; another card pays."""
    world.declines = 3
    assert [await decline(world) for _ in range(3)] == ["card_declined"] * 3
    asked = await world.value(ASKED, SCOPE)
    assert await decline(world, **WAYS[way]) == "rate_limit"
    assert await world.value(ASKED, SCOPE) == asked
    paid = await world.call(creating.CREATE, PAY | {"payment_method_data": {"type": "card", "card": GOOD}})
    assert paid["status"] == "succeeded"


@pytest.mark.shows("S14")
async def test_a_stored_card_and_a_charge_made_the_old_way_count_too(world: World) -> None:
    """The method of an intent tells its card's fingerprint; a charge's source as well."""
    world.declines = 2
    intent = await world.call(creating.CREATE, FRESH | {"payment_method_data": {"type": "card", "card": DECLINED}})
    confirm = {"return_url": "https://shop.example"}
    assert "error" in await world.call(confirming.CONFIRM, confirm, intent=intent["id"])
    charge = {"amount": 500, "currency": "usd", "source": "tok_chargeDeclined"}
    assert "error" in await world.call(charging.CREATE, charge)
    for verb, given, ids in (
        (charging.CREATE, charge, {}),
        (charging.CREATE, charge | {"source": DECLINED}, {}),
        (confirming.CONFIRM, confirm | {"payment_method": intent["payment_method"]}, {"intent": intent["id"]}),
    ):
        with pytest.raises(Refused) as refused:
            await world.call(verb, given, **ids)
        assert (refused.value.status, refused.value.judged) == (429, False)


@pytest.mark.shows("S14")
async def test_declines_that_come_at_once_are_all_counted(world: World) -> None:
    """Eight at one moment: each settles, none is lost from the count."""
    world.declines = 100
    assert await asyncio.gather(*(decline(world) for _ in range(8))) == ["card_declined"] * 8
    assert await world.value(COUNTS, SCOPE) == 8


async def test_after_a_while_it_may_be_tried_again_and_is_forgotten(world: World) -> None:
    """S14: the count begins anew; the sweep leaves no row that counts no more."""
    world.declines = 1
    assert [await decline(world) for _ in range(2)] == ["card_declined", "rate_limit"]
    await world.database.execute("update card_declines set since = since - $2 where scope = $1", SCOPE, int(LIMIT_SECONDS))
    assert await decline(world) == "card_declined"
    assert await world.value(COUNTS, SCOPE) == 1
    await world.database.execute("update card_declines set since = since - 3601 where scope = $1", SCOPE)
    await sweep(world.database)
    assert await world.value(COUNTS, SCOPE) is None


async def test_without_a_limit_nothing_is_counted(world: World) -> None:
    """B-1.44: test mode writes no row for it."""
    assert [await decline(world) for _ in range(5)] == ["card_declined"] * 5
    assert await world.value(COUNTS, SCOPE) is None


@pytest.mark.shows("S14")
async def test_an_intent_that_is_tried_too_often_is_canceled(world: World) -> None:
    """B-5.22: each attempt makes its charge and asks for another method; the last one allowed ends the intent, and tells it."""
    intent = await world.call(creating.CREATE, FRESH)
    confirm = {"payment_method": "pm_card_visa_chargeDeclined", "return_url": "https://shop.example"}
    for _ in range(ATTEMPTS - 1):
        error = (await world.call(confirming.CONFIRM, confirm, intent=intent["id"]))["error"]
        assert error["payment_intent"]["status"] == "requires_payment_method"
    error = (await world.call(confirming.CONFIRM, confirm, intent=intent["id"]))["error"]
    last = error["payment_intent"]
    assert (error["code"], last["status"], last["cancellation_reason"]) == ("card_declined", "canceled", "automatic")
    assert last["last_payment_error"]["charge"] == last["latest_charge"]
    told = await world.events()
    assert told[-3:] == ["charge.failed", "payment_intent.payment_failed", "payment_intent.canceled"]
    assert told.count("charge.failed") == ATTEMPTS
    again = (await world.call(confirming.CONFIRM, confirm | {"payment_method": "pm_card_visa"}, intent=intent["id"]))["error"]
    assert again["code"] == "payment_intent_unexpected_state"
