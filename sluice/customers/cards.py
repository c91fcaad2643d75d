"""A card as it is kept, and the old API's `card`: the same row under its own kind of id, in another form (B-5.69)."""

from typing import Any, ClassVar, TypeVar

from msgspec.structs import astuple

from sluice.customers.details import Given, Hash
from sluice.shapes.objects import build
from sluice.store.rows import Row

# The old API's words for brands; what is not here is as it is.
BRANDS = {
    "visa": "Visa", "mastercard": "MasterCard", "amex": "American Express", "discover": "Discover", "diners": "Diners Club",
    "jcb": "JCB", "unionpay": "UnionPay", "unknown": "Unknown",
}  # fmt: skip
ADDRESS = {
    "line1": "address_line1", "line2": "address_line2", "city": "address_city", "state": "address_state",
    "postal_code": "address_zip", "country": "address_country",
}  # fmt: skip


class Method(Row, frozen=True):
    """`state`: fresh, taken (by an attempt that goes on), used, attached, detached. `card` is the vault's row.

    A row may be a payment method, a card or a source, by its id's prefix; each can stand where a payment method is asked for.
    """

    table: ClassVar[str] = "payment_methods"
    listed_by: ClassVar[str] = "substr({0}.id, strpos({0}.id, '_'))"  # by time, whatever the prefix
    created: int
    customer: str | None
    state: str
    card: str
    fingerprint: str
    doc: dict[str, Any]


M = TypeVar("M", bound=Method)


def seen(kind: type[M], method: Method) -> M:
    """The same row in another form."""
    return kind(*astuple(method))


def shown(id: str, customer: str | None, fingerprint: str | None, doc: Hash) -> Hash:
    """The `card` hash of what a method's document holds."""
    card, billing = doc["card"], doc["billing_details"]
    address = billing["address"] or {}
    return build(
        "card",
        id=id,
        **{old: address.get(name) for name, old in ADDRESS.items()},
        **checks(card),
        allow_redisplay=doc["allow_redisplay"],
        brand=brand(card),
        country=card["country"],
        customer=customer,
        exp_month=card["exp_month"],
        exp_year=card["exp_year"],
        fingerprint=fingerprint,
        funding=card["funding"],
        last4=card["last4"],
        metadata=doc["metadata"],
        name=billing["name"],
        networks={"preferred": card["networks"]["preferred"]},
        regulated_status=card["regulated_status"],
    )


def brand(card: Hash) -> str:
    return BRANDS.get(str(card["brand"]), str(card["brand"]))


def checks(card: Hash) -> Hash:
    """What the network said, under the old names."""
    found = card["checks"]
    return {
        "address_line1_check": found["address_line1_check"],
        "address_zip_check": found["address_postal_code_check"],
        "cvc_check": found["cvc_check"],
    }


def owner(given: Given) -> Hash:
    """The billing details in a card's own fields, as far as they are given."""
    where = {name: given[old] for name, old in ADDRESS.items() if old in given}
    return ({"name": given["name"]} if "name" in given else {}) | ({"address": where} if where else {})
