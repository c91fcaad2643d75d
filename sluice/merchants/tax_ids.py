"""Tax ids, of a customer or of the account itself. Their form is checked; no authority is asked, and none is said to be."""

from typing import Any, ClassVar, final

from sluice.books.events import Told
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.customers.customers import Customer
from sluice.customers.details import Hash
from sluice.merchants.tax_id_forms import country, fits
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

UNASKED = {"status": "unavailable", "verified_address": None, "verified_name": None}


@final
class TaxId(Row, frozen=True):
    table: ClassVar[str] = "tax_ids"
    noun: ClassVar[str] = "tax ID"
    created: int
    owner: str  # a customer, or the account itself
    type: str
    value: str

    @property
    def customer(self) -> str | None:
        return self.owner if self.owner.startswith("cus_") else None

    def wire(self, livemode: bool) -> dict[str, Any]:
        owner = {"customer": self.customer, "type": "customer"} if self.customer else {"type": "self"}
        return build(
            "tax_id", id=self.id, country=country(self.type, self.value), created=self.created, customer=self.customer,
            livemode=livemode, owner={"customer_account": None} | owner, type=self.type, value=self.value,
            verification=UNASKED if self.customer else None,
        )  # fmt: skip


@final
class Gone(Row, frozen=True):
    """What the answer to a delete shows (B-4.5)."""

    table: ClassVar[str] = TaxId.table

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build("deleted_tax_id", id=self.id, deleted=True)


def owner(call: Call) -> str:
    """Whose tax ids are meant: the path's customer, the one in `owner`, or, where nobody is named, the account itself.

    Refused: a customer that is not named, another account, an application.
    """
    if "customer" in call.ids:
        return call.ids["customer"]
    given: Hash = call.params.get("owner") or {"type": "self"}
    kind, customer, account = given["type"], given.get("customer"), given.get("account")
    for name, id in (("customer", customer), ("account", account)):
        if id is None and kind == name:
            raise Refused(f"Missing required param: owner[{name}].", code="parameter_missing", param=f"owner[{name}]")
        if id is not None and kind != name:
            raise Refused(f"An owner of the type {kind} has no {name}.", param=f"owner[{name}]")
    if kind == "application":
        raise Refused("There are no applications here: an owner is self, an account or a customer.", param="owner[type]")
    if account is not None and account != call.account:
        raise missing("account", account, "owner[account]")
    return str(customer or call.account)


def create(call: Call, rows: Rows) -> Plan:
    """A customer's is told by an event; the account's own is not."""
    whose, type, value = owner(call), call.params["type"], call.params["value"]
    if not fits(type, value):
        raise Refused(f"Invalid value for {type}: {value[:40]}", code="tax_id_invalid", param="value")
    customer = rows.get_one(Customer, "customer")
    if whose != call.account and (customer is None or customer.deleted):
        in_path = "customer" in call.ids
        raise missing("customer", whose, "customer" if in_path else "owner[customer]", status=404 if in_path else 400)
    made = TaxId(new_id("txi_"), 0, call.at, whose, type, value)
    stand = (customer,) if customer else ()
    return Plan(Change(stand=stand, new=(made,), told=told("created", made), shows=made))


def told(what: str, tax_id: TaxId) -> tuple[Told, ...]:
    return (Told(f"customer.tax_id.{what}", tax_id),) if tax_id.customer else ()


def found(call: Call, tax_id: TaxId | None) -> TaxId:
    """The one that the path names; under a customer it must be his."""
    if tax_id is None or tax_id.owner != call.ids.get("customer", tax_id.owner):
        raise missing("tax ID", call.ids["id"], "id", status=404)
    return tax_id


def delete(call: Call, rows: Rows) -> Plan:
    tax_id = found(call, rows.get_one(TaxId, "tax_id"))
    gone = Gone(tax_id.id, tax_id.version)
    return Plan(Change(stand=(tax_id,), gone=(tax_id,), told=told("deleted", tax_id), shows=gone))


CREATE = Verb("tax_ids.create", create, (Load(Customer, "customer", "$3"),), lambda call: (owner(call),))
DELETE = Verb("tax_ids.delete", delete, (Load(TaxId, "tax_id", "$3"),), lambda call: (call.ids["id"],))
