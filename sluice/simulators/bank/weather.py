"""What goes wrong on the way (B-6.9, and what only tests ask for). The book stays right; the line does not."""

import re
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from sluice.simulators.bank.words import Said


class Sky(NamedTuple):
    """How a message fares: whether it is booked, how often answered, what becomes of the answer and of the line."""

    books: bool = True
    answers: int = 1
    late: bool = False  # answered after the asker's time-out
    held_up: float = 0.0  # seconds on the way before the bank sees it; below the late horizon
    cut: bool = False
    garbage: bool = False
    notices: int = 0
    spoil: Callable[[Said], Said] | None = None
    decline: str = ""


def other_amount(said: Said) -> Said:
    return replace(said, amount=(said.amount or 0) + 1)


def other_currency(said: Said) -> Said:
    return replace(said, currency="usd" if said.currency != "usd" else "eur")


def other_reference(said: Said) -> Said:
    return replace(said, reference=f"{said.reference}0")


def no_echo(said: Said) -> Said:
    return replace(said, reference=None, amount=None, currency=None)


CLEAR = Sky()
SECONDS = re.compile(r"\d(\.\d+)?")
SKIES = {
    "silent": Sky(answers=0),
    "silent-after-booking": Sky(answers=0),
    "silent-before-booking": Sky(books=False, answers=0),
    "down": Sky(books=False, answers=0, cut=True),
    "cut-before-booking": Sky(books=False, answers=0, cut=True),
    "cut-after-booking": Sky(answers=0, cut=True),
    "late": Sky(late=True),
    "twice": Sky(answers=2, notices=2),
    "wrong_amount": Sky(spoil=other_amount),
    "wrong_currency": Sky(spoil=other_currency),
    "wrong_reference": Sky(spoil=other_reference),
    "missing_echo": Sky(spoil=no_echo),
    "garbage": Sky(garbage=True),
}


def sky(weather: str) -> Sky | None:
    """`decline CODE` and `held-up SECONDS` carry a word of their own; None: there is no such weather."""
    kind, _, rest = weather.partition(" ")
    if kind == "decline":
        return Sky(decline=rest)
    if kind == "held-up" and SECONDS.fullmatch(rest):
        return Sky(held_up=float(rest))
    return SKIES.get(weather)
