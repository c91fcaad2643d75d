"""A change of the public API, told backwards: what an answer was before it, and what a call meant before it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Object = dict[str, Any]
Rewrite = Callable[[Object], Object]  # pure and total: an object of any shape → itself, or a changed copy


class Change(NamedTuple):
    """`until`: the version that made it; older ones are answered in the way that `says` tells.

    `objects`: by their `object`, how one is rewritten. `lists`: the lists that an object always had inside it, and of what.
    `parameters`: by operation, how the tree of a call becomes what it means now.
    """

    until: str
    says: str
    objects: Mapping[str, Rewrite] = {}
    lists: Mapping[str, Mapping[str, str]] = {}
    parameters: Mapping[str, Rewrite] = {}
