"""What a client goes through: a call that breaks, the same call again, and what it was told compared with how it is."""

from typing import Any, NamedTuple

import requests

from tests.harness import Answer, Shop
from tests.harness.processes import until
from tests.kills.books import agree, fall_quiet
from tests.kills.breakable import Breakable, Cell
from tests.kills.moves import Move

AGAIN = (409, 429, 500, 503)  # what an SDK tries again
KEY = "k1"


class Attempt(NamedTuple):
    cell: Cell
    shop: Shop
    state: Any


def arranged(gateway: Breakable, move: Move, cell: Cell) -> Attempt:
    if gateway.processes["api"].env.get("SLUICE_FAULTS"):
        gateway.restart("api")
    shop = Shop(gateway)
    return Attempt(cell, shop, move.arrange(shop))


def broken(gateway: Breakable, move: Move, attempt: Attempt, name: str) -> None:
    """The move, with the fault in the API's way; the client may learn nothing, as in life."""
    assert attempt.shop.secret  # its key is there before the fault is
    mark = gateway.arm("api", attempt.cell, name)
    try:
        move.act(attempt.shop, attempt.state, KEY)
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
        answers[:] = [move.act(attempt.shop, attempt.state, KEY)]
        return answers[0].status not in AGAIN

    until(answered, attempt.shop.gateway)
    again = move.act(attempt.shop, attempt.state, KEY)
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
            told_the_truth(move, attempt.shop, answer, moved=money == move.may[0])
    except AssertionError as error:
        error.add_note(f"{move}, {attempt.cell}: {answer}")
        raise


def told_the_truth(move: Move, shop: Shop, answer: Answer, moved: bool) -> None:
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
