"""Answers in an older version: the lists it always had are filled in, then each object is taken back, change by change."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from sluice.shapes.page import envelope
from sluice.shapes.versions import Version
from sluice.shapes.versions.change import Object

Holder = tuple[Object, str]  # an object, and its field where a list belongs
FetchLists = Callable[[list[Holder]], Awaitable[list[Object | None]]]
FREE = ("metadata", "previous_attributes")  # what looks like an object in there is none


async def filled(answer: Any, to: Version, fetch: FetchLists) -> Any:
    """A copy with the lists that `to` has in every object; `fetch` is asked once for a level, None is an empty list."""
    answer = copied(answer)
    places = list(empty(answer, to))
    while places:
        for (holder, name), found in zip(places, await fetch(places), strict=True):
            url = f"/v1/{holder['object']}s/{holder['id']}/{name}"
            holder[name] = copied(found) if found else envelope([], False, url)
        places = [place for holder, name in places for place in empty(holder[name], to)]
    return answer


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: copied(each) for name, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def empty(value: Any, to: Version) -> Iterator[Holder]:
    """Where a list is missing: in whole objects at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from empty(each, to)
    elif isinstance(value, dict):
        for name in to.lists.get(kind(value), ()):
            if name not in value and "id" in value and not value.get("deleted"):
                yield value, name
        for name, each in value.items():
            if name not in FREE:
                yield from empty(each, to)


def back(value: Any, to: Version) -> Any:
    """An answer, or any part of one, as `to` had it. What nothing has changed is given back as it is."""
    return taken(value, to) if to.objects else value


def taken(value: Any, to: Version) -> Any:
    if isinstance(value, list):
        return [taken(each, to) for each in value]
    if not isinstance(value, dict):
        return value
    made = {name: each if name in FREE else taken(each, to) for name, each in value.items()}
    for rewrite in to.objects.get(kind(made), ()):
        made = rewrite(made)
    return made


def kind(value: Object) -> str:
    """What an object is; "" for a hash that is none."""
    named = value.get("object")
    return named if isinstance(named, str) else ""
