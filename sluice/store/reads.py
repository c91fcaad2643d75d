"""What a call names, in one read: the idempotency key and rows that lead to one another, by primary keys (DESIGN §2)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from sluice.store.rows import Row, columns

R = TypeVar("R", bound=Row)
KEPT = ("fingerprint", "token", "request", "created", "status", "body")


class Load(NamedTuple):
    """A row under a name, found by an SQL expression over parameters (`$3`, `$4` ...) and columns of rows named before."""

    row: type[Row]
    name: str
    by: str
    column: str = "id"


Loads = tuple[Load, ...]


class Kept(Struct, frozen=True):
    """What lies under an idempotency key; `status` None: still running."""

    fingerprint: bytes
    token: str
    request: str
    created: int
    status: int | None
    body: str | None


class Rows(dict[str, Row | None]):
    """Rows by the names of their loads."""

    def get_one(self, row: type[R], name: str) -> R | None:
        found = self.get(name)
        assert found is None or isinstance(found, row)
        return found

    def one(self, row: type[R], name: str) -> R:
        found = self.get(name)
        assert isinstance(found, row), f"{name} was not read"
        return found

    def after(self, written: dict[tuple[type[Row], str], Row]) -> "Rows":
        """The same names, each row as a fact left it."""
        return Rows({name: row and written.get((type(row), row.id), row) for name, row in self.items()})


@lru_cache(None)
def statement(loads: Loads) -> str:
    """$1 the scope, $2 the idempotency key, then what the loads name."""
    picked = [f"k.{c}" for c in KEPT] + [f"{load.name}.{c}" for load in loads for c in columns(load.row)]
    joins = [
        f"left join {load.row.table} {load.name} on {load.name}.scope = $1 and {load.name}.{load.column} = {load.by}"
        for load in loads
    ]
    head = "from (select) one left join idempotency k on k.scope = $1 and k.key = $2"
    return "\n".join([f"select {', '.join(picked)}", head, *joins])


def unpack(loads: Loads, record: Sequence[Any]) -> tuple[Kept | None, Rows]:
    kept = Kept(*record[: len(KEPT)]) if record[0] is not None else None
    rows, at = Rows(), len(KEPT)
    for load in loads:
        width = len(columns(load.row))
        cells = record[at : at + width]
        rows[load.name] = load.row(*cells) if cells[0] is not None else None
        at += width
    return kept, rows
