"""Making a token: the card goes into the vault, and its name comes back (B-5.66). Nobody is asked, nothing is told."""

from typing import TYPE_CHECKING, cast

from sluice.core.errors import Refused
from sluice.core.ids import new_id
from sluice.core.secrets import Secret
from sluice.customers import cards
from sluice.customers.details import Given, Hash
from sluice.customers.payment_methods import make, waiting_code
from sluice.customers.tokens import Token
from sluice.customers.typed_cards import card_of, dates
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan
from sluice.store.reads import Rows
from sluice.store.rows import Row

if TYPE_CHECKING:
    from sluice.shapes.types.token import PostTokens


def create(call: Call, rows: Rows) -> Plan:
    given = cast("PostTokens", call.params)
    if "card" in given and "cvc_update" in given:
        message = "You may only specify one of these parameters: card, cvc_update."
        raise Refused(message, code="parameters_exclusive", param="card")
    if "card" in given:
        token, new = of_card(call, given["card"])
    elif "cvc_update" in given:
        token, new = of_code(call, given["cvc_update"]["cvc"])
    else:
        raise Refused("Missing required param: card.", code="parameter_missing", param="card")
    return Plan(Change(new=(token, *new), shows=token))


def of_card(call: Call, given: Given | str) -> tuple[Token, tuple[Row, ...]]:
    """The method that may be made of it is made now, all but its row."""
    if isinstance(given, str):
        raise Refused("A token is made of a card's number here, not of a card that is kept already.", param="card")
    typed = {"number": given["number"], "cvc": given.get("cvc")} | dates(given, "card[{}]")
    card = card_of(call, typed)
    details: Hash = {"billing_details": cards.owner(given), "card": {"networks": given.get("networks")}}
    method, (_, stored) = make(call, card, details, prefix="card_")
    doc = {"card": method.id, "client_ip": call.who.address or None, "method": method.doc}
    token = Token(new_id("tok_"), 0, call.at, "card", False, method.card, method.fingerprint, doc)
    return token, (stored, *waiting_code(call, method, card))


def of_code(call: Call, cvc: str) -> tuple[Token, tuple[Row, ...]]:
    """For a card that is kept already: which one, its payment says."""
    if not (cvc.isascii() and cvc.isdecimal() and len(cvc) in (3, 4)):
        message = "Your card's security code is invalid."
        raise Refused(message, status=402, type="card_error", code="invalid_cvc", param="cvc_update[cvc]")
    token = Token(new_id("tok_"), 0, call.at, "cvc_update", False, None, None, {"client_ip": call.who.address or None})
    return token, (call.vault.hold_cvc(call.scope, token.id, Secret(cvc), call.at),)


CREATE = Verb("tokens.create", create)
