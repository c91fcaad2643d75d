"""Which error and decline codes the program can answer, read from its source."""

import ast
from collections.abc import Iterator
from pathlib import Path

from sluice.payments import declines
from sluice.rails.outcomes import Declined
from sluice.shapes.contract import error_codes
from sluice.simulators.bank.cards import CARDS
from sluice.simulators.bank.issuer import NETWORK

SLUICE = Path(__file__).parents[2] / "sluice"
BESIDE = ("shapes/types", "simulators", "cli")  # no answer of the API is made there


def program() -> Iterator[ast.AST]:
    for file in sorted(SLUICE.rglob("*.py")):
        if not file.relative_to(SLUICE).as_posix().startswith(BESIDE):
            yield from ast.walk(ast.parse(file.read_text()))


def answered() -> set[str]:
    """Each `code="…"`, and each known code that is handed to a call (`Refused`, `note`, `Said` and their helpers)."""
    found = set()
    for node in program():
        if not isinstance(node, ast.Call):
            continue
        given = [(None, each) for each in node.args] + [(each.arg, each.value) for each in node.keywords]
        for name, value in given:
            if (
                isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and (name == "code" or value.value in error_codes())
            ):
                found.add(value.value)
    return found


def declined() -> set[str]:
    """What a card's decline can be called: by our rules, and by the sandbox's bank."""
    bank = {card.decline for card in CARDS.values() if card.decline} | set(NETWORK)
    reasons = set(declines.SAID) | declines.HUSHED | bank
    return {code for reason in reasons if (code := declines.error(Declined(reason), None).get("decline_code"))}
