"""Instructions: one thing asked of a rail. Written before a byte leaves, closed by the rail's word."""

from typing import Any, ClassVar, final

import msgspec
from msgspec import Struct

from sluice.rails.outcomes import Word
from sluice.rails.types import Envelope
from sluice.rules.plans import Terms
from sluice.store.rows import Row


class Asked(Struct, frozen=True, omit_defaults=True):
    """What the answer needs to be made by whoever settles: the path itself, or recovery for one that died."""

    operation: str = ""
    request: str | None = None
    key: str | None = None  # the idempotency key, whose claim bears the instruction's first token
    given: str | None = None  # the key as the caller named it; None: ours
    claim: str = ""
    shows: str = "intent"
    publishable: bool = False
    expand: tuple[str, ...] = ()
    charge: str | None = None
    method: str | None = None
    customer: str | None = None
    terms: Terms = Terms()
    extra: dict[str, Any] = {}


@final
class Instruction(Row, frozen=True):
    """`state`: open (asked, no final word), reversing (a one-way door), closed. `until` (microseconds) ends lease `token`."""

    table: ClassVar[str] = "instructions"
    created: int
    subject: str
    verb: str
    state: str
    rail: str
    reference: str
    token: str
    until: int
    tries: int
    card: str | None
    envelope: dict[str, Any]
    said: dict[str, Any] | None
    call: dict[str, Any]

    @property
    def asked(self) -> Asked:
        return msgspec.convert(self.call, Asked)

    @property
    def message(self) -> Envelope:
        return msgspec.convert(self.envelope, Envelope)


def plain(value: Struct) -> dict[str, Any]:
    return msgspec.to_builtins(value)  # type: ignore[no-any-return]


def heard(word: Word) -> dict[str, Any]:
    """A rail's word as it is stored beside the instruction."""
    return msgspec.to_builtins(word)  # type: ignore[no-any-return]
