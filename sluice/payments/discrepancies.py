"""Discrepancies: what arrived and no move allows. A person sees each; none is dropped, none is believed."""

from typing import Any, ClassVar, final

from sluice.shapes.objects import build
from sluice.store.rows import Row


@final
class Discrepancy(Row, frozen=True):
    """`about` is the instruction, or an object; `said` the word, masked; `closed` when a person has looked."""

    table: ClassVar[str] = "discrepancies"
    noun: ClassVar[str] = "discrepancy"
    conflicts: ClassVar[frozenset[str]] = frozenset({"discrepancies_pkey"})  # two who saw the same: one tells
    created: int
    kind: str
    about: str
    said: dict[str, Any]
    closed: int | None

    def wire(self, livemode: bool) -> dict[str, Any]:
        """`subject` and `verb` are the instruction's: whoever reads it along fills them in."""
        return build(
            "sluice.discrepancy",
            id=self.id,
            about=self.about,
            closed=self.closed,
            created=self.created,
            kind=self.kind,
            livemode=livemode,
            said=self.said,
        )
