"""Discrepancies: what arrived and no move allows. A person sees each; none is dropped, none is believed."""

from typing import Any, ClassVar

from sluice.store.rows import Row


class Discrepancy(Row, frozen=True):
    """`about` is the instruction; `said` the word, masked; `closed` when a person has looked."""

    table: ClassVar[str] = "discrepancies"
    created: int
    kind: str
    about: str
    said: dict[str, Any]
    closed: int | None
