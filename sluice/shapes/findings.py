"""What one walk over the parameters found wrong, and which of it is said: an unknown name, else one we do not serve, else
the first fault (B-1.21)."""

from collections.abc import Mapping
from typing import Any

from sluice.core.errors import Refused
from sluice.shapes.forms import shortened

NAMED = 10  # unknown names that a message lists


class Findings:
    """Filled by readers, which go on after a fault, so that an unknown name further on is still met."""

    __slots__ = ("fault", "unknown", "unserved")

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self.unserved: list[str] = []
        self.fault: Refused | None = None

    def note(self, message: str, param: str, code: str | None = None) -> Any:
        """Keeps the first fault. Its None stands for the value that could not be read."""
        if self.fault is None:
            self.fault = Refused(message, code=code, param=shortened(param, 512))

    def empty(self, name: str) -> Any:
        """B-1.19: the empty string, where nothing can be unset."""
        return self.note(
            f"You passed an empty string for '{name}'. An empty value unsets a parameter; however, '{name}' cannot be unset. "
            "Leave it out, or give a value.",
            name,
            "parameter_invalid_empty",
        )

    def missing(self, name: str) -> None:
        """B-1.20."""
        self.note(f"Missing required param: {name}.", name, "parameter_missing")

    @property
    def clean(self) -> bool:
        """Nothing but, perhaps, names that we do not serve."""
        return not self.unknown and self.fault is None

    def add(self, others: "Findings") -> None:
        self.unknown += others.unknown
        self.unserved += others.unserved
        self.fault = self.fault or others.fault

    def refusal(self, hints: Mapping[str, str]) -> Refused | None:
        if self.unknown:
            return unknown(self.unknown)
        if self.unserved:
            return unserved(self.unserved[0], hints)
        return self.fault


def unknown(names: list[str]) -> Refused:
    """B-1.21."""
    plural, more = "s" * (len(names) > 1), ", …" * (len(names) > NAMED)
    listed = ", ".join(map(shortened, names[:NAMED]))
    return Refused(f"Received unknown parameter{plural}: {listed}{more}", code="parameter_unknown", param=shortened(names[0]))


def unserved(name: str, hints: Mapping[str, str]) -> Refused:
    """A parameter of the contract that is not ours yet, with what to do instead."""
    hint = f" {hints[name]}" if name in hints else ""
    return Refused(f"Sluice does not serve the parameter {name} yet.{hint}", param=name)
