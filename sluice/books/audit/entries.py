"""An entry of the audit log, written in the commit of what it tells of, and linked into the chain right after."""

from typing import Any, ClassVar, NamedTuple, final

from msgspec.structs import astuple

from sluice.core.clock import clock
from sluice.core.ids import new_id
from sluice.shapes.objects import build
from sluice.store.database import Database
from sluice.store.rows import Row, columns

INSTALLATION = 0  # the scope of what is no merchant's


class Who(NamedTuple):
    """`kind`: the kind of key, or buyer, person, process. `address`: an IP address, or the machine's name."""

    kind: str
    actor: str
    address: str = ""


@final
class Entry(Row, frozen=True):
    """`detail` says what changed: never a secret, never card data."""

    table: ClassVar[str] = "audit_entries"
    noun: ClassVar[str] = "audit entry"
    created: int
    kind: str
    actor: str
    action: str
    object: str
    result: str
    address: str
    request: str
    card: str | None
    detail: dict[str, Any]

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "sluice.audit_entry",
            id=self.id,
            action=self.action,
            actor=self.actor,
            address=self.address or None,
            card=self.card,
            created=self.created,
            detail=self.detail,
            kind=self.kind,
            livemode=livemode,
            result=self.result,
            subject=self.object or None,
            request=self.request or None,
        )


@final
class Waiting(Row, frozen=True):
    """An entry that has no link yet. The chain takes it away."""

    table: ClassVar[str] = "audit_waiting"


# Safe to repeat, as a lost one is: the entry bears its id.
RECORD = f"""
with entry as (
    insert into audit_entries (scope, {", ".join(columns(Entry))})
    values ({", ".join(f"${n}" for n in range(1, len(columns(Entry)) + 2))}) on conflict do nothing returning id
)
insert into audit_waiting (scope, id, version) select $1, entry.id, 1 from entry"""


def rows(
    who: Who,
    action: str,
    object: str,
    *,
    result: str = "done",
    at: int | None = None,
    request: str = "",
    card: str | None = None,
    detail: dict[str, Any] | None = None,
) -> tuple[Row, ...]:
    """The new rows of one entry, for the fact that does what it tells of. `at`: the second of the call, now if none is."""
    id, created = new_id("aud_"), clock.seconds() if at is None else at
    entry = Entry(
        id, 0, created, who.kind, who.actor, action, object, result, who.address, request, card, detail or {}
    )  # fmt: skip
    return entry, Waiting(id, 0)


async def record(
    database: Database,
    who: Who,
    action: str,
    object: str = "",
    *,
    scope: int = INSTALLATION,
    result: str = "done",
    detail: dict[str, Any] | None = None,
) -> None:
    """One entry in a commit of its own: for what no fact of ours does, such as a backup, or a process that begins."""
    entry, _ = rows(who, action, object, result=result, detail=detail)
    id, _, *rest = astuple(entry)
    await database.execute(RECORD, scope, id, 1, *rest)
