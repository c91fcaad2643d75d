"""What a noun's rules come out with: a change to write, and perhaps a rail to ask. Values only."""

from typing import Any

from msgspec import Struct, field

from sluice.books.events import Told
from sluice.books.ledger import Fees, Posting
from sluice.books.vault.cards import StoredCard
from sluice.books.vault.cvcs import StoredCvc
from sluice.core.errors import Refused
from sluice.core.limits import SETTLES_AFTER
from sluice.rails.types import Ask, Card
from sluice.store.facts import Wide
from sluice.store.rows import Row


class Change(Struct, frozen=True):
    """Rows as they will be, what must still stand, the postings and events owed, and what the caller is shown."""

    saved: tuple[Row, ...] = ()
    stand: tuple[Row, ...] = ()
    new: tuple[Row, ...] = ()
    gone: tuple[Row, ...] = ()
    wide: tuple[Wide, ...] = ()
    postings: tuple[Posting, ...] = ()
    told: tuple[Told, ...] = ()
    shows: Row | None = None
    refusal: Refused | None = None  # the answer is an error (402), and the change holds all the same


class Terms(Struct, frozen=True):
    """What a payment costs and when its money is available; frozen at open."""

    fees: Fees = Fees()
    settles_after: int = SETTLES_AFTER


class Request(Struct, frozen=True):
    """What a rail is to be asked: the message, whose it is (one live instruction per subject), and the card.

    The card is the vault's row with the code that waited for it, or one that this call brought along.
    """

    ask: Ask
    subject: str
    id: str  # the instruction's
    rail: str  # the account's id
    others: tuple[str, ...] = ()  # that may be asked after it (F22)
    stored: StoredCard | None = None
    code: StoredCvc | None = None
    card: Card | None = None
    charge: str | None = None
    method: str | None = None
    customer: str | None = None
    shows: str = "intent"  # the name of the row that the caller is shown
    extra: dict[str, Any] = field(default_factory=dict)


class Plan(Struct, frozen=True):
    """*open*'s change and the request; without a request the change is the whole of it."""

    change: Change
    request: Request | None = None
