"""Listing by keyset: newest first, after or before an id (B-3.2 to B-3.6). One composed statement for each form of filters."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sluice.store.database import Database
from sluice.store.rows import Row, columns

R = TypeVar("R", bound=Row)
RANGE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class UnknownCursor(Exception):
    """An id that is none of this table's; `name` is the cursor's parameter."""

    def __init__(self, name: str, id: str) -> None:
        super().__init__(name, id)
        self.name, self.id = name, id


class Found(NamedTuple):
    rows: list[Any]
    has_more: bool


@lru_cache(512)
def statement(row: type[Row], filters: tuple[tuple[str, str], ...], cursor: str, fixed: str) -> str:
    """$1 the scope, $2 the limit, then the filters' values, last the cursor. `fixed`: a condition of the noun's own."""
    by = row.listed_by.format
    where = ["t.scope = $1", *(f"t.{column} {op} ${n + 3}" for n, (column, op) in enumerate(filters))]
    if fixed:
        where.append(fixed)
    if cursor:
        op = "<" if cursor == "starting_after" else ">"
        where.append(f"{by('t')} {op} (select {by('c')} from {row.table} c where c.scope = $1 and c.id = ${len(filters) + 3})")
    order = "asc" if cursor == "ending_before" else "desc"
    picked = ", ".join(f"t.{column}" for column in columns(row))
    return f"select {picked} from {row.table} t where {' and '.join(where)} order by {by('t')} {order} limit $2"


def bounds(column: str, given: int | Mapping[str, int]) -> dict[tuple[str, str], Any]:
    """B-3.7: an exact value, or gt, gte, lt, lte."""
    if isinstance(given, Mapping):
        return {(column, RANGE[name]): value for name, value in given.items()}
    return {(column, "="): given}


async def page(
    database: Database,
    row: type[R],
    scope: int,
    *,
    limit: int,
    starting_after: str | None = None,
    ending_before: str | None = None,
    filters: Mapping[tuple[str, str], Any] | None = None,
    fixed: str = "",
) -> Found:
    """At most `limit` rows, newest first, and whether there are more beyond them. Raises `UnknownCursor`."""
    filters = filters or {}
    name, cursor = ("ending_before", ending_before) if ending_before is not None else ("starting_after", starting_after)
    sql = statement(row, tuple(filters), name if cursor is not None else "", fixed)
    last = () if cursor is None else (cursor,)
    found = [row(*record) for record in await database.fetch(sql, scope, limit + 1, *filters.values(), *last)]
    if not found and cursor is not None and await database.one(row, scope, cursor) is None:
        raise UnknownCursor(name, cursor)
    kept = found[:limit]
    return Found(kept if name == "starting_after" else kept[::-1], len(found) > limit)
