"""What the rail says by itself: stored, asked about, applied once."""

import asyncio

import pytest

from sluice.books.ledger import balances
from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.payments import notices, recovery
from sluice.rails.types import Notice
from tests.unit.desk_world import SCOPE, World

pytest_plugins = ["tests.unit.vault_database", "tests.unit.desk_fixtures"]
STATUS = "select status from refunds where scope = 1"
WAITING = "select count(*) from notices where applied is null"
SHOWN = "select kind from discrepancies"
REFERENCE = "select reference from instructions where scope = 1 and verb = 'refund'"


@pytest.fixture(autouse=True)
async def heard_before(world: World) -> None:
    """The bank lives longer than a test: what it said to others is skipped."""
    old = await world.desk.rails["sandbox"].watch(0, notices.caller.Deadline.after(0.6))
    await keep(world, old[-1:])
    await world.database.execute("update notices set applied = 1")


async def keep(world: World, news: list[Notice]) -> None:
    columns = ([one.number for one in news], [one.reference for one in news], [one.kind for one in news])
    await world.database.execute(notices.KEEP, "sandbox", *columns, clock.seconds())


async def until(world: World, status: str) -> None:
    """The worker's turns, until the refund says it."""
    for _ in range(200):
        await notices.sweep(world.desk)
        await recovery.sweep(world.desk)
        if await world.value(STATUS) == status:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"the refund is {await world.value(STATUS)}")


async def by_itself(world: World, card: str) -> None:
    """A payment is refunded, and the bank has its say."""
    await world.refund(await world.pay(1000, card), 400)
    await notices.listen(world.desk, world.desk.rails["sandbox"])


@pytest.mark.shows("F25")
async def test_a_refund_comes_back_from_its_card(world: World) -> None:
    """B-5.42: failed, the money is the shop's again, refund.failed is told, and it can be made again."""
    await by_itself(world, "pm_card_refundFail")
    assert await world.value(STATUS) == "succeeded"
    await until(world, "failed")
    assert (await world.events())[-2:] == ["refund.failed", "charge.refund.updated"]
    assert (await balances(world.database, SCOPE))[("pending", "usd")] == 1000 - 59
    assert await world.value("select refunded from charges where scope = 1") == 0
    again = await world.call(notices.refunds.CREATE, {"charge": await world.value("select id from charges where scope = 1")})
    assert (again.get("error"), again.get("amount")) == (None, 1000)


async def test_a_pending_refund_arrives(world: World) -> None:
    """B-5.43: it counts once it has arrived."""
    await by_itself(world, "pm_card_pendingRefund")
    await until(world, "succeeded")
    assert await world.value("select refunded from charges where scope = 1") == 400
    assert (await world.events())[-3:] == ["refund.updated", "charge.refunded", "charge.refund.updated"]


@pytest.mark.shows("F18")
async def test_twice_and_in_any_order_is_once(world: World) -> None:
    """One posting, however often it is said, and by however many workers it is applied."""
    await by_itself(world, "pm_card_refundFail")
    reference = await world.value(REFERENCE)
    said = [Notice(900_000 + n, reference, kind) for n, kind in enumerate(("outcome", "return", "return", "outcome"))]
    await keep(world, said)
    await keep(world, said)
    await asyncio.gather(*(notices.sweep(world.desk) for _ in range(3)))
    await until(world, "failed")
    await notices.sweep(world.desk)
    assert (await world.events()).count("refund.failed") == 1
    assert await world.value("select count(*) from balance_transactions where scope = 1 and type = 'refund_failure'") == 1


async def test_a_return_that_the_rail_does_not_confirm_changes_nothing(world: World) -> None:
    """A notice is never believed; an hour later a person is asked."""
    await world.refund(await world.pay(1000), 400)
    await keep(world, [Notice(900_000, await world.value(REFERENCE), "return")])
    await notices.sweep(world.desk)
    assert (await world.value(STATUS), await world.value(WAITING)) == ("succeeded", 1)
    await world.database.execute("update notices set due = 0, received = 0")
    await notices.sweep(world.desk)
    assert (await world.value(SHOWN), await world.value(WAITING)) == ("return_not_confirmed", 0)


@pytest.mark.shows("F19")
async def test_an_unknown_reference_is_kept_and_shown_in_time(world: World) -> None:
    """Tried again with growing pauses; after an hour a person sees it."""
    await keep(world, [Notice(900_000, "1-nobody", "outcome")])
    await notices.sweep(world.desk)
    pause = await world.value("select due from notices where applied is null") - clock.seconds()
    assert 0 <= pause <= 1
    await world.database.execute("update notices set due = 0")
    await notices.sweep(world.desk)
    assert await world.value("select tries from notices where applied is null") == 2
    assert await world.value(SHOWN) is None
    await world.database.execute("update notices set due = 0, received = 0 where applied is null")
    await notices.sweep(world.desk)
    assert (await world.value(SHOWN), await world.value(WAITING)) == ("unknown_reference", 0)


@pytest.mark.shows("F19")
async def test_a_notice_before_our_own_commit_waits_for_it(world: World) -> None:
    """The instruction was not there yet when it was heard; then it is."""
    await keep(world, [Notice(900_000, "1-early", "outcome")])
    await notices.sweep(world.desk)
    await world.pay(1000)
    await world.database.execute("update instructions set reference = '1-early' where scope = 1")
    await world.database.execute("update notices set due = 0 where applied is null")
    await notices.sweep(world.desk)
    assert await world.value(WAITING) == 0


async def test_a_return_of_what_is_no_refund_is_shown_at_once(world: World) -> None:
    """No move allows it: stored as a discrepancy, never dropped; listed among the others by its time (Law 9)."""
    await world.pay(1000)
    await keep(world, [Notice(900_000, await world.value("select reference from instructions where scope = 1"), "return")])
    await notices.sweep(world.desk)
    assert await world.value(SHOWN) == "unexpected_notice"
    assert await world.value("select id from discrepancies") < new_id("dis_")


FAR = "update instructions set until = 9000000000000000 where scope = 1 and verb = 'refund'"
SOON = "select until < 9000000000000000 from instructions where scope = 1 and verb = 'refund'"


async def test_recovery_looks_at_once(world: World) -> None:
    """B-5.43: what was put off for long is asked about as soon as the rail says that something happened."""
    await by_itself(world, "pm_card_pendingRefund")
    await world.database.execute(FAR)
    await notices.sweep(world.desk)
    assert await world.value(SOON)
    await until(world, "succeeded")


@pytest.mark.shows("F17")
async def test_a_first_caller_is_left_alone(world: World) -> None:
    """He still waits for his own answer: his lease is not cut short, and the notice waits, too."""
    await by_itself(world, "pm_card_pendingRefund")
    await world.database.execute(FAR)
    await world.database.execute("update instructions set said = null where scope = 1 and verb = 'refund'")
    await notices.sweep(world.desk)
    assert (await world.value(SOON), await world.value(WAITING)) == (False, 1)


@pytest.mark.shows("F18")
async def test_what_was_said_before_is_not_written_again(world: World) -> None:
    await by_itself(world, "pm_card_refundFail")
    await until(world, "failed")
    version = "select version from instructions where scope = 1 and verb = 'refund'"
    before = await world.value(version)
    await keep(world, [Notice(900_000, await world.value(REFERENCE), "return")])
    await notices.sweep(world.desk)
    assert (await world.value(version), await world.value(WAITING)) == (before, 0)
