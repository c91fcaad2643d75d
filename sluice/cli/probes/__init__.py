"""What `sluice doctor` looks at. A probe looks, changes nothing, and names each fault with its cure."""

from typing import NamedTuple


class Fault(NamedTuple):
    """`cause` says what is wrong, in a sentence; `cure` what to do, a command where there is one."""

    name: str
    cause: str
    cure: str
