"""Rail accounts: a shop's own accounts at its banks, in the order in which they are asked.

In test mode every shop has one that no row tells of: the sandbox's bank. None is ever deleted, and what names its bank never
changes: recovery, refunds and reversals must reach the bank that took the money for as long as it may matter (F51).
"""

from typing import Any, ClassVar, final

from msgspec.structs import replace

from sluice.core.clock import clock
from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.store.database import Database
from sluice.store.facts import Fact
from sluice.store.rows import Row

SANDBOX = "sandbox"  # the account, and its kind of rail
MOST = 16  # accounts of a scope, so that a cascade has an end

EVERY = "select scope, id, rail, position, status, address from rail_accounts order by scope, position, id"
LIST = "select id, rail, name, position, status, address from rail_accounts where scope = $1 order by position, id"
BEFORE_SCOPE = (EVERY,)


@final
class RailAccount(Row, frozen=True):
    """`position`: the lowest is asked first, the sandbox's own stands at 0. Closed: asked about what it took, no more."""

    table: ClassVar[str] = "rail_accounts"
    created: int
    rail: str
    name: str
    position: int
    status: str
    address: dict[str, Any]


def bank_at(text: str) -> tuple[str, int]:
    """The host and port of a sandbox's bank. Raises `Refused` for what names none."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]")  # of an IPv6 address
    if not host or not (port.isascii() and port.isdigit()) or len(port) > 5 or not 0 < int(port) < 65_536:
        raise Refused(f"Invalid address: {text[:100]!r} must be HOST:PORT, such as 127.0.0.1:9000.", param="bank")
    return host, int(port)


def nameable(host: str) -> None:
    """What a resolver can be asked about. Raises `Refused`: an account's address is never changed, so it must not be a slip."""
    try:
        host.encode("idna")
    except UnicodeError:
        raise Refused(f"Invalid address: {host[:100]!r} is no name of a host: HOST:PORT is needed.", param="bank") from None


async def add(database: Database, scope: int, name: str, bank: str, *, first: bool = False) -> RailAccount:
    """One more sandbox bank, asked after the others, or before them. Raises `Refused` past the limit or for a bad address."""
    if not name.strip():
        raise Refused("Give the account a name that a person knows it by.", param="name")
    nameable(bank_at(bank)[0])
    have = await database.fetch(LIST, scope)
    if len(have) >= MOST:
        raise Refused(f"A shop has at most {MOST} rail accounts in each mode: close one that is not used.")
    places = [0, *(row["position"] for row in have)]
    place = min(places) - 1 if first else max(places) + 1
    row = RailAccount(new_id("ra_"), 0, clock.seconds(), SANDBOX, name, place, "open", {"bank": bank})
    await database.write(Fact("rail_account.add", scope, row.id, new=(row,)))
    return row


async def listed(database: Database, scope: int) -> list[dict[str, Any]]:
    """All of a shop's in test mode, its own at the sandbox's bank among them, in the order in which they are asked."""
    own = {"id": SANDBOX, "rail": SANDBOX, "name": "The sandbox's bank", "position": 0, "status": "open", "bank": None}
    rows = [{**row, "bank": row["address"]["bank"]} for row in await database.fetch(LIST, scope)]
    return [{name: row[name] for name in own} for row in sorted([own, *rows], key=lambda row: row["position"])]


async def set_status(database: Database, scope: int, id: str, status: str) -> RailAccount:
    """Opens or closes it. Raises LookupError when there is none, or when it was changed at this moment."""
    if id == SANDBOX:
        raise LookupError("the sandbox's bank is every shop's in test mode: put another before it, with `rails add --first`")
    before = await database.one(RailAccount, scope, id)
    if before is None:
        raise LookupError(f"there is no rail account {id} here: see `sluice rails list`")
    after = replace(before, status=status)
    if after != before and not await database.write(Fact("rail_account.change", scope, new_id("fact_"), saved=(after,))):
        raise LookupError(f"the rail account {id} was changed at this moment: look again")
    return after
