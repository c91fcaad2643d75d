"""Seeds in which everything goes wrong that can: four books agree to the minor unit, and what is shown has really happened."""

from collections import Counter

import pytest

from simulation.ground import Ground
from simulation.world import Result, simulate

SEEDS, WHOLE = 200, 500
PAYMENTS = 6
KINDS = ("wire:", "database:", "rail:", "notice:", "webhook:", "clock:", "process:")


@pytest.fixture(scope="module")
def results(stands: Ground, whole: bool) -> list[Result]:
    return [simulate(stands, seed, list(range(1, PAYMENTS + 1))) for seed in range(1, (WHOLE if whole else SEEDS) + 1)]


@pytest.fixture(scope="module")
def seen(results: list[Result]) -> Counter[str]:
    return sum((Counter(result.seen) for result in results), Counter[str]())


@pytest.mark.slow
def test_the_books_agree(results: list[Result]) -> None:
    """After every seed the bank, the ledger, the answers and the webhooks say the same, to the minor unit."""
    assert {result.seed: list(map(str, result.differences)) for result in results if result.differences} == {}


@pytest.mark.slow
def test_every_kind_of_oddity_happens(seen: Counter[str]) -> None:
    """Every way in which wire, database, bank, receiver, clock and processes misbehave happens in the seeds that run."""
    from simulation import line, nodes, pool, receiver, wire

    wanted = {f"wire: {fate}" for fate in wire.FATES} | {f"database: {fate}" for fate in pool.FATES}
    wanted |= {f"rail: {fate}" for fate in (*line.FATES, *nodes.RAIL_FATES)} | {f"notice: {fate}" for fate in line.NOTICES}
    wanted |= {f"webhook: {fate}" for fate in receiver.FATES} | {"clock: ahead", "clock: behind", "process: stopped"}
    assert wanted - seen.keys() == set()


# What must have come about for a number to be shown, with the books still agreeing.
SHOWS = {
    "F5": ("answer: 400 payment_intent_unexpected_state",),
    "F10": ("death: api before store", "death: api after store", "death: worker before store", "death: worker after store",
            "death: api before rail", "death: api after rail", "death: worker after webhook"),
    "F11": ("rail: foreign", "rail: reference", "rail: answer late"),
    "F12": ("rail: too late", "discrepancy: late_approval"),
    "F14": ("rail: cut and late", "bank: inquire not_found", "bank: a reversal blocks a later original",
            "bank: a reversal does not block a later original"),
    "F15": ("bank: reverse approved", "rail: late"),
    "F17": ("death: worker after store", "bank: inquire approved"),
    "F18": ("rail: twice", "notice: twice"),
    "F19": ("notice: early", "notice: nobody's", "discrepancy: unknown_reference"),
    "F25": ("bank: inquire returned", "bank: refund pending"),
    "F29": ("database: before", "database: after", "database: commits late", "database: rolled back late"),
    "F33": ("database: lock_timeout",),
    "F37": ("clock: ahead", "clock: behind"),
    "F44": ("webhook: lost", "database: commits late"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.shows("F5", "F10", "F11", "F12", "F14", "F15", "F17", "F18", "F19", "F25", "F29", "F33", "F37", "F44")
@pytest.mark.parametrize("number", SHOWS)
def test_what_is_shown_happens(number: str, seen: Counter[str]) -> None:
    """The situation that the number speaks of comes about in the seeds, after which the books agree."""
    assert [situation for situation in SHOWS[number] if not seen[situation]] == []
