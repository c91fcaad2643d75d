"""What stands in the bank's journal, one line each: only what happened, in order. The book is what they come to."""

from msgspec import Struct

from sluice.simulators.bank.words import Said


class Entry(Struct, tag=True, omit_defaults=True):
    at: float


class Booked(Entry):
    """A message and the answer it got. No card: its fingerprint, and what matters of its behaviour."""

    verb: str
    reference: str
    amount: int
    currency: str
    said: Said
    original: str | None = None
    take: bool = False  # an authorization that takes at once
    fingerprint: str = ""
    refunds: str = ""
    authentication: str | None = None


class Reversed(Entry):
    """Also of what never came: it blocks the original, should it come yet."""

    reference: str


class Answered(Entry):
    """The buyer's answer to a challenge."""

    challenge: str
    outcome: str


class Arrived(Entry):
    """A pending refund reached its card."""

    reference: str


class Returned(Entry):
    """A refund came back from its card."""

    reference: str


class Told(Entry):
    """A notice that nothing new stands behind."""

    reference: str


Line = Booked | Reversed | Answered | Arrived | Returned | Told
