"""Tax rates: a percentage under a name that a buyer reads. What it takes never changes; what it is called may."""

import re
from decimal import Decimal
from typing import Any, ClassVar, final

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.customers.details import Hash, kept, metadata
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

COUNTRY = re.compile("[A-Z]{2}").fullmatch  # ISO 3166-1 alpha-2
NAMED = ("country", "description", "jurisdiction", "state", "tax_type")
SERVES = f"active display_name metadata {' '.join(NAMED)}"
PLACES = 4  # of a percentage's decimals, as the public API has it


@final
class TaxRate(Row, frozen=True):
    table: ClassVar[str] = "tax_rates"
    noun: ClassVar[str] = "tax rate"
    created: int
    active: bool
    inclusive: bool
    percentage: str  # of 100, an exact decimal
    doc: dict[str, Any]

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "tax_rate", id=self.id, active=self.active, created=self.created, inclusive=self.inclusive, livemode=livemode,
            percentage=float(self.percentage),  # four decimals at most: its shortest form is the decimal
            rate_type="percentage", **self.doc,
        )  # fmt: skip


BLANK: Hash = dict.fromkeys(NAMED) | {"metadata": {}}


def create(call: Call, rows: Rows) -> Plan:
    """Refused: a percentage outside 0 to 100 or finer than four decimals."""
    params = call.params
    rate = TaxRate(
        new_id("txr_"), 0, call.at, params.get("active", True), params["inclusive"], percentage(params["percentage"]),
        described(BLANK, call),
    )  # fmt: skip
    return Plan(Change(new=(rate,), told=(Told("tax_rate.created", rate),), shows=rate))


def percentage(given: Decimal) -> str:
    if not 0 <= given <= 100 or given != round(given, PLACES):
        raise Refused(f"A percentage is from 0 to 100, with at most {PLACES} decimals.", param="percentage")
    return format(given, "f")


def described(old: Hash, call: Call) -> Hash:
    """`doc` with what the call gives."""
    doc = kept(old, call.params, (*NAMED, "display_name")) | {"metadata": metadata(old["metadata"], call.params)}
    if doc["country"] and not COUNTRY(doc["country"].upper()):
        raise Refused("A country is named by its two-letter code (ISO 3166-1 alpha-2).", param="country")
    return doc | {"country": doc["country"] and doc["country"].upper()}


def update(call: Call, rows: Rows) -> Plan:
    rate = rows.get_one(TaxRate, "rate")
    if rate is None:
        raise missing("tax rate", call.ids["tax_rate"], "tax_rate", status=404)
    after = replace(rate, active=call.params.get("active", rate.active), doc=described(rate.doc, call))
    return Plan(Change(saved=(after,), told=(Told("tax_rate.updated", after, rate),), shows=after))


CREATE = Verb("tax_rates.create", create)
UPDATE = Verb("tax_rates.update", update, (Load(TaxRate, "rate", "$3"),), id_in("tax_rate"))
