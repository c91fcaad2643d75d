"""A row as a value: a table, its columns in order as fields, the scope apart (DESIGN §4)."""

from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from msgspec import Struct
from msgspec.structs import fields


class Row(Struct, frozen=True):
    """One row at a version. `version` is the one that was read, 0 for a row that is not there yet; the writer raises it.

    `noun`: what the wire calls one where there is none (B-2.13).
    `listed_by`: what a list goes by, in SQL, of the table's alias.
    `conflicts`: unique indexes that two calls may honestly meet at: the later one writes nothing, and looks again.
    """

    table: ClassVar[str]
    noun: ClassVar[str] = ""
    conflicts: ClassVar[frozenset[str]] = frozenset()
    listed_by: ClassVar[str] = "{0}.id"
    id: str
    version: int

    def wire(self, livemode: bool) -> dict[str, Any]:
        """The public object, unexpanded, as the contract has it."""
        raise TypeError(f"{type(self).__name__} has no public form")


class Line(Struct, frozen=True):
    """A row that is only ever added, many to a fact: a posting, an event."""

    table: ClassVar[str]


R = TypeVar("R", bound=Row)


@lru_cache(None)
def columns(row: type[Row] | type[Line]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(row))
