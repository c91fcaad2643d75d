"""Charges made without an intent, the old way, and what may be changed on any charge (B-5.35, B-5.37, B-5.39)."""

from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.books.vault.cards import StoredCard
from sluice.books.vault.cvcs import StoredCvc
from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.customers import cards, customers, payment_methods
from sluice.customers.customers import Customer
from sluice.customers.details import Hash, email, metadata, shipping
from sluice.customers.payment_methods import Brought, PaymentMethod
from sluice.payments import card_declines, routing
from sluice.payments.amounts import payable
from sluice.payments.capture import charge_in
from sluice.payments.charges import Charge
from sluice.payments.confirming import weather
from sluice.payments.descriptors import suffix, whole
from sluice.payments.picking import CARD, by_token, known_customer
from sluice.rails.types import Authorize
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan, Request
from sluice.store.database import Database
from sluice.store.reads import Load, Rows

if TYPE_CHECKING:
    from sluice.shapes.types.charge import PostCharges, PostChargesCharge

KEPT = ("card_", "src_")  # a customer's cards and sources, by their ids


def create(call: Call, rows: Rows) -> Plan:
    """B-5.37: `source` is a token, or a customer's card or source by its id; where no card is given, his default pays."""
    given = cast("PostCharges", call.params)
    for name in ("amount", "currency"):
        if name not in given:
            raise Refused(f"Missing required param: {name}.", code="parameter_missing", param=name)
    money = payable(given["amount"], given["currency"])
    customer = known_customer(call, rows)
    picked = pick(call, rows, customer)
    card_declines.may(call, rows)
    method = picked.row
    id, asking, rail = new_id("ch_"), new_id("ask_"), routing.choose(call)
    carried = described(call)
    where = method.doc["billing_details"]["address"] or {}
    ask = Authorize(
        money, capture=given.get("capture", True), line1=where.get("line1"), postal_code=where.get("postal_code"),
        weather=weather(call, carried["metadata"]),
    )  # fmt: skip
    extra = {
        "charge": carried, "customer": customer and customer.id, "transfer_group": given.get("transfer_group"),
        "hold_seconds": rail.hold_seconds, "public_url": call.public_url, "declines": call.declines,
    }  # fmt: skip
    code = rows.get_one(StoredCvc, "code") if not picked.card else None
    request = Request(
        ask, id, asking, rail.name, rail.others, stored=rows.get_one(StoredCard, "card") if not picked.card else None,
        code=code, card=picked.card, charge=id, method=method.id, shows="charge", extra=extra,
    )  # fmt: skip
    return Plan(taken(picked, code), request)


def pick(call: Call, rows: Rows, customer: Customer | None) -> Brought:
    """What is charged: brought along, named by its id, or the customer's default."""
    given = call.params
    if "card" in given and "source" in given:
        raise Refused("You may only specify one of these parameters: card, source.", code="parameters_exclusive", param="card")
    source, method = given.get("source") or given.get("card"), rows.get_one(PaymentMethod, "method")
    if source is None and (method is None or customer is None):
        raise unsourced(customer)
    if isinstance(source, str) and not source.startswith(KEPT):
        return payment_methods.bring(call, rows, source, {}, prefix="card_", param="source")
    if source is not None and not isinstance(source, str):
        assert source.get("object", "card") == "card", "the walk lets nothing else through"
        details = {"billing_details": cards.owner(source), "metadata": source.get("metadata") or {}}
        return payment_methods.bring(call, rows, source, details, "card", "card_")
    if method is None or method.customer != (customer and customer.id):
        whose = f"Customer {customer.id} does not have" if customer else "Without a customer there is not"
        raise Refused(f"{whose} a linked source with ID {source}.", code="missing", param="source", judged=True)
    payment_methods.usable(method, "source")
    return Brought(method, ())


def taken(picked: Brought, code: StoredCvc | None) -> Change:
    """A method that is no customer's is taken until the answer."""
    gone = (code,) if code else ()
    method = picked.row if picked.row.state == "attached" else replace(picked.row, state="taken")
    if picked.new:
        return Change(saved=picked.saved, new=(method, *picked.new[1:]), gone=gone)
    return Change(saved=(method,) if method is not picked.row else (), gone=gone)


def unsourced(customer: Customer | None) -> Refused:
    if customer is None:
        return Refused("Must provide source or customer.", code="parameter_missing")
    message = "Cannot charge a customer that has no active card"
    return Refused(message, status=402, type="card_error", code="missing", param="card", judged=True)


def described(call: Call) -> Hash:
    """What the charge carries."""
    given = call.params
    return {
        "calculated_statement_descriptor": whole(given.get("statement_descriptor"), "statement_descriptor"),
        "description": given.get("description"),
        "fraud_details": {},
        "metadata": metadata({}, given),
        "receipt_email": email(given, "receipt_email") if "receipt_email" in given else None,
        "shipping": shipping(given.get("shipping")),
        "statement_descriptor": given.get("statement_descriptor"),
        "statement_descriptor_suffix": suffix(given.get("statement_descriptor_suffix"), "statement_descriptor_suffix"),
    }


def update(call: Call, rows: Rows) -> Plan:
    """B-5.35: immutable but for these; `customer` once, if there is none."""
    charge, given = charge_in(call, rows), cast("PostChargesCharge", call.params)
    doc: dict[str, Any] = charge.doc | {"metadata": metadata(charge.doc["metadata"], given)}
    if "description" in given:
        doc["description"] = given["description"]
    if "receipt_email" in given:
        doc["receipt_email"] = email(given, "receipt_email")
    if "shipping" in given:
        doc["shipping"] = shipping(given["shipping"], doc["shipping"])
    if "fraud_details" in given:
        report = given["fraud_details"].get("user_report")
        doc["fraud_details"] = {"user_report": report} if report else {}
    after = replace(
        charge,
        customer=customer_of(call, rows, charge),
        transfer_group=given.get("transfer_group", charge.transfer_group),
        doc=doc,
    )
    if after == charge:
        return Plan(Change(stand=(charge,), shows=charge))
    return Plan(Change(saved=(after,), told=(Told("charge.updated", after, charge),), shows=after))


def customer_of(call: Call, rows: Rows, charge: Charge) -> str | None:
    given = call.params.get("customer")
    if not given or given == charge.customer:
        return charge.customer
    if charge.customer:
        raise Refused("The customer of a charge can be set once.", param="customer", judged=True)
    return customers.named(call, rows).id


def named(call: Call) -> tuple[str | None, str | None]:
    """The source that is named by its id, "" where another is given; and its token."""
    source = call.params.get("source") or call.params.get("card")
    token = source if isinstance(source, str) and not source.startswith(KEPT) else None
    return (source if token is None else "") if isinstance(source, str) or source is None else "", token


async def find(database: Database, call: Call) -> Rows:
    return await by_token(database, call, named(call)[1])


CREATE = Verb(
    "charges.create", create,
    (
        Load(Customer, "customer", "$3"),
        Load(PaymentMethod, "method", "coalesce($5, customer.default_source)"),
        Load(card_declines.CardDeclines, "declines", "coalesce($4, method.fingerprint)"),
        *CARD,
    ),
    lambda call: (call.params.get("customer"), card_declines.brought(call), named(call)[0]),
    finds=find,
)  # fmt: skip
UPDATE = Verb(
    "charges.update", update, (Load(Charge, "charge", "$3"), Load(Customer, "customer", "$4")),
    lambda call: (call.ids["charge"], call.params.get("customer")),
)  # fmt: skip
