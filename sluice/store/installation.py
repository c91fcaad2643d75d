"""The installation's one row: mark and epoch that references bear, a restore not yet compared with the rails, the program."""

from typing import Any, NamedTuple

OWN = "select epoch, restored, mark from installation"
# Whatever is done twice raises it twice: references may leave gaps, and never repeat (F32).
RESTORED = "update installation set epoch = epoch + 1, restored = least(restored, $1) returning epoch"
COMPARED = "update installation set restored = null where epoch = $1"
DRAWN = "update installation set mark = $1 where mark = ''"
PROGRAM = "select program from installation"
SWITCHED = "update installation set program = $1"
FIRST = "0.1.0"  # which did not note it


class Installation(NamedTuple):
    """`restored`: the second at which a restored backup's books end, as long as rails must be asked what came after.

    `mark`: tells this installation from any other at the same bank account. A restored backup keeps it.
    """

    epoch: int
    restored: int | None
    mark: str


async def read(database: Any) -> Installation:
    """From a connection, or from the database as the program sees it."""
    return Installation(*await database.fetchrow(OWN))


async def mark_restored(database: Any, ends: int) -> int:
    """The books are a backup's, and end at that second. Answers the new epoch."""
    row = await database.fetchrow(RESTORED, ends)
    return int(row["epoch"])


async def program(database: Any) -> str:
    row = await database.fetchrow(PROGRAM)
    return str(row["program"]) or FIRST
