"""Sources: the old API's way to keep a card, under a customer as a `card` or a `source` (B-5.69), and on their own.

A source is a payment method's row in another form: whatever takes the one takes the other.
"""

import hmac
from typing import TYPE_CHECKING, Any, ClassVar, cast, final

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.core.errors import Refused, missing
from sluice.core.ids import chance
from sluice.customers import cards
from sluice.customers.cards import Method, seen
from sluice.customers.details import Hash, address, metadata
from sluice.customers.payment_methods import PaymentMethod, billing, bring, changed_card, waiting_code
from sluice.customers.tokens import Token
from sluice.customers.typed_cards import dates
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows

if TYPE_CHECKING:
    from sluice.shapes.types.source import SourceCreate

KEPT = ("card_", "src_")
BLANK: Hash = {"statement_descriptor": None, "usage": "reusable"}


@final
class Source(Method, frozen=True):
    """In the old API's form: a `card`, or a `source` of the type card, by its id."""

    noun: ClassVar[str] = "source"

    def wire(self, livemode: bool) -> dict[str, Any]:
        if self.id.startswith("card_"):
            return cards.shown(self.id, self.customer, self.fingerprint, self.doc)
        whose = {"customer": self.customer} if self.customer else {}
        return build(
            "source",
            id=self.id,
            allow_redisplay=self.doc["allow_redisplay"],
            card=typed(self),
            created=self.created,
            flow="none",
            livemode=livemode,
            metadata=self.doc["metadata"],
            owner=owner(self.doc["billing_details"]),
            status="consumed" if self.state in ("used", "detached") else "chargeable",
            type="card",
            **self.doc["source"],
            **whose,
        )


def is_source(method: Method) -> bool:
    return method.id.startswith(KEPT)


def typed(source: Source) -> Hash:
    """The hash `card` of a source."""
    card = source.doc["card"]
    return build(
        "source_type_card",
        **cards.checks(card),
        brand=cards.brand(card),
        country=card["country"],
        exp_month=card["exp_month"],
        exp_year=card["exp_year"],
        fingerprint=source.fingerprint,
        funding=card["funding"],
        last4=card["last4"],
        name=source.doc["billing_details"]["name"],
        three_d_secure="optional" if card["three_d_secure_usage"]["supported"] else "not_supported",
    )


def owner(details: Hash) -> Hash:
    return build("source_owner", **{name: details[name] for name in ("address", "email", "name", "phone")})


def create(call: Call, rows: Rows) -> Plan:
    """Of a token, or of a card that is typed. Nobody is asked."""
    given = cast("SourceCreate", call.params)
    if "type" not in given:
        raise Refused("Missing required param: type.", code="parameter_missing", param="type")
    if given["type"] != "card":
        raise Refused(f"Sluice does not serve sources of the type {given['type']}: use card.", param="type")
    if "token" in given and "card" in call.params:
        raise Refused("You may only specify one of these parameters: card, token.", code="parameters_exclusive", param="card")
    card = given.get("token") or call.params.get("card")
    if card is None:
        raise Refused("Missing required param: token.", code="parameter_missing", param="token")
    details: Hash = {"metadata": given.get("metadata")} if "metadata" in given else {}
    if "owner" in given:
        details["billing_details"] = given["owner"]
    made = bring(call, rows, card, details, "card", "src_")
    carried = BLANK | {name: call.params[name] for name in BLANK if name in call.params}
    secret = f"{made.row.id}_secret_{chance(25)}"
    method = replace(made.row, doc=made.row.doc | {"source": carried | {"client_secret": secret}})
    source = seen(Source, method)
    waits = waiting_code(call, method, made.card) if made.card else ()
    told = (Told("source.chargeable", source),)
    return Plan(Change(saved=made.saved, new=(method, *made.new[1:], *waits), told=told, shows=source))


def found(call: Call, rows: Rows) -> Source:
    source = rows.get_one(Source, "source")
    if source is None or not source.id.startswith("src_"):
        raise missing("source", call.ids["id"], "id", status=404)
    return source


def matching(call: Call, source: Source) -> None:
    """B-1.5, B-1.6: a publishable key needs the source's own secret. A `card` is read under its customer only."""
    if not source.id.startswith("src_"):
        raise missing("source", call.ids["id"], "id", status=404)
    given = call.params.get("client_secret")
    if given is None:
        if call.publishable:
            raise Refused("Missing required param: client_secret.", code="parameter_missing", param="client_secret")
    elif not hmac.compare_digest(given.encode(), source.doc["source"]["client_secret"].encode()):
        message = "The client_secret provided does not match the source's."
        raise Refused(message, code="resource_missing", param="client_secret", judged=True)


def update(call: Call, rows: Rows) -> Plan:
    """Its owner and its metadata."""
    source, given = found(call, rows), call.params
    doc = source.doc | {"metadata": metadata(source.doc["metadata"], given)}
    if "owner" in given:
        doc["billing_details"] = billing(given["owner"], doc["billing_details"])
    return changed(source, doc)


def changed(source: Source, doc: Hash) -> Plan:
    """A customer's is told of; one of nobody has no event for it."""
    after = replace(source, doc=doc)
    told = (Told("customer.source.updated", after, source),) if source.customer else ()
    return Plan(Change(saved=(after,), told=told, shows=after))


def of_customer(call: Call, rows: Rows) -> Source:
    """The one that the path names, of the customer that it names."""
    source = rows.get_one(Source, "source")
    if source is None or source.customer != call.ids["customer"] or not is_source(source):
        raise missing("source", call.ids["id"], "id", status=404)
    return source


def update_card(call: Call, rows: Rows) -> Plan:
    """What is printed on the card, and whose it is: its month and year are texts here."""
    source, given = of_customer(call, rows), call.params
    details = source.doc["billing_details"]
    if "name" in given:
        details = details | {"name": given["name"]}
    where = {name: given[old] for name, old in cards.ADDRESS.items() if old in given}
    if where:
        details = details | {"address": address(where, details["address"])}
    doc = source.doc | {"billing_details": details, "metadata": metadata(source.doc["metadata"], given)}
    if printed := dates(given):
        doc["card"] = changed_card(call, doc["card"], printed, "{}")
    return changed(source, doc)


def detached(source: Method) -> PaymentMethod:
    return replace(seen(PaymentMethod, source), customer=None, state="detached")


CREATE = Verb(
    "sources.create", create, (Load(Token, "token", "$3"),), lambda call: (call.params.get("token"),)
)  # fmt: skip
UPDATE = Verb("sources.update", update, (Load(Source, "source", "$3"),), id_in("id"))
UPDATE_CARD = Verb("customers.sources.update", update_card, (Load(Source, "source", "$3"),), id_in("id"))
