"""What the rail says to the sandbox's bank, and hears: one JSON object a line, each with an `id` that its answer bears."""

from typing import Any

import msgspec
from msgspec import Struct

from sluice.rails.outcomes import Details
from sluice.rails.types import Booked, Notice


class Said(Struct, frozen=True):
    """The bank's answer. `word`: approved, declined, challenge, pending, not_found, returned, done, refused."""

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
    booked: list[Booked] | None = None


class Frame(Struct, frozen=True):
    id: int
    said: Said


decode = msgspec.json.Decoder(Frame).decode
encode = msgspec.json.Encoder().encode


def line(id: int, verb: str, reference: str, fields: dict[str, Any]) -> bytes:
    """One message; what is None is left out."""
    return encode({"id": id, "verb": verb, "reference": reference, **fields}) + b"\n"
