"""A card that was checked becomes a customer's source (B-5.69)."""

from typing import Any

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.customers.cards import seen
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.customers.sources import Source, detached
from sluice.payments.instructions import Instruction
from sluice.rules.plans import Change
from sluice.store.reads import Rows


def linked(rows: Rows, method: PaymentMethod, customer: Customer) -> Change:
    """His first is his default; one that comes with an update of him takes the place of the default, which is deleted."""
    update: dict[str, Any] | None = rows.one(Instruction, "instruction").asked.extra.get("update")
    after = replace(customer, default_source=method.id if update is not None else customer.default_source or method.id)
    source = seen(Source, method)
    created = Told("customer.source.created", source)
    if not customer.version:
        return Change(saved=(method,), new=(after,), told=(Told("customer.created", after), created), shows=after)
    if update is None and after == customer:
        return Change(saved=(method,), stand=(customer,), told=(created,), shows=source)
    if update is not None:
        columns = {name: value for name, value in update.items() if name != "doc"}
        after = replace(after, doc=after.doc | update["doc"], **columns)
    old = replaced(rows, customer)
    return Change(
        saved=(method, after, *((detached(old),) if old else ())),
        told=(
            *((Told("customer.source.deleted", seen(Source, old)),) if old else ()),
            created,
            Told("customer.updated", after, customer),
        ),
        shows=source if update is None else after,
    )


def replaced(rows: Rows, customer: Customer) -> PaymentMethod | None:
    """The default that an update replaces, if it is still his."""
    old = rows.get_one(PaymentMethod, "replaced")
    return old if old and old.customer == customer.id else None
