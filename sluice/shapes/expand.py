"""`expand[]`: ids replaced by the objects they name (B-3.19 to B-3.24). Paths are judged first; then one level at a time."""

from asyncio import gather
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sluice.core.errors import Refused
from sluice.core.limits import EXPAND_DEPTH, EXPANSIONS
from sluice.shapes.contract import ABSENT, Operation, Schema, resolved

Object = dict[str, Any]
Key = tuple[str, str]  # an id, and the field where it stands
Holder = tuple[Object, str]  # an object, and its field where a list belongs
Fetch = Callable[[list[Key]], Awaitable[Mapping[Key, Object]]]
FetchLists = Callable[[list[Holder]], Awaitable[list[Object | None]]]


class Step(NamedTuple):
    """One name of a path. `kind`: id (fetched by what stands there), list (made, B-3.23), or way (passed through)."""

    kind: str
    below: "Steps"


Steps = dict[str, Step]


class Wish(NamedTuple):
    """A field of an object at hand that is to be filled."""

    holder: Object
    name: str
    step: Step


def plan(operation: Operation, paths: list[str] | None) -> Steps:
    """The steps that `paths` ask of the operation's answer; what names nothing deeper is left out (B-3.21).

    Refused (400) to the letter of B-3.20, before anything runs (B-3.22).
    """
    steps: Steps = {}
    if not paths:
        return steps
    if len(paths) > EXPANSIONS:
        raise Refused(f"You can expand at most {EXPANSIONS} properties; you asked for {len(paths)}.", param="expand")
    answer = resolved(operation.answer)
    for path in paths:
        names = path.split(".")
        judge(names, path, answer, operation.is_list)
        grow(steps, names, list(options(answer)))
    return steps


def judge(names: list[str], path: str, answer: Schema, is_list: bool) -> None:
    """The first step, after `data` on a list, must be one that can be expanded or passed; and no path goes too deep."""
    inside, deep = answer, names
    if is_list and names[0] == "data" and len(names) > 1:
        inside, deep = resolved(answer["properties"]["data"]["items"]), names[1:]
    if len(deep) > EXPAND_DEPTH:
        raise Refused(
            f"You cannot expand more than {EXPAND_DEPTH} levels of a property. Property: {path}",
            code="property_expansion_max_depth",
        )
    if any(deep[0] in each.get("x-expandableFields", ()) for each in options(inside)):
        return
    hint = f" You may want to try expanding 'data.{path}' instead." if is_list and inside is answer else ""
    if any(deep[0] in each.get("properties", {}) for each in options(inside)):
        raise Refused(f"This property cannot be expanded ({path}).{hint}")
    raise Refused(f"This property cannot be expanded because it doesn't exist: {path}.{hint}")


def grow(steps: Steps, names: list[str], schemas: list[Schema]) -> None:
    """Adds one path to the steps, as far as the contract follows it; ancestors are expanded too (B-3.21)."""
    if names:
        name, rest = names[0], names[1:]
        knows = next((each for each in schemas if name in each.get("x-expandableFields", ())), None)
        if knows is not None:
            field = knows["properties"][name]
            step = steps.setdefault(name, Step(kind(knows, name, field), {}))
            grow(step.below, rest, list(options(field)))


def options(field: Schema) -> Iterator[Schema]:
    """The hashes that may stand in a field: it, what it points at, the elements of its list."""
    field = resolved(field)
    if "anyOf" in field:
        for each in field["anyOf"]:
            yield from options(each)
    elif "items" in field:
        yield from options(field["items"])
    elif "properties" in field:
        yield field


def kind(holder: Schema, name: str, field: Schema) -> str:
    if name in ABSENT.get(holder.get("x-resourceId", ""), ()):
        return "list"
    return "id" if any(each.get("type") == "string" for each in field.get("anyOf", ())) else "way"


async def nothing(holders: list[Holder]) -> list[Object | None]:
    """For answers that hold no lists."""
    return [None] * len(holders)


async def expand(answer: Object, steps: Steps, fetch: Fetch, fetch_lists: FetchLists = nothing) -> Object:
    """A copy of `answer` with the steps filled in; null stays null, an id that names nothing stays an id.

    Both are asked once for a level, however many objects it has. `fetch`: keys → the rendered objects that there are.
    `fetch_lists`: holders → their envelopes, in their order. What they return is never changed here.
    """
    answer = {**answer}
    wishes = list(reach(answer, steps))
    while wishes:
        filled = await fill(wishes, fetch, fetch_lists)
        wishes = [each for holder, below in filled for each in reach(holder, below)]
    return answer


def reach(holder: Object, steps: Steps) -> Iterator[Wish]:
    """What is to be filled in an object at hand, or in the hashes and lists inside it, which are copied on the way."""
    for name, step in steps.items():
        value = holder.get(name)
        if step.kind == "list" or (step.kind == "id" and isinstance(value, str)):
            yield Wish(holder, name, step)
        elif isinstance(value, dict):
            holder[name] = inside = {**value}
            yield from reach(inside, step.below)
        elif isinstance(value, list):
            holder[name] = copies = [{**each} if isinstance(each, dict) else each for each in value]
            for each in copies:
                if isinstance(each, dict):
                    yield from reach(each, step.below)


async def fill(wishes: list[Wish], fetch: Fetch, fetch_lists: FetchLists) -> list[tuple[Object, Steps]]:
    """Fetches one level; the objects that came, each with the steps below it."""
    single = [wish for wish in wishes if wish.step.kind == "id"]
    lists = [wish for wish in wishes if wish.step.kind == "list"]
    keys = list(dict.fromkeys((wish.holder[wish.name], wish.name) for wish in single))
    objects, made = await gather(fetch(keys), fetch_lists([(wish.holder, wish.name) for wish in lists]))
    found = [(wish, objects.get((wish.holder[wish.name], wish.name))) for wish in single]
    filled = []
    for wish, value in [*found, *zip(lists, made, strict=True)]:
        if value is not None:
            wish.holder[wish.name] = copy = {**value}
            filled.append((copy, wish.step.below))
    return filled
