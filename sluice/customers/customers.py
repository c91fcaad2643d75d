"""Customers: whom a shop knows. No field is required; a deleted one leaves a tombstone (B-5.67, B-5.68)."""

from typing import Any, ClassVar, final

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.core.errors import Refused, missing
from sluice.core.ids import chance, new_id
from sluice.customers.details import Hash, address, email, kept, metadata, shipping
from sluice.customers.payment_methods import PaymentMethod
from sluice.customers.sources import is_source
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build, whole
from sluice.store.facts import Wide
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

PLAIN = (
    "business_name",
    "description",
    "individual_name",
    "name",
    "next_invoice_sequence",
    "phone",
    "preferred_locales",
    "tax_exempt",
)
SERVES = (
    "address balance business_name description email individual_name invoice_prefix invoice_settings metadata name"
    " next_invoice_sequence phone preferred_locales shipping tax_exempt"
)


@final
class Customer(Row, frozen=True):
    table: ClassVar[str] = "customers"
    noun: ClassVar[str] = "customer"
    conflicts: ClassVar[frozenset[str]] = frozenset({"customers_prefix"})
    created: int
    email: str | None
    deleted: bool
    default_payment_method: str | None
    invoice_prefix: str
    doc: dict[str, Any]
    default_source: str | None = None  # one of the old API's cards or sources

    def wire(self, livemode: bool) -> dict[str, Any]:
        if self.deleted:
            return {"id": self.id, "object": "customer", "deleted": True}
        return self.last_state(livemode)

    def last_state(self, livemode: bool) -> dict[str, Any]:
        settings = self.doc["invoice_settings"] | {"default_payment_method": self.default_payment_method}
        return build(
            "customer",
            id=self.id,
            created=self.created,
            default_source=self.default_source,
            email=self.email,
            livemode=livemode,
            invoice_prefix=self.invoice_prefix,
            **self.doc | {"invoice_settings": settings},
        )


BLANK: Hash = {
    "address": None,
    "balance": 0,
    "currency": None,
    "delinquent": False,
    "description": None,
    "discount": None,
    "invoice_settings": {"custom_fields": None, "footer": None, "rendering_options": None},
    "metadata": {},
    "name": None,
    "next_invoice_sequence": 1,
    "phone": None,
    "preferred_locales": [],
    "shipping": None,
    "tax_exempt": "none",
}
TWIN = (Load(Customer, "twin", "$3", "invoice_prefix"),)


def described(old: Hash, call: Call) -> Hash:
    """`doc` with what the call gives."""
    params = call.params
    doc = kept(old, params, PLAIN) | {"metadata": metadata(old["metadata"], params)}
    doc["preferred_locales"] = doc["preferred_locales"] or []
    doc["tax_exempt"] = doc["tax_exempt"] or "none"
    if "address" in params:
        doc["address"] = address(params["address"], old["address"])
    if "shipping" in params:
        doc["shipping"] = shipping(params["shipping"], old["shipping"])
    if "balance" in params:
        doc["balance"] = params["balance"]
        doc["currency"] = old["currency"] or (call.currency if params["balance"] else None)
    if "invoice_settings" in params:
        doc["invoice_settings"] = invoice_settings(old["invoice_settings"], params["invoice_settings"])
    return {name: value for name, value in doc.items() if value is not None or name not in ("business_name", "individual_name")}


def invoice_settings(old: Hash, given: Hash) -> Hash:
    made = kept(old, given, ("footer", "rendering_options"))
    if "custom_fields" in given:
        fields = given["custom_fields"]
        made["custom_fields"] = fields and [whole("invoice_setting_custom_field", each) for each in fields]
    if options := made["rendering_options"]:
        made["rendering_options"] = {"amount_tax_display": None, "template": None} | options
    return made


def prefix(call: Call, rows: Rows, own: str | None = None) -> str:
    """B-5.67: unique, 1 to 12 of [A-Z0-9]; made up if absent."""
    given = call.params.get("invoice_prefix")
    if given is None:
        return own or chance(8).upper()
    if not (given.isascii() and given.isalnum() and given == given.upper() and len(given) <= 12):
        raise Refused("An invoice prefix has 1 to 12 characters, each of A-Z or 0-9.", param="invoice_prefix")
    twin = rows.get_one(Customer, "twin")
    if twin and twin.invoice_prefix != own:
        raise Refused(f"The invoice prefix {given} belongs to another customer.", param="invoice_prefix", judged=True)
    return str(given)


def create(call: Call, rows: Rows) -> Plan:
    """B-5.67, without a card: one with `payment_method` waits for the card's check (payments/attaching)."""
    if call.params.get("invoice_settings", {}).get("default_payment_method"):
        raise Refused(
            "The customer does not have a payment method with this ID: give it in `payment_method` too.",
            param="invoice_settings[default_payment_method]",
        )
    customer = made(call, rows)
    return Plan(Change(new=(customer,), told=(Told("customer.created", customer),), shows=customer))


def made(call: Call, rows: Rows) -> Customer:
    """The new customer, as the call describes it."""
    address = email(call.params) if "email" in call.params else None
    return Customer(new_id("cus_", 14), 0, call.at, address, False, None, prefix(call, rows), described(BLANK, call))


def live(call: Call, rows: Rows, param: str = "id") -> Customer:
    """The customer that the path names; a deleted one cannot be changed (404, as reported and chosen in B-5.68)."""
    customer = rows.get_one(Customer, "customer")
    if customer is None or customer.deleted:
        raise missing("customer", call.ids["customer"], param, status=404)
    return customer


def named(call: Call, rows: Rows) -> Customer:
    """B-2.6: the customer that the parameter names must be there, and live."""
    customer = rows.get_one(Customer, "customer")
    if customer is None or customer.deleted:
        raise missing("customer", call.params["customer"], "customer")
    return customer


def required(call: Call, rows: Rows) -> Customer:
    """The same, of a call that is about nothing without him."""
    if not call.params.get("customer"):
        raise Refused("Missing required param: customer.", code="parameter_missing", param="customer")
    return named(call, rows)


def update(call: Call, rows: Rows) -> Plan:
    customer = live(call, rows)
    after = updated(call, rows, customer)
    return Plan(Change(saved=(after,), told=(Told("customer.updated", after, customer),), shows=after))


def updated(call: Call, rows: Rows, customer: Customer) -> Customer:
    changes: Hash = {"doc": described(customer.doc, call), "invoice_prefix": prefix(call, rows, customer.invoice_prefix)}
    if "email" in call.params:
        changes["email"] = email(call.params)
    if "default_payment_method" in call.params.get("invoice_settings", {}):
        changes["default_payment_method"] = default_method(call, rows, customer)
    if "default_source" in call.params:
        changes["default_source"] = default_source(call, rows, customer)
    return replace(customer, **changes)


def default_method(call: Call, rows: Rows, customer: Customer) -> str | None:
    """B-5.67: it must be attached to this customer."""
    given: str | None = call.params["invoice_settings"]["default_payment_method"]
    if given is None:
        return None
    method = rows.get_one(PaymentMethod, "chosen")
    if method is None or method.customer != customer.id:
        raise Refused(
            f"The customer does not have a payment method with the ID {given}: attach it to the customer first.",
            code="resource_missing", param="invoice_settings[default_payment_method]", judged=True,
        )  # fmt: skip
    return given


def default_source(call: Call, rows: Rows, customer: Customer) -> str | None:
    """B-5.67: one of his cards or sources, the old API's."""
    given: str = call.params["default_source"]
    source = rows.get_one(PaymentMethod, "source")
    if source is None or source.customer != customer.id or not is_source(source):
        raise missing("source", given, "default_source")
    return given


def without(customer: Customer, method: str) -> Customer:
    """B-5.63: what is taken off a customer is no default of his."""
    default, source = customer.default_payment_method, customer.default_source
    return replace(
        customer, default_payment_method=None if default == method else default,
        default_source=None if source == method else source,
    )  # fmt: skip


def delete(call: Call, rows: Rows) -> Plan:
    """Permanent; the event carries the full last state; its methods are detached with it, however many."""
    customer = live(call, rows)
    after = replace(customer, deleted=True, default_payment_method=None, default_source=None)
    told = Told("customer.deleted", after, object=customer.last_state(call.livemode))
    methods = Wide(PaymentMethod.table, "customer", customer.id, "customer = null, state = 'detached'")
    return Plan(Change(saved=(after,), wide=(methods,), told=(told,), shows=after))


UPDATE = Verb(
    "customers.update", update,
    (*TWIN, Load(Customer, "customer", "$4"), Load(PaymentMethod, "chosen", "$5"), Load(PaymentMethod, "source", "$6")),
    lambda call: (
        call.params.get("invoice_prefix"), call.ids["customer"],
        call.params.get("invoice_settings", {}).get("default_payment_method"), call.params.get("default_source"),
    ),
)  # fmt: skip
DELETE = Verb("customers.delete", delete, (Load(Customer, "customer", "$3"),), id_in("customer"))
