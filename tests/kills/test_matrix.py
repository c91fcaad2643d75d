"""The kill matrix: real processes, the bank lives on. Whatever breaks and wherever: money moves once or not at all."""

from typing import Any, NamedTuple

import pytest
import requests

from tests.harness import Answer, Shop
from tests.harness.processes import until
from tests.kills.books import agree, fall_quiet
from tests.kills.breakable import Breakable, Cell, cells, effects_in
from tests.kills.moves import MOVES, Move

AGAIN = (409, 429, 503)  # what an SDK tries again
SEND = "rail."


class Attempt(NamedTuple):
    cell: Cell
    shop: Shop
    state: Any
    key: str


@pytest.mark.shows("F2", "F3", "F4", "F10", "F13", "F16", "F17", "F21")
@pytest.mark.parametrize("move", MOVES, ids=str)
def test_a_move_happens_once_or_not_at_all(breakable: Breakable, move: Move, whole: bool):
    """B-1.35, B-1.41: the API dies around each of its effects, comes back, the client tries again with the same key."""
    effects = enumerate_effects(breakable, move)
    assert len(effects) >= 3, effects
    assert [name for name in effects if name.startswith(SEND)], effects
    attempts = [arranged(breakable, move, cell) for cell in cells(effects, whole, MOVES.index(move))]
    for number, attempt in enumerate(attempts):
        broken(breakable, move, attempt, f"{MOVES.index(move)}-{number}")
    breakable.restart("api")
    answers = [come_back(move, attempt) for attempt in attempts]
    for attempt, answer in zip(attempts, answers, strict=True):
        judge(move, attempt, answer)


def enumerate_effects(gateway: Breakable, move: Move) -> list[str]:
    """By running once with the list switch: a new effect is covered unasked."""
    gateway.restart("api")
    shop = Shop(gateway)
    state = move.arrange(shop)
    file = gateway.list_effects("api", f"move{MOVES.index(move)}")
    assert move.act(shop, state, "k1").status in (200, 303)
    return effects_in(file)


def arranged(gateway: Breakable, move: Move, cell: Cell) -> Attempt:
    gateway.restart("api") if gateway.processes["api"].env.get("SLUICE_FAULTS") else None
    shop = Shop(gateway)
    return Attempt(cell, shop, move.arrange(shop), "k1")


def broken(gateway: Breakable, move: Move, attempt: Attempt, name: str) -> None:
    """The move, with the fault in its way; the client may learn nothing, as in life."""
    assert attempt.shop.secret  # its key is there before the fault is
    mark = gateway.arm("api", attempt.cell, name)
    try:
        move.act(attempt.shop, attempt.state, attempt.key)
        heard = True
    except requests.ConnectionError:
        heard = False
    assert mark.exists(), f"{attempt.cell} met nothing in flight"
    assert heard == (attempt.cell.how == "lost"), attempt.cell
    if not heard:
        assert gateway.died("api")


def come_back(move: Move, attempt: Attempt) -> Answer | None:
    """What every SDK does: the same key again, until there is an answer; then once more, which says the same bytes."""
    if move.url:
        move.act(attempt.shop, attempt.state, "")  # the buyer presses the button again
        return None
    answers: list[Answer] = []

    def answered() -> bool:
        answers[:] = [move.act(attempt.shop, attempt.state, attempt.key)]
        return answers[0].status not in AGAIN

    until(answered, attempt.shop.gateway)
    again = move.act(attempt.shop, attempt.state, attempt.key)
    assert (again.status, again.body) == (answers[0].status, answers[0].body), attempt.cell
    assert again.headers["idempotent-replayed"] == "true"
    return answers[0]


def judge(move: Move, attempt: Attempt, answer: Answer | None) -> None:
    """Once quiet: the books agree, the money is where it may be, and what the client heard is how it is."""
    fall_quiet(attempt.shop)
    try:
        money = agree(attempt.shop)
        assert money in move.may
        if answer is not None:
            heard(move, attempt.shop, answer, moved=money == move.may[0])
    except AssertionError as error:
        error.add_note(f"{move}, {attempt.cell}: {answer}")
        raise


def heard(move: Move, shop: Shop, answer: Answer, moved: bool) -> None:
    """A success says what is; a decline says that nothing moved; `processing` promised an event."""
    if answer.status != 200:
        assert answer.status == 402, answer
        assert len(move.may) == 1 or not moved, answer
        return
    shown = answer.json
    now = shop.raw("GET", f"/v1/{shown['object']}s/{shown['id']}").json
    if shown.get("status") in ("processing", "pending"):
        assert now["status"] != shown["status"]
    else:
        assert moved
        assert now.get("status") == shown.get("status")
