"""Answers: what the caller reads, and what is kept under the key. Rendered from the rows as committed (DESIGN §2.5)."""

from typing import Any

import msgspec
from msgspec import Struct

from sluice.books.ledger import BalanceTransaction
from sluice.core.errors import Refused
from sluice.customers.cards import Method, seen
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.customers.sources import Source, is_source
from sluice.payments.charges import Charge
from sluice.payments.instructions import Instruction
from sluice.payments.intents import PUBLIC, Intent
from sluice.payments.refunds import Refund
from sluice.rules.plans import Change
from sluice.shapes import expand, page
from sluice.shapes.contract import operation
from sluice.store.database import Reader
from sluice.store.facts import Fact
from sluice.store.rows import Row

PREFIXES: dict[str, type[Row]] = {
    "card": PaymentMethod, "ch": Charge, "cus": Customer, "pi": Intent, "pm": PaymentMethod, "re": Refund, "src": PaymentMethod,
    "txn": BalanceTransaction,
}  # fmt: skip
PRIVATE = frozenset(("customer", "metadata", "fingerprint"))  # B-1.7: of a card
CARDS = ("card", "payment_method_preview")  # where a token has one
# Under which names the rules of a settling find rows.
NAMES: dict[type[Row], str] = {
    Intent: "intent", Charge: "charge", Refund: "refund", PaymentMethod: "method", Customer: "customer",
    Instruction: "instruction",
}  # fmt: skip
OF_CHARGE = """select id, version, created, status, amount, currency, charge, intent, balance_transaction,
    failure_balance_transaction, instruction, doc from refunds where scope = $1 and charge = $2 order by id desc limit 11"""
OF_CUSTOMER = """select id, version, created, customer, state, card, fingerprint, doc from payment_methods
    where scope = $1 and customer = $2 and state = 'attached' and (starts_with(id, 'card_') or starts_with(id, 'src_'))
    order by created desc, id desc limit 11"""
EMBEDDED = 10  # B-3.12

Written = dict[tuple[type[Row], str], Row]
encode = msgspec.json.Encoder().encode


class Answer(Struct, frozen=True):
    """A status and the bytes of its body. `original` is the request that executed it, when this is a replay."""

    status: int
    body: bytes
    original: str | None = None
    retry: bool | None = None


class Renderer:
    """Makes objects public for one caller: unexpanded, expanded, or cut to what a publishable key may see."""

    def __init__(self, database: Reader, scope: int, livemode: bool, publishable: bool, docs: str) -> None:
        self.database, self.scope, self.livemode, self.publishable, self.docs = database, scope, livemode, publishable, docs

    async def answer(self, change: Change, wanted: expand.Steps) -> Answer:
        """What the caller of a change reads: the row that it shows, or the refusal that it ended in."""
        if change.refusal:
            refusal = change.refusal
            return Answer(refusal.status, error(refusal, self.publishable, self.docs), retry=refusal.retry)
        assert change.shows
        written = Fact("", saved=change.saved, new=change.new).written()
        return Answer(200, await self.show(change.shows.wire(self.livemode), wanted, written))

    async def show(self, shown: dict[str, Any], steps: expand.Steps, written: Written | None = None) -> bytes:
        """`written`: rows of a fact that is about to be committed; they outrank the database's."""
        made = self.cut(shown)
        if steps:
            over = written or {}
            made = await expand.expand(
                made,
                steps,
                lambda id, field: self.fetch(id, field, over),
                lambda holder, field: self.listed(holder, field, over),
            )
        return encode(made)

    def cut(self, shown: dict[str, Any]) -> dict[str, Any]:
        return public(shown) if self.publishable else shown

    async def fetch(self, id: str, field: str, written: Written) -> dict[str, Any] | None:
        row_type = PREFIXES.get(id.partition("_")[0])
        if row_type is None:
            return None
        row = written.get((row_type, id)) or written.get((Source, id)) or await self.database.one(row_type, self.scope, id)
        if isinstance(row, Method):  # a card is a source or a payment method, as its place has it
            row = seen(Source if field == "default_source" else PaymentMethod, row)
        return None if row is None else self.cut(row.wire(self.livemode))

    async def listed(self, holder: dict[str, Any], field: str, written: Written) -> dict[str, Any] | None:
        """A charge's refunds, a customer's sources: the newest ten (B-3.12); of other lists in the contract we have nothing."""
        id, rows = holder["id"], dict[str, Row]()
        match holder["object"], field:
            case "charge", "refunds":
                rows = {row[0]: Refund(*row) for row in await self.database.fetch(OF_CHARGE, self.scope, id)}
                rows |= {row.id: row for row in written.values() if isinstance(row, Refund) and row.charge == id}
            case "customer", "sources":
                rows = {row[0]: Source(*row) for row in await self.database.fetch(OF_CUSTOMER, self.scope, id)}
                kept = [seen(Source, row) for row in written.values() if isinstance(row, Method) and is_source(row)]
                rows = {key: row for key, row in rows.items() if key not in {row.id for row in kept}}
                rows |= {row.id: row for row in kept if row.customer == id}
            case _:
                return None
        newest = [rows[key].wire(self.livemode) for key in sorted(rows, key=time_of, reverse=True)]
        return page.envelope(newest[:EMBEDDED], len(newest) > EMBEDDED, f"/v1/{holder['object']}s/{id}/{field}")


def public(shown: dict[str, Any]) -> dict[str, Any]:
    """B-1.7."""
    if shown.get("object") == "payment_intent":
        seen = {name: value for name, value in shown.items() if name in PUBLIC}
        error = seen.get("last_payment_error")
        if error and "payment_method" in error:
            seen["last_payment_error"] = error | {"payment_method": public(error["payment_method"])}
        return seen
    if shown.get("object") in ("payment_method", "source"):
        return public_card(shown)
    return {name: public_card(value) if name in CARDS else value for name, value in shown.items()}


def public_card(shown: dict[str, Any]) -> dict[str, Any]:
    """A method in any of its forms, or the card in it."""
    kept = {name: value for name, value in shown.items() if name not in PRIVATE}
    return kept | {"card": public_card(kept["card"])} if "card" in kept else kept


def time_of(id: str) -> str:
    """What ids of several prefixes sort by (Law 9)."""
    return id.partition("_")[2]


def steps(operation_id: str, paths: tuple[str, ...]) -> expand.Steps:
    return expand.plan(operation(operation_id), list(paths)) if paths else {}


def error(refusal: Refused, publishable: bool, docs: str) -> bytes:
    """The envelope: keys only where they have a value, in alphabetical order (B-2.1, B-2.3)."""
    keys: dict[str, Any] = {
        name: public(value) if publishable and isinstance(value, dict) else value for name, value in refusal.body.items()
    }
    keys |= {"code": refusal.code, "decline_code": refusal.decline_code, "message": refusal.message, "param": refusal.param}
    if refusal.code:
        keys["doc_url"] = f"{docs}/docs/errors#{refusal.code.replace('_', '-')}"
    keys["type"] = refusal.type
    return encode({"error": {name: keys[name] for name in sorted(keys) if keys[name] is not None}})
