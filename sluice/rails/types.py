"""What a rail is asked, and what it can do. Rails know bytes and time: no database, no merchant, no HTTP of ours."""

from typing import Any, Protocol

from msgspec import Struct

from sluice.core import clock
from sluice.core.money import Money
from sluice.core.secrets import Secret
from sluice.rails.outcomes import Outcome, Word


class Card(Struct, frozen=True):
    """A card as the rail needs it; in memory between the vault and the wire, nowhere else."""

    number: Secret
    exp_month: int
    exp_year: int
    cvc: Secret | None = None

    def __repr__(self) -> str:
        return "Card(…)"


class Authorize(Struct, frozen=True, tag="authorize"):
    """Hold `money` on a card; `capture`: and take it in the same message. Zero money checks the card, no more."""

    money: Money
    capture: bool
    off_session: bool = False
    three_d_secure: str = "automatic"  # automatic, any, challenge
    authentication: str | None = None  # a challenge that the buyer has answered
    initial: str | None = None  # network transaction id of the payment or check that set the card up, off session
    line1: str | None = None
    postal_code: str | None = None
    descriptor: str | None = None
    weather: str | None = None  # B-6.9, sandbox only


class Capture(Struct, frozen=True, tag="capture"):
    """Take `money` of the hold named by `original`, and release the rest."""

    money: Money
    original: str
    weather: str | None = None


class Void(Struct, frozen=True, tag="void"):
    """Let go of the hold, or of the pending refund, named by `original`; `money` is what it is about."""

    money: Money
    original: str
    weather: str | None = None


class Refund(Struct, frozen=True, tag="refund"):
    """Send `money` of the sale named by `original` back to the buyer."""

    money: Money
    original: str
    weather: str | None = None


Ask = Authorize | Capture | Void | Refund


ENVELOPE = 1  # the newest form of an envelope that this program reads


class Envelope(Struct, frozen=True):
    """All that is needed to send, repeat, ask about or reverse one message, but the card. Committed before a byte leaves."""

    verb: str
    reference: str
    money: Money
    fields: dict[str, Any]
    version: int = ENVELOPE


class Abilities(Struct, frozen=True):
    """What a rail can do, as data; nobody asks `isinstance`."""

    methods: frozenset[str]
    currencies: frozenset[str] | None  # None: every one
    partial_capture: bool
    three_d_secure: bool
    safe_repeats: frozenset[str]  # verbs that may be sent again under their own reference
    late_horizon: float  # seconds after which "not found" is final
    hold_seconds: int  # how long an authorisation lasts
    settles_after: int  # seconds from capture to available
    reversal_blocks: bool = True  # whether a reversal also stops an original that arrives after it (F14)
    lists: bool = False  # tells what it has booked since a moment (`booked`)


class Notice(Struct, frozen=True):
    """The rail says that something happened to `reference`. Never believed: it only makes us ask."""

    number: int
    reference: str
    kind: str  # outcome, return


class Booked(Struct, frozen=True):
    """A message that stands in the rail's book: it was approved, or is pending, and was not undone. `at` is in seconds."""

    reference: str
    verb: str
    amount: int
    currency: str
    original: str | None
    at: float


class Deadline(Struct, frozen=True):
    """A moment on this machine's monotonic clock."""

    at: float

    @staticmethod
    def after(seconds: float) -> "Deadline":
        return Deadline(clock.monotonic() + seconds)

    def left(self) -> float:
        return max(0.0, self.at - clock.monotonic())


class Rail(Protocol):
    """One way to move money. `prepare` is pure; the rest may fail in every way a line can."""

    name: str
    can: Abilities

    def prepare(self, ask: Ask, reference: str) -> Envelope: ...

    async def send(self, envelope: Envelope, card: Card | None, deadline: Deadline) -> Outcome: ...

    async def inquire(self, envelope: Envelope, deadline: Deadline) -> Word:
        """What became of it: `Approved`, `Declined`, `Pending`, `NotFound`, `Returned`; `Unknown` when the line fails."""

    async def reverse(self, envelope: Envelope, deadline: Deadline) -> Outcome:
        """Undo it, whether or not it ever arrived, under its own reference; `Approved` is the acknowledgement."""

    async def watch(self, after: int, deadline: Deadline) -> list[Notice]:
        """Notices with numbers above `after`, oldest first; waits a little for one, [] when there is none."""

    async def booked(self, since: float, deadline: Deadline) -> list[Booked]:
        """What it has booked since that second and what stands, oldest first. For a restored backup (F32)."""

    async def close(self) -> None: ...
