"""The form of the tables: an operation is done without a parameter and with it, and a client reads the difference."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.harness import Answer, Shop

Made = dict[str, Any]  # what an operation's `prepare` made; "shop" is always there
Given = dict[str, Any]
SAME = object()  # what is read is what was given


class Case(NamedTuple):
    """With the parameter as `value`, and `beside` it what it needs, a client reads `expected` at the path `shows`.

    A value may be a function of what was prepared. `shows` walks the answer by dots; `#` is a list's length.
    """

    shows: str
    value: Any
    expected: Any = SAME
    beside: Mapping[str, Any] = {}


class Served(NamedTuple):
    """An operation: `do` asks it with the parameters given, on objects of its own or on what `prepare` made for both calls."""

    do: Callable[[Made, Given], Answer]
    cases: Mapping[str, Case]
    prepare: Callable[[Shop], Made] = lambda shop: {}


def shows_a_difference(shop: Shop, served: Served, parameter: str) -> None:
    case = served.cases[parameter]
    made = {"shop": shop} | served.prepare(shop)
    value = case.value(made) if callable(case.value) else case.value
    expected = value if case.expected is SAME else case.expected(made) if callable(case.expected) else case.expected
    without, given = beside(case, made), beside(case, made)
    put(given, parameter, value)
    before, after = (at(served.do(made, asked).json, case.shows) for asked in (without, given))
    assert after == expected
    assert before != expected, "it makes no difference"


def beside(case: Case, made: Made) -> Given:
    given = {name: value(made) if callable(value) else value for name, value in case.beside.items()}
    copied: Given = json.loads(json.dumps(given))
    return copied


def put(given: Given, parameter: str, value: Any) -> None:
    """By its name in brackets."""
    *path, last = parameter.replace("]", "").split("[")
    for name in path:
        given = given.setdefault(name, {})
    given[last] = value


def at(answer: Any, path: str) -> Any:
    """None where there is nothing."""
    for step in path.split("."):
        if step == "#":
            answer = len(answer or [])
        elif isinstance(answer, list):
            answer = answer[int(step)] if int(step) < len(answer) else None
        else:
            answer = (answer or {}).get(step)
    return answer


def post(made: Made, path: str, given: Given) -> Answer:
    """As JSON (B-1.25): types stay what they are."""
    body, kind = json.dumps(given).encode(), {"Content-Type": "application/json"}
    answer: Answer = made["shop"].raw("POST", path, body=body, headers=kind)
    return answer


def get(made: Made, path: str, given: Given) -> Answer:
    answer: Answer = made["shop"].raw("GET", path, list(flat(given)))
    return answer


def flat(given: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Pairs for a query."""
    for name, value in given.items():
        key = f"{at}[{name}]" if at else name
        if isinstance(value, dict):
            yield from flat(value, key)
        elif isinstance(value, list):
            yield from ((f"{key}[]", each) for each in value)
        else:
            yield key, str(value).lower() if isinstance(value, bool) else str(value)


def asks(path: str) -> Callable[[Made, Given], Answer]:
    return lambda made, given: get(made, path, given)


# Of every list whose `prepare` makes just two things, "older" and "newer" (their ids).
PAGED: dict[str, Case] = {
    "limit": Case("data.#", 1),
    "starting_after": Case("data.0.id", lambda made: made["newer"], lambda made: made["older"]),
    "ending_before": Case("data.#", lambda made: made["older"], 1),
    "created": Case("data.#", {"gt": 4_102_444_800}, 0),
}
