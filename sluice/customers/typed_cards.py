"""A card as it was typed, judged before anybody is asked (B-5.61), and what may be shown of it (S4)."""

from sluice.core.cards import expired, luhn, valid_cvc, valid_number
from sluice.core.clock import year_and_month
from sluice.core.errors import Refused
from sluice.core.secrets import Secret
from sluice.customers.details import Given, Hash
from sluice.rails.sandbox import cards as sandbox
from sluice.rails.types import Card
from sluice.rules.calls import Call
from sluice.shapes.objects import whole


def card_of(call: Call, given: Given, where: str = "") -> Card:
    """A card as it was typed: judged before anybody is asked (B-5.61). `where` is put before the names of parameters."""
    if "token" in given:
        return token(call, given["token"])
    number = given["number"].replace(" ", "").replace("-", "")
    cvc, month, year = given.get("cvc"), given["exp_month"], given["exp_year"]
    year += 2000 if 0 <= year < 100 else 0

    def wrong(code: str, name: str, message: str) -> Refused:
        param = f"{where}[{name}]" if where else name
        return Refused(message, status=402, type="card_error", code=code, param=param)

    if not number.isdecimal() or not number.isascii():
        raise wrong("invalid_number", "number", "The card number is not a valid credit card number.")
    if not luhn(number) or not valid_number(number):
        raise wrong("incorrect_number", "number", "Your card number is incorrect.")
    if not 1 <= month <= 12:
        raise wrong("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
    today = year_and_month(call.at)
    if expired(year, month, today) or year > today[0] + 50:
        raise wrong("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
    if cvc is not None and not valid_cvc(number, cvc):
        raise wrong("invalid_cvc", "cvc", "Your card's security code is invalid.")
    return Card(Secret(number), month, year, Secret(cvc) if cvc else None)


def dates(given: Given, param: str = "{}") -> Hash:
    """The month and the year, as numbers, where the old API has them as texts. `param`: how its caller names them."""
    found: Hash = {}
    for name in ("exp_month", "exp_year"):
        if name in given:
            text = given[name].strip()
            if not (text.isascii() and text.isdecimal() and len(text) <= 4):
                raise Refused(f"Invalid integer: {text}", code="parameter_invalid_integer", param=param.format(name))
            found[name] = int(text)
    return found


def token(call: Call, name: str, param: str = "token") -> Card:
    """The card behind one of the `tok_*` names of the test data (B-5.61)."""
    card = sandbox.named(name) if name.startswith("tok_") and not call.livemode else None
    if card is None:
        raise Refused(f"Invalid token id: {name}", param=param)
    return card


def shown(card: Card, livemode: bool, networks: Hash | None = None) -> Hash:
    """What may be shown of a card: the last four digits at most (S4)."""
    facts = sandbox.facts(card.number)
    checks = {
        "address_line1_check": None,
        "address_postal_code_check": None,
        "cvc_check": "unchecked" if card.cvc else None,
    }
    return (
        whole(
            "payment_method_card",
            {
                "brand": facts.brand,
                "checks": checks,
                "country": facts.country,
                "display_brand": facts.brand,
                "exp_month": card.exp_month,
                "exp_year": card.exp_year,
                "funding": facts.funding,
                "generated_from": None,
                "last4": card.number[-4:],
                "networks": {"available": list(facts.networks), "preferred": (networks or {}).get("preferred")},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": facts.three_d_secure},
                "wallet": None,
            },
        )
        or {}
    )
