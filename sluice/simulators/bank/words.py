"""What is said over the bank's line: one JSON object a line, each with an `id` that its answer bears.

In: `verb`, `id`, `reference`, and the verb's own fields. Out: `id` and `said`.
"""

from typing import Any

import msgspec
from msgspec import Struct


class Asked(Struct, tag_field="verb", tag=str.lower, kw_only=True):
    id: int
    reference: str = ""


class Card(Struct):
    number: str
    exp_month: int
    exp_year: int
    cvc: str | None = None

    def __repr__(self) -> str:
        return "Card(…)"


class Moving(Asked, kw_only=True):
    """A message that moves money, or may. `weather` (B-6.9) is what goes wrong with it on its way."""

    amount: int
    currency: str
    weather: str | None = None


class Authorize(Moving, kw_only=True):
    """Hold, and with `capture` take at once. Zero checks the card. `initial`: the network's id of what set it up."""

    card: Card
    capture: bool = False
    off_session: bool = False
    three_d_secure: str = "automatic"
    authentication: str | None = None
    initial: str | None = None
    line1: str | None = None
    postal_code: str | None = None


class Capture(Moving, kw_only=True):
    original: str


class Void(Moving, kw_only=True):
    original: str


class Refund(Moving, kw_only=True):
    original: str


class Reverse(Moving, kw_only=True):
    """Undo `reference`, whether or not it ever came."""


class Inquire(Asked, kw_only=True):
    pass


class Challenged(Asked, kw_only=True, tag="answer_challenge"):
    """The buyer's answer to a challenge: complete, fail."""

    challenge: str
    outcome: str


class Notices(Asked, kw_only=True):
    """Notices after number `after`; waits up to `seconds` for one."""

    after: int
    seconds: float = 0.0


class Listing(Asked, kw_only=True):
    """What was booked since that second and stands, oldest first, after the first `skip` of them: a page."""

    since: float
    skip: int = 0


class Book(Asked, kw_only=True):
    """For tests: the record of `reference`, or all."""


class Weather(Asked, kw_only=True):
    """For tests: the next `times` messages of the verb `on` meet `weather`."""

    on: str
    weather: str
    times: int = 1


Request = Authorize | Capture | Void | Refund | Reverse | Inquire | Challenged | Notices | Listing | Book | Weather


class Details(Struct, omit_defaults=True):
    """What the network tells beside yes or no."""

    authorization_code: str | None = None
    network_transaction_id: str | None = None
    cvc_check: str | None = None
    line1_check: str | None = None
    postal_check: str | None = None
    risk: str = "normal"
    blocked: bool = False
    authenticated: str | None = None
    at_once: bool = False
    acquirer_reference: str | None = None


class Notice(Struct):
    number: int
    reference: str
    kind: str


class Standing(Struct):
    """A message that was approved, or is pending, and was not undone."""

    reference: str
    verb: str
    amount: int
    currency: str
    original: str | None
    at: float


class Said(Struct, omit_defaults=True):
    """`word`: approved, declined, challenge, pending, not_found, returned, done, refused."""

    word: str
    reference: str | None = None
    amount: int | None = None
    currency: str | None = None
    reason: str | None = None
    elsewhere: bool = False
    network_code: str | None = None
    advice: str | None = None
    challenge: str | None = None
    details: Details | None = None
    notices: list[Notice] | None = None
    records: list[dict[str, Any]] | None = None
    booked: list[Standing] | None = None


class Frame(Struct):
    id: int
    said: Said


decode = msgspec.json.Decoder(Request).decode
encoder = msgspec.json.Encoder()


def line(id: int, said: Said) -> bytes:
    return encoder.encode(Frame(id, said)) + b"\n"
