"""The kill matrix: real processes, the bank lives on. Whatever breaks and wherever: money moves once or not at all."""

import pytest

from tests.harness import Shop
from tests.kills.acting import KEY, arranged, broken, come_back, judge
from tests.kills.breakable import Breakable, cells, effects_in
from tests.kills.moves import MOVES, Move


@pytest.mark.slow
@pytest.mark.shows("F2", "F3", "F4", "F10", "F16", "F21", "F29")
@pytest.mark.parametrize("move", MOVES, ids=str)
def test_a_move_happens_once_or_not_at_all(breakable: Breakable, move: Move, whole: bool):
    """B-1.35, B-1.41: the API dies around each of its effects, comes back, the client tries again with the same key."""
    turn = MOVES.index(move)
    effects = enumerate_effects(breakable, move)
    assert len(effects) >= 3, effects
    assert [name for name in effects if name.startswith("rail.")], effects
    attempts = [arranged(breakable, move, cell) for cell in cells(effects, whole, turn)]
    for number, attempt in enumerate(attempts):
        broken(breakable, move, attempt, f"{turn}-{number}")
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
    assert move.act(shop, state, KEY).status in ((402,) if move.refused else (200, 303))
    return effects_in(file)
