"""A call of the API as the rules see it, and a verb: what it reads, and the rule that judges it."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from msgspec import Struct, field

from sluice.books.audit.entries import Who
from sluice.books.vault.envelope import Sealed
from sluice.core.secrets import Secret
from sluice.rails.types import Card
from sluice.rules.plans import Change, Plan, Terms
from sluice.store.database import Database
from sluice.store.reads import Loads, Rows
from sluice.store.rows import Row


class Sealer(Protocol):
    """Puts a card into an envelope: the vault's part that needs no database. Answers the vault's row, and the fingerprint."""

    def seal(self, scope: int, account: str, card: Card) -> tuple[Row, str]: ...

    def fingerprint(self, account: str, number: str) -> str: ...

    def hold_cvc(self, scope: int, beside: str, cvc: Secret, at: int) -> Row: ...

    def seal_webhook(self, scope: int, endpoint: str, text: str) -> Sealed: ...


class Call(Struct, frozen=True):
    """One request, authenticated and walked. `at` is its second; everything that it writes bears it."""

    operation: str
    path: str
    scope: int
    livemode: bool
    account: str
    at: int
    request: str  # req_…; "" when no call caused it (B-5.76)
    vault: Sealer
    kind: str = "secret"  # of the key: secret, restricted, publishable
    who: Who = Who("process", "sluice")  # as the audit log names him
    ids: dict[str, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    key: str = ""  # the idempotency key
    given: bool = False  # by the caller; else it is one of ours
    fingerprint: bytes = b""
    expand: tuple[str, ...] = ()
    currency: str = "usd"  # the account's
    customer: str | None = None  # of an ephemeral key: whose objects alone it reaches
    version: str | None = None  # as the caller's header has it
    rails: tuple[str, ...] = ()  # the accounts that this scope may pay by, in its order
    terms: Terms = Terms()
    declines: int = 0  # of one card in a while (S14); 0: no limit
    public_url: str = ""

    @property
    def publishable(self) -> bool:
        return self.kind == "publishable"


class Verb(Struct, frozen=True):
    """One write of the API. `check` is pure: it refuses, or says what is written and what a rail is asked."""

    name: str
    check: Callable[[Call, Rows], Plan]
    loads: Loads = ()
    names: Callable[[Call], tuple[Any, ...]] = lambda call: ()
    may: Callable[[Call, Rows], None] = lambda call, rows: None  # what authorisation still needs rows for (B-1.6)
    secret: bool = False  # its answer shows a secret once: kept sealed under the key
    finds: Callable[[Database, Call], Awaitable[Rows]] | None = None  # reads what no id leads to
    audits: Callable[[Rows, Change], dict[str, Any]] | None = None  # what changed, for the audit log, where no event says it


def id_in(name: str) -> Callable[[Call], tuple[Any, ...]]:
    """The row that the path names."""
    return lambda call: (call.ids[name],)
