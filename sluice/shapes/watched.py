"""Parameters that remember which of them were read: what is accepted and never read is a promise we do not keep."""

import os
from collections.abc import ItemsView, Iterator, ValuesView
from typing import Any

STRICT = os.environ.get("SLUICE_STRICT") == "1"


class Watched(dict[str, Any]):
    """A hash of parameters, `at` its own name in brackets ("" at the top). A hash in it is watched for itself."""

    def __init__(self, values: dict[str, Any], at: str = "") -> None:
        super().__init__(values)
        self.at = at
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        self.read.update(super().keys())
        return super().__iter__()

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)

    def pop(self, key: str, *default: Any) -> Any:
        self.read.add(key)
        return super().pop(key, *default)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]  # dict's own view, marked first
        self.read.update(super().keys())
        return super().items()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        self.read.update(super().keys())
        return super().values()

    def unread(self) -> list[str]:
        """The names, in brackets, of what was given and never looked at; a hash is read when its parts are."""
        found: list[str] = []
        for key, value in dict.items(self):
            name = f"{self.at}[{key}]" if self.at else key
            inside = [value] if isinstance(value, Watched) else value if isinstance(value, list) else []
            hashes = [each for each in inside if isinstance(each, Watched)]
            if hashes:
                found += [path for each in hashes for path in each.unread()]
            elif key not in self.read:
                found.append(name)
        return found


def filled(params: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """`params`, and of `defaults` what they leave out. Whoever reads a parameter here has read it there."""
    made = defaults | dict(dict.items(params))
    if isinstance(params, Watched):
        made = Watched(made, params.at)
        made.read = params.read
    return made
