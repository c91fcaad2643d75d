"""Shipping rates: what sending costs, and about how long it takes. The amount never changes; other currencies may come to it."""

import re
from typing import Any, ClassVar, final

from msgspec.structs import replace

from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.core.limits import AMOUNT_MOST
from sluice.core.money import EXPONENTS
from sluice.customers.details import Given, Hash, metadata
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

TAX_CODE = re.compile("txcd_[0-9]{8}").fullmatch
OPEN = "unspecified"
HOURS = {"hour": 1, "day": 24, "business_day": 24, "week": 168, "month": 720}


@final
class ShippingRate(Row, frozen=True):
    """`amount` in `currency`'s minor unit."""

    table: ClassVar[str] = "shipping_rates"
    noun: ClassVar[str] = "shipping rate"
    created: int
    active: bool
    currency: str
    amount: int
    doc: dict[str, Any]

    def wire(self, livemode: bool) -> dict[str, Any]:
        fixed = {"amount": self.amount, "currency": self.currency} | self.doc["options"]
        shown = {name: value for name, value in self.doc.items() if name != "options"}
        return build(
            "shipping_rate", id=self.id, active=self.active, created=self.created, fixed_amount=fixed, livemode=livemode,
            type="fixed_amount", **shown,
        )  # fmt: skip


def create(call: Call, rows: Rows) -> Plan:
    params = call.params
    params.get("type")  # there is one
    fixed = params.get("fixed_amount")
    if fixed is None:
        raise Refused("Missing required param: fixed_amount.", code="parameter_missing", param="fixed_amount")
    amount = priced(fixed["amount"], "fixed_amount[amount]")
    doc = {
        "delivery_estimate": estimate(params.get("delivery_estimate")),
        "display_name": params["display_name"],
        "metadata": metadata({}, params),
        "options": options({}, fixed, fixed["currency"]),
        "tax_behavior": params.get("tax_behavior", OPEN),
        "tax_code": tax_code(params.get("tax_code")),
    }
    rate = ShippingRate(new_id("shr_"), 0, call.at, True, fixed["currency"], amount, doc)
    return Plan(Change(new=(rate,), shows=rate))


def priced(amount: int, param: str) -> int:
    if not 0 <= amount <= AMOUNT_MOST:
        raise Refused(f"An amount is from 0 to {AMOUNT_MOST}, in the currency's minor unit.", param=param)
    return amount


def tax_code(given: str | None) -> str | None:
    if given and not TAX_CODE(given):
        raise Refused("A tax code is txcd_ and eight digits.", param="tax_code")
    return given


def estimate(given: Given | None) -> Hash | None:
    """Both bounds, each None where it is not given; the lower one must not be the longer."""
    if given is None:
        return None
    bounds = {name: given.get(name) and {**given[name]} for name in ("maximum", "minimum")}
    for name, bound in bounds.items():
        if bound and bound["value"] <= 0:
            raise Refused("A delivery takes at least one unit.", param=f"delivery_estimate[{name}][value]")
    lower, upper = bounds["minimum"], bounds["maximum"]
    if lower and upper and hours(lower) > hours(upper):
        raise Refused("The shortest time of a delivery is longer than its longest.", param="delivery_estimate[minimum]")
    return bounds


def hours(bound: Given) -> int:
    return int(bound["value"]) * HOURS[bound["unit"]]


def options(old: Hash, given: Given, currency: str) -> Hash:
    """`currency_options`, over those that were there; nothing if there are none. `currency`: the rate's own."""
    asked = given.get("currency_options")
    if not asked:
        return old
    made = {**old.get("currency_options", {})}
    for code, each in asked.items():
        at = f"fixed_amount[currency_options][{code}]"
        if code not in EXPONENTS or code == currency:
            raise Refused(f"Invalid currency: {code}. It is the rate's own, or none that Sluice knows.", param=at)
        was = made.get(code, {"tax_behavior": OPEN})
        if "amount" not in each and "amount" not in was:
            raise Refused(f"Missing required param: {at}[amount].", code="parameter_missing", param=f"{at}[amount]")
        amount = priced(each.get("amount", was.get("amount")), f"{at}[amount]")
        made[code] = {"amount": amount, "tax_behavior": behavior(was["tax_behavior"], each, f"{at}[tax_behavior]")}
    return {"currency_options": made}


def behavior(old: str, given: Given, param: str) -> str:
    """Once it is said whether tax is in the amount, it stays so."""
    asked: str = given.get("tax_behavior", old)
    if old not in (OPEN, asked):
        raise Refused(f"The tax behavior is {old} and cannot be changed.", param=param, judged=True)
    return asked


def update(call: Call, rows: Rows) -> Plan:
    rate, params = rows.get_one(ShippingRate, "rate"), call.params
    if rate is None:
        raise missing("shipping rate", call.ids["shipping_rate_token"], "shipping_rate_token", status=404)
    doc = rate.doc | {
        "metadata": metadata(rate.doc["metadata"], params),
        "options": options(rate.doc["options"], params.get("fixed_amount", {}), rate.currency),
        "tax_behavior": behavior(rate.doc["tax_behavior"], params, "tax_behavior"),
    }
    after = replace(rate, active=params.get("active", rate.active), doc=doc)
    return Plan(Change(saved=(after,), shows=after))


CREATE = Verb("shipping_rates.create", create)
UPDATE = Verb("shipping_rates.update", update, (Load(ShippingRate, "rate", "$3"),), id_in("shipping_rate_token"))
