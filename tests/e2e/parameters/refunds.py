"""Parameters of refunds, also under their charge."""

from collections.abc import Callable
from typing import Any

from tests.e2e.parameters.table import PAGED, Case, Given, Made, Served, asks, get, post
from tests.harness import Answer, Shop


def charge(made: Made) -> Any:
    """A new payment's."""
    return made["shop"].pays().latest_charge


def intent(made: Made) -> Any:
    return made["shop"].pays().id


OF_CHARGE = {"charge": charge}
DESCRIBED: dict[str, Case] = {
    "amount": Case("amount", 500, beside=OF_CHARGE),
    "instructions_email": Case("instructions_email", "ann@shop.example", beside=OF_CHARGE),
    "metadata": Case("metadata", {"a": "b"}, beside=OF_CHARGE),
    "reason": Case("reason", "duplicate", beside=OF_CHARGE),
}
CURRENCY = {"currency": Case("error.param", "eur", "currency", OF_CHARGE)}
NAMED = {"charge": Case("charge", charge), "payment_intent": Case("payment_intent", intent)}
# Under a charge, only the intent of another one makes a difference.
STRANGER = {"payment_intent": Case("error.param", intent, "charge")}
EDIT = {"metadata": Case("metadata", {"a": "b"})}


def under(cases: dict[str, Case], at: str = "") -> dict[str, Case]:
    """The same under a charge, which the path names; `at` goes before what is read."""
    return {name: Case(at + case.shows, case.value, case.expected) for name, case in cases.items()}


def created(made: Made, given: Given) -> Answer:
    return post(made, "/v1/refunds", given)


def nested(tail: str) -> Callable[[Made, Given], Answer]:
    return lambda made, given: post(made, f"/v1/charges/{charge(made)}/{tail}", given)


def updated(made: Made, given: Given) -> Answer:
    return post(made, f"/v1/refunds/{created(made, {'charge': charge(made)}).json['id']}", given)


def updated_nested(made: Made, given: Given) -> Answer:
    refund = created(made, {"charge": charge(made)}).json
    return post(made, f"/v1/charges/{refund['charge']}/refunds/{refund['id']}", given)


def of_one(made: Made, given: Given) -> Answer:
    return get(made, f"/v1/charges/{made['charge']}/refunds", given)


def two(shop: Shop) -> Made:
    """Of two payments."""
    payments = shop.pays(), shop.pays()
    older, newer = (shop.v1.refunds.create({"payment_intent": paid.id}) for paid in payments)
    return {"older": older.id, "newer": newer.id, "charge": older.charge, "intent": older.payment_intent}


def two_of_one(shop: Shop) -> Made:
    paid = shop.pays()
    older, newer = (shop.v1.refunds.create({"payment_intent": paid.id, "amount": amount}) for amount in (300, 200))
    return {"older": older.id, "newer": newer.id, "charge": paid.latest_charge}


# `/refund` answers the charge: what a refund only carries is read from its list (B-5.46).
NEWEST = {"expand": ["refunds"]}
ROWS = {
    "GetRefunds": Served(
        asks("/v1/refunds"),
        PAGED
        | {
            "charge": Case("data.#", lambda made: made["charge"], 1),
            "payment_intent": Case("data.#", lambda made: made["intent"], 1),
        },
        two,
    ),
    "PostRefunds": Served(created, DESCRIBED | CURRENCY | NAMED),
    "PostRefundsRefund": Served(updated, EDIT),
    "PostChargesChargeRefund": Served(
        lambda made, given: nested("refund")(made, NEWEST | given), under(DESCRIBED, "refunds.data.0.") | STRANGER
    ),
    "PostChargesChargeRefunds": Served(nested("refunds"), under(DESCRIBED) | under(CURRENCY) | STRANGER),
    "GetChargesChargeRefunds": Served(of_one, {name: case for name, case in PAGED.items() if name != "created"}, two_of_one),
    "PostChargesChargeRefundsRefund": Served(updated_nested, EDIT),
}
