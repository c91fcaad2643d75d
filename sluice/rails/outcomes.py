"""A rail's word on an instruction. An answer that we did not get is `Unknown`, never a decline."""

from msgspec import Struct

CANCELED = "canceled"  # a decline's reason: a pending refund that was let go


class Details(Struct, frozen=True, omit_defaults=True):
    """What the network told beside yes or no; carried to the charge, decided by nobody."""

    authorization_code: str | None = None
    network_transaction_id: str | None = None
    cvc_check: str | None = None  # pass, fail, unavailable, unchecked; None: no code was sent
    line1_check: str | None = None
    postal_check: str | None = None
    risk: str = "normal"  # normal, elevated, highest
    blocked: bool = False  # stopped by risk before the network was asked
    authenticated: str | None = None  # 3-D Secure: challenge, frictionless; None: not used
    at_once: bool = False  # settles now, not after the account's delay
    acquirer_reference: str | None = None


class Approved(Struct, frozen=True, tag=True):
    """Done. Amount, currency and reference are the rail's echo: the one caller compares them with what was asked."""

    amount: int | None
    currency: str | None
    reference: str | None
    details: Details = Details()


class Declined(Struct, frozen=True, tag=True):
    """A definite no. `reason` is a decline code of B-2.26; `elsewhere`: another rail may be asked."""

    reason: str
    elsewhere: bool = False
    network_code: str | None = None
    advice: str | None = None
    details: Details = Details()


class ActionRequired(Struct, frozen=True, tag=True):
    """The buyer must act first; `challenge` is the rail's name for it."""

    challenge: str


class Pending(Struct, frozen=True, tag=True):
    """Taken; the truth comes later, by a notice or when asked."""

    details: Details = Details()


class NotSent(Struct, frozen=True, tag=True):
    """Not one byte left."""

    why: str


class Unknown(Struct, frozen=True, tag=True):
    """It may have happened. Only the rail's own word, later, ends this.

    `said`: an approval that is not of what was asked (F20): never believed, to be reversed, and shown as a discrepancy.
    """

    why: str
    said: Approved | None = None


class NotFound(Struct, frozen=True, tag=True):
    """An inquiry's answer: the rail knows no such reference. Final only after its `late_horizon`."""


class Returned(Struct, frozen=True, tag=True):
    """An inquiry's answer: a refund that had succeeded came back from its card. Believed after a return notice only."""

    reason: str


Outcome = Approved | Declined | ActionRequired | Pending | NotSent | Unknown
Word = Outcome | NotFound | Returned


def answered(word: Word) -> Outcome:
    """For a message that moves money: what only an inquiry may hear is no answer to it."""
    return Unknown("an inquiry's answer to no inquiry") if isinstance(word, NotFound | Returned) else word
