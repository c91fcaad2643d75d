"""Recovery, killed around each of its own effects: the next one goes on where it stood, one way only."""

from collections.abc import Iterator

import pytest

from tests.harness.processes import until
from tests.kills.acting import Attempt, arranged, broken, come_back, judge
from tests.kills.books import fall_quiet
from tests.kills.breakable import Breakable, Cell, cells, effects_in
from tests.kills.moves import MOVES, Move

LEFT = ("before", "after")  # where the API died: nothing had left, or the bank had answered
KILLED = [move for move in MOVES if move.name in ("confirm", "capture", "refund", "cancel")]
UNTIL = "update instructions set created = created - 60, until = $2 where scope = $1 and state <> 'closed' returning id"
NOT_YET = 2**62
LONG_AGO = 1  # the lease is over, and the bank has had its time to hear of what was on its way


@pytest.fixture
def resting(breakable: Breakable) -> Iterator[Breakable]:
    """Its worker comes back at the end, sound."""
    breakable.processes["worker"].stop()
    yield breakable
    breakable.restart("worker")


@pytest.mark.slow
@pytest.mark.shows("F10", "F14", "F15", "F16", "F17")
@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("move", KILLED, ids=str)
def test_recovery_goes_on(resting: Breakable, move: Move, left: str, whole: bool):
    """B-1.41: nobody was answered, so what recovery finds out is the key's answer."""
    turn = KILLED.index(move) * len(LEFT) + LEFT.index(left)
    effects = enumerate_effects(resting, move, left, turn)
    assert {name.partition(".")[0] for name in effects} == {"rail", "store"}, effects
    squares = cells(effects, whole, turn) if whole or left == "before" else cells(effects[-1:], whole, turn)
    attempts = [arranged(resting, move, cell) for cell in squares]
    for number, attempt in enumerate(attempts):
        unanswered(resting, move, left, attempt, f"recovery{turn}-{number}")
    for number, attempt in enumerate(attempts):
        resting.processes["worker"].stop()  # one that only lost an answer lives
        due(resting, attempt)
        mark = resting.arm("worker", attempt.cell, f"worker{turn}-{number}")
        until(mark.exists, resting, 30)
        if attempt.cell.how != "lost":
            assert resting.died("worker")
    resting.restart("api")
    resting.restart("worker")
    answers = [come_back(move, attempt) for attempt in attempts]
    for attempt, answer in zip(attempts, answers, strict=True):
        judge(move, attempt, answer)


def unanswered(gateway: Breakable, move: Move, left: str, attempt: Attempt, name: str) -> None:
    """The API dies at the rail; nobody takes up what it leaves before it is due."""
    verb = {"confirm": "authorize", "cancel": "void"}.get(move.name, move.name)
    broken(gateway, move, attempt._replace(cell=Cell(f"rail.{verb}", left)), name)
    assert len(gateway.fetch(UNTIL, attempt.shop.scope, NOT_YET)) == 1


def due(gateway: Breakable, attempt: Attempt) -> None:
    assert len(gateway.fetch(UNTIL, attempt.shop.scope, LONG_AGO)) == 1


def enumerate_effects(gateway: Breakable, move: Move, left: str, turn: int) -> list[str]:
    attempt = arranged(gateway, move, Cell("", ""))
    unanswered(gateway, move, left, attempt, f"listed{turn}")
    due(gateway, attempt)
    gateway.restart("api")
    file = gateway.list_effects("worker", f"worker{turn}")
    fall_quiet(attempt.shop)
    gateway.processes["worker"].stop()
    return effects_in(file)
