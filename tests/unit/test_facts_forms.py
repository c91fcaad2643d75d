"""Every form of a fact, printed: a change of what is written shows itself in a review (DESIGN §4)."""

from typing import Any

import pytest

from sluice.core import limits
from sluice.customers import customers, payment_methods
from sluice.payments import attaching, challenges, charging, confirming, creating, expiry, recovery, refunds, updating
from sluice.payments.cancel import CANCEL
from sluice.payments.capture import CAPTURE_CHARGE
from sluice.rails.sandbox.rail import Sandbox
from sluice.store import database
from tests.unit.desk_world import SCOPE, World
from tests.unit.forms import GOLDEN, Recorder

pytest_plugins = ["tests.unit.vault_database", "tests.unit.desk_fixtures"]
DECLINES, CHALLENGES, FRESH = "pm_card_visa_chargeDeclined", "pm_card_threeDSecure2Required", {"amount": 500, "currency": "usd"}
DUE = "update instructions set created = created - 60, until = 1 where scope = $1 and state <> 'closed'"
CARD = {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
RETURN = {"return_url": "https://shop.example"}


async def pay(world: World) -> None:
    """Taken, held, declined, challenged, unknown."""
    await world.pay(1000)
    await world.pay(1000, DECLINES)
    intent = await world.pay(1000, CHALLENGES)
    waits = await world.value("select challenge from intents where id = $1", intent["id"])
    await world.call(challenges.AUTHENTICATE, instruction=waits)
    await world.take(await world.hold(1200), 1100)
    await world.call(CANCEL, intent=(await world.hold(600))["id"])
    made = await world.call(creating.CREATE, FRESH)
    await world.call(updating.UPDATE, {"amount": 600}, intent=made["id"])
    await world.call(confirming.CONFIRM, {"payment_method": "pm_card_visa"} | RETURN, intent=made["id"])
    await world.call(CANCEL, intent=(await world.call(creating.CREATE, FRESH))["id"])
    brought = await world.call(creating.CREATE, FRESH | {"payment_method_data": CARD})
    await world.call(confirming.CONFIRM, RETURN, intent=brought["id"])


async def decline_where_it_counts(world: World) -> None:
    """S14: the first decline of a card, and the next."""
    world.declines = 9
    for _ in range(2):
        await world.pay(1000, DECLINES)
    world.declines = 0


async def pay_by_charge(world: World) -> None:
    """The old way."""
    given: dict[str, Any] = {"amount": 450, "currency": "usd", "source": "tok_visa"}
    await world.call(charging.CREATE, given)
    await world.call(charging.CREATE, given | {"source": "tok_chargeDeclined"})
    held = await world.call(charging.CREATE, given | {"capture": False})
    await world.call(charging.UPDATE, {"description": "a book"}, charge=held["id"])
    await world.call(CAPTURE_CHARGE, charge=held["id"])


async def pass_on(world: World) -> None:
    """The shop's first bank is not there, its second is."""
    world.desk.rails["ra_dead"] = Sandbox("127.0.0.1", 1, name="ra_dead")
    world.desk.open[SCOPE] = ("ra_dead", "sandbox")
    await world.pay(700)
    await world.call(charging.CREATE, {"amount": 450, "currency": "usd", "source": "tok_visa"})
    world.desk.open.clear()


async def give_back(world: World) -> None:
    paid = await world.pay(1000)
    done = await world.refund(paid, 400)
    await world.call(refunds.UPDATE, {"metadata": {"a": "b"}}, refund=done["id"])
    pending = await world.refund(await world.pay(900, "pm_card_pendingRefund"), 200)
    await world.call(refunds.CANCEL, refund=pending["id"])


async def keep_customers(world: World) -> None:
    customer = await world.call(attaching.CREATE_CUSTOMER, {"email": "buyer@shop.example"})
    await world.call(customers.UPDATE, {"name": "Buyer"}, customer=customer["id"])
    method = await world.call(payment_methods.CREATE, CARD)
    await world.call(payment_methods.UPDATE, {"metadata": {"a": "b"}}, payment_method=method["id"])
    await world.call(attaching.ATTACH, {"customer": customer["id"]}, payment_method=method["id"])
    await world.call(attaching.DETACH, payment_method=method["id"])
    await world.call(attaching.ATTACH, {"customer": customer["id"]}, payment_method="pm_card_visa")
    await world.call(customers.DELETE, customer=customer["id"])


async def recover(world: World) -> None:
    """What the bank did not say, said later, or was never asked; and holds that run out."""
    for weather in ("silent-after-booking", "silent-before-booking", "wrong_amount"):
        await world.pay(1000, metadata={"sandbox": weather})
    paid, lost = await world.pay(1000), {"metadata": {"sandbox": "silent-before-booking"}}
    await world.call(refunds.CREATE, {"payment_intent": paid["id"]} | lost)
    await world.refund(paid)  # refused, on its rows
    expiring = await world.hold(640)
    await world.database.execute("update charges set held_until = 1 where scope = 1 and intent = $1", expiring["id"])
    await expiry.sweep(world.desk)
    for _ in range(3):
        await world.database.execute(DUE, SCOPE)
        await recovery.sweep(world.desk)


async def test_every_form_is_as_it_was_read(world: World, monkeypatch: pytest.MonkeyPatch):
    """Take the golden file away to have it written anew, and read what has changed."""
    recorder = Recorder()
    monkeypatch.setattr(database, "compose", recorder)
    monkeypatch.setattr(limits, "RAIL_SECONDS", 0.5)
    monkeypatch.setattr(confirming, "WEATHER", (*confirming.WEATHER, "silent-after-booking", "silent-before-booking"))
    for living in (pay, decline_where_it_counts, pay_by_charge, pass_on, give_back, keep_customers, recover):
        await living(world)
    printed = recorder.printed()
    if not GOLDEN.exists():
        GOLDEN.write_text(printed)
    assert printed == GOLDEN.read_text()
