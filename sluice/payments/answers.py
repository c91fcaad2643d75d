"""Answers: what the caller reads, and what is kept under the key. Rendered from the rows as committed (DESIGN §2.5)."""

from asyncio import gather
from collections import defaultdict
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
OF_CHARGES = """select r.id, r.version, r.created, r.status, r.amount, r.currency, r.charge, r.intent, r.balance_transaction,
    r.failure_balance_transaction, r.instruction, r.doc from unnest($2::text[]) holder (id) cross join lateral (
        select * from refunds t where t.scope = $1 and t.charge = holder.id order by t.id desc limit 11) r"""
OF_CUSTOMERS = """select r.id, r.version, r.created, r.customer, r.state, r.card, r.fingerprint, r.doc
    from unnest($2::text[]) holder (id) cross join lateral (
        select * from payment_methods t where t.scope = $1 and t.customer = holder.id and t.state = 'attached'
        and (starts_with(t.id, 'card_') or starts_with(t.id, 'src_')) order by t.created desc, t.id desc limit 11) r"""
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
                made, steps, lambda keys: self.fetch(keys, over), lambda holders: self.listed(holders, over)
            )
        return encode(made)

    def cut(self, shown: dict[str, Any]) -> dict[str, Any]:
        return public(shown) if self.publishable else shown

    async def fetch(self, keys: list[expand.Key], written: Written) -> dict[expand.Key, dict[str, Any]]:
        """One statement for each kind of row that is named."""
        kinds = {id: PREFIXES[prefix] for id, _ in keys if (prefix := id.partition("_")[0]) in PREFIXES}
        wanted = defaultdict[type[Row], list[str]](list)
        for id, kind in kinds.items():
            wanted[kind].append(id)
        read = await gather(*(self.database.many(kind, self.scope, ids) for kind, ids in wanted.items()))
        rows = {row.id: row for found in read for row in found}
        rows |= {id: row for (_, id), row in written.items() if id in kinds}
        return {(id, field): self.cut(shown_at(field, rows[id]).wire(self.livemode)) for id, field in keys if id in rows}

    async def listed(self, holders: list[expand.Holder], written: Written) -> list[dict[str, Any] | None]:
        """Charges' refunds, customers' sources: the newest ten of each (B-3.12), a statement for each of both.

        Of other lists in the contract we have nothing.
        """
        places = defaultdict[tuple[str, str], list[str]](list)
        for holder, field in holders:
            places[holder["object"], field].append(holder["id"])
        made = {place: await self.lists_of(place, ids, written) for place, ids in places.items()}
        return [made[holder["object"], field].get(holder["id"]) for holder, field in holders]

    async def lists_of(self, place: tuple[str, str], ids: list[str], written: Written) -> dict[str, dict[str, Any]]:
        rows: dict[str, Refund | Source]
        of: dict[str, str | None]
        match place:
            case "charge", "refunds":
                rows = {row[0]: Refund(*row) for row in await self.database.fetch(OF_CHARGES, self.scope, ids)}
                rows |= {row.id: row for row in written.values() if isinstance(row, Refund)}
                of = {id: row.charge for id, row in rows.items() if isinstance(row, Refund)}
            case "customer", "sources":
                rows = {row[0]: Source(*row) for row in await self.database.fetch(OF_CUSTOMERS, self.scope, ids)}
                kept = [seen(Source, row) for row in written.values() if isinstance(row, Method) and is_source(row)]
                rows |= {row.id: row for row in kept if isinstance(row, Source)}
                of = {id: row.customer for id, row in rows.items() if isinstance(row, Source)}
            case _:
                return {}
        inside: dict[str, list[dict[str, Any]]] = {id: [] for id in ids}
        for key in sorted(rows, key=time_of, reverse=True):
            if (holder := of[key]) in inside:
                inside[str(holder)].append(rows[key].wire(self.livemode))
        url = "/v1/{}s/{}/{}"
        return {
            id: page.envelope(found[:EMBEDDED], len(found) > EMBEDDED, url.format(place[0], id, place[1]))
            for id, found in inside.items()
        }


def shown_at(field: str, row: Row) -> Row:
    """A card is a source or a payment method, as its place has it."""
    return seen(Source if field == "default_source" else PaymentMethod, row) if isinstance(row, Method) else row


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
