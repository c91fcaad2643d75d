"""The audit log as a person reads it: newest entries that match, each with its number in the chain."""

from typing import Any, NamedTuple

from sluice.books.audit.entries import INSTALLATION, Entry
from sluice.books.verify import proof
from sluice.store.database import Database
from sluice.store.rows import columns

NEWEST = f"""
select c.number, {", ".join(f"e.{name}" for name in columns(Entry))}
from audit_entries e left join audit_chain c on c.scope = $1 and c.entry = e.id
where e.scope = $1 and e.created >= $2 and ($3::text is null or e.actor = $3)
    and ($4::text is null or starts_with(e.action, $4)) and ($5::text is null or e.object = $5 or e.card = $5)
order by e.id desc limit $6"""


class Place(NamedTuple):
    """A chain: the installation's own, or a merchant's in one mode."""

    scope: int
    merchant: str | None
    livemode: bool

    def __str__(self) -> str:
        return f"{self.merchant}, {'live' if self.livemode else 'test'}" if self.merchant else "installation"


class Asked(NamedTuple):
    """`action` may be the beginning of one; `object` finds the card that was opened too."""

    since: int = 0
    actor: str | None = None
    action: str | None = None
    object: str | None = None
    most: int = 100


class Shown(NamedTuple):
    """`number` is its place in the chain, None while it has none."""

    place: Place
    number: int | None
    entry: Entry


async def places(database: Any, merchant: str | None = None) -> list[Place]:
    """Every chain, or those of one merchant. `database`, or a connection inside a snapshot."""
    found = [Place(*row) for row in await database.fetch(proof.SCOPES, merchant)]
    return found if merchant else [Place(INSTALLATION, None, False), *found]


async def newest(database: Database, chains: list[Place], asked: Asked) -> list[Shown]:
    """The last `most` that match, oldest first."""
    found: list[Shown] = []
    for place in chains:
        for number, *cells in await database.fetch(NEWEST, place.scope, *asked):
            found.append(Shown(place, number, Entry(*cells)))
    return sorted(found, key=lambda shown: (shown.entry.created, shown.entry.id))[-asked.most :]
