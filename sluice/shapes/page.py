"""Lists: the page that is asked for, and the envelope around what was found (BEHAVIOUR 3, B-3.1 to B-3.5). No SQL here."""

from typing import Any, NamedTuple

from sluice.core.errors import Refused
from sluice.core.limits import PAGE_DEFAULT, PAGE_MOST


class Page(NamedTuple):
    """`limit` items after (older than) one id, or directly before (newer than) another."""

    limit: int
    starting_after: str | None = None
    ending_before: str | None = None


def page(params: dict[str, Any]) -> Page:
    """The page of walked parameters. B-3.3: a limit outside 1 to 100 is clamped silently."""
    limit = params.get("limit", PAGE_DEFAULT)
    return Page(min(max(limit, 1), PAGE_MOST), params.get("starting_after"), params.get("ending_before"))


def one_way(asked: Page) -> None:
    """B-3.5: refuses two cursors. To be called when each has been resolved: an unknown one wins."""
    if asked.starting_after is not None and asked.ending_before is not None:
        raise Refused("You can pass only one of these: starting_after or ending_before.", judged=True)


def envelope(data: list[dict[str, Any]], has_more: bool, url: str) -> dict[str, Any]:
    """B-3.1. `url`: the path without its query; for a list inside an object, where the whole list is."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}
