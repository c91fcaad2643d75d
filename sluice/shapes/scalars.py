"""Readers of single values: text in, the value out; a fault is noted to the letter of B-1.18 and B-1.23.

A reader gets the node, the parameter's name in brackets and the findings; after a fault its value is None and unused. The
empty string never comes here: what it means is the place's to say (B-1.19).
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sluice.core.limits import BODY_BYTES
from sluice.core.money import CURRENCIES, EXPONENTS
from sluice.shapes.contract import Schema
from sluice.shapes.findings import Findings
from sluice.shapes.forms import Node, Repeated, shortened

Reader = Callable[[Node, str, Findings], Any]
DIGITS = re.compile("-?[0-9]{1,19}").fullmatch  # ASCII only: no fullwidth digits, no sign but the minus, no spaces (S15)
DECIMAL = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,12})?").fullmatch
LEAST, MOST = -(1 << 63), (1 << 63) - 1  # int64
UNSAID = {"number", "cvc", "account_number", "client_secret"}  # never repeated in a message (Law 8)


def scalar(schema: Schema, json: bool) -> Reader:
    """The reader of a schema that is no hash, list or union."""
    kind, form = schema["type"], schema.get("format")
    if kind == "integer":
        return json_integer if json else integer
    if kind == "boolean":
        return json_boolean if json else boolean
    if kind == "number":
        return json_number if json else number
    if "enum" in schema:
        return member(schema["enum"])
    if form == "currency":
        return currency
    if form == "decimal":
        return decimal
    return text(schema.get("maxLength"))


def integer(given: Node, name: str, findings: Findings) -> Any:
    if type(given) is str and given.isdigit() and given.isascii() and len(given) < 19:
        return int(given)  # nearly all, three times as fast
    if type(given) is str and DIGITS(given) and LEAST <= (value := int(given)) <= MOST:
        return value
    return findings.note(f"Invalid integer: {shown(given, name)}", name, "parameter_invalid_integer")


def json_integer(given: Node, name: str, findings: Findings) -> Any:
    if type(given) is int and LEAST <= given <= MOST:
        return given
    return findings.note(f"Invalid integer: {shown(given, name)}", name, "parameter_invalid_integer")


def boolean(given: Node, name: str, findings: Findings) -> Any:
    if given == "true":
        return True
    if given == "false":
        return False
    return findings.note(f"Invalid boolean: {shown(given, name)}", name)


def json_boolean(given: Node, name: str, findings: Findings) -> Any:
    if type(given) is bool:
        return given
    return findings.note(f"Invalid boolean: {shown(given, name)}", name)


def number(given: Node, name: str, findings: Findings) -> Any:
    if type(given) is str and DECIMAL(given):
        return Decimal(given)
    return findings.note(f"Invalid decimal: {shown(given, name)}", name)


def json_number(given: Node, name: str, findings: Findings) -> Any:
    if type(given) in (int, Decimal):
        return number(str(given), name, findings)
    return findings.note(f"Invalid decimal: {shown(given, name)}", name)


def decimal(given: Node, name: str, findings: Findings) -> Any:
    """A decimal that the wire carries as text."""
    if type(given) is str and DECIMAL(given):
        return given
    return findings.note(f"Invalid decimal: {shown(given, name)}", name)


def currency(given: Node, name: str, findings: Findings) -> Any:
    """B-2.22: any case in, lower case out."""
    if type(given) is not str:
        return not_text(given, name, findings)
    if given.isascii() and (code := given.lower()) in EXPONENTS:
        return code
    return findings.note(f"Invalid currency: {shown(given.lower(), name)}. Sluice supports: {', '.join(CURRENCIES)}", name)


def member(enum: list[str]) -> Reader:
    """B-1.23."""
    known, listed = frozenset(enum), alternatives([each for each in enum if each])

    def read(given: Node, name: str, findings: Findings) -> Any:
        if type(given) is not str:
            return not_text(given, name, findings)
        if given in known:
            return given
        return findings.note(f"Invalid {name}: must be one of {listed}", name)

    return read


def text(most: int | None) -> Reader:
    """B-1.23; `most`: how many characters at most, None: as many as a body holds."""
    limit = BODY_BYTES if most is None else most

    def read(given: Node, name: str, findings: Findings) -> Any:
        if type(given) is not str:
            return not_text(given, name, findings)
        if len(given) > limit:
            return findings.note(f"Invalid string: {shown(given, name)}; must be at most {limit} characters", name)
        return given

    return read


def not_text(given: Node, name: str, findings: Findings) -> Any:
    """Another kind of node where a text is due; one key given twice is no text either (S16)."""
    if type(given) is Repeated:
        return findings.note(f"Invalid string: {name} is given more than once", name)
    return findings.note(f"Invalid string: {shown(given, name)}", name)


def alternatives(names: list[str]) -> str:
    """`a`, `a or b`, `a, b, or c`."""
    if len(names) < 3:
        return " or ".join(names)
    return f"{', '.join(names[:-1])}, or {names[-1]}"


def shown(given: Node, name: str) -> str:
    """A value as a message may repeat it: short, no hash or list, and never a secret."""
    if type(given) is dict:
        return "a hash"
    if isinstance(given, list):
        return "a list"
    if UNSAID & set(name.replace("]", "").split("[")):
        return "(not shown)"
    return shortened(str(given).lower() if type(given) is bool else str(given), 40)
