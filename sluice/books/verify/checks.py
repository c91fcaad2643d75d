"""A check: one sentence that must be true of a scope, and the look that finds a row of which it is not."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple


class Lie(NamedTuple):
    """A row that says what is not so."""

    table: str
    id: str
    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.table} {self.id}: {self.field} is {self.found}, should be {self.expected}"


class Check(NamedTuple):
    """`look` takes a connection inside the snapshot and a scope."""

    proves: str
    look: Callable[[Any, int], Awaitable[Lie | None]]


class Claim(NamedTuple):
    """A check in SQL: $1 is the scope; rows are lies (id, found, expected)."""

    table: str
    field: str
    proves: str
    sql: str

    def check(self) -> Check:
        async def look(connection: Any, scope: int) -> Lie | None:
            row = await connection.fetchrow(f"select id, found, expected from ({self.sql}) lies limit 1", scope)
            return row and Lie(self.table, str(row["id"]), self.field, str(row["found"]), str(row["expected"]))

        return Check(self.proves, look)
