"""Payment methods: a card as the shop may know it. Fresh, then attached to a customer or used once (B-5.60 to B-5.65)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast, final

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.core.cards import expired
from sluice.core.clock import year_and_month
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.customers import tokens
from sluice.customers.cards import Method
from sluice.customers.details import Given, Hash, address, email, kept, metadata
from sluice.customers.typed_cards import card_of, shown, token
from sluice.rails.sandbox import cards as sandbox
from sluice.rails.types import Card
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

if TYPE_CHECKING:
    from sluice.shapes.types.payment_method import PostPaymentMethods, PostPaymentMethodsPaymentMethod

KIND = "PaymentMethod"
UNUSABLE = (
    "This PaymentMethod was used before without being attached to a customer, or was detached from one, and cannot be used"
    " again. To use a PaymentMethod more than once, attach it to a customer first."
)


@final
class PaymentMethod(Method, frozen=True):
    """In the form of today's API."""

    noun: ClassVar[str] = "PaymentMethod"

    def wire(self, livemode: bool) -> dict[str, Any]:
        card = self.doc["card"] | {"fingerprint": self.fingerprint}
        return build(
            "payment_method", id=self.id, allow_redisplay=self.doc["allow_redisplay"],
            billing_details=self.doc["billing_details"], card=card, created=self.created, customer=self.customer,
            livemode=livemode, metadata=self.doc["metadata"], type="card",
        )  # fmt: skip


class Brought(NamedTuple):
    """A method that a call brings along, with its new rows. `card`: in clear, if it was typed; `saved`: its token, used up."""

    row: PaymentMethod
    new: tuple[Row, ...]
    card: Card | None = None
    saved: tuple[Row, ...] = ()


def bring(
    call: Call, rows: Rows, card: Given | str, given: Given, where: str = "", prefix: str = "pm_", param: str = "token"
) -> Brought:
    """The new method of a card that is typed, or of a token by its name. `where` is put before the names of a typed card's
    parameters, `param` is the token's. `given`: billing_details, metadata, allow_redisplay."""
    name = card if isinstance(card, str) else card.get("token")
    if name is None or (sandbox.named(name) and not call.livemode):
        typed = card_of(call, card, where) if isinstance(card, Mapping) else token(call, card, param)
        return Brought(*make(call, typed, given, prefix=prefix), typed)
    used = tokens.spent(call, rows, name, "card", param)
    method = of_token(call, used, given, prefix)
    return Brought(method, (method,), None, (used,))


def of_data(call: Call, rows: Rows, data: Given) -> Brought:
    """The method in a call's `payment_method_data`."""
    where = "payment_method_data"
    if data["type"] != "card":
        raise Refused(f"Sluice does not serve the payment method type {data['type']} yet: use card.", param=f"{where}[type]")
    if not data.get("card"):
        raise Refused(f"Missing required param: {where}[card].", code="parameter_missing", param=f"{where}[card]")
    return bring(call, rows, data["card"], data, f"{where}[card]")


def token_in(call: Call) -> str | None:
    """The token that stands there in place of a card."""
    data = call.params.get("payment_method_data") or {}
    return (data.get("card") or {}).get("token")


def of_token(call: Call, token: tokens.Token, given: Given, prefix: str) -> PaymentMethod:
    """It takes over the vault's row, and what the token says of the card; a customer's card bears the token's own id for it."""
    old = token.doc["method"]
    doc = old | {
        "allow_redisplay": given.get("allow_redisplay") or old["allow_redisplay"],
        "billing_details": billing(given.get("billing_details"), old["billing_details"]),
        "metadata": metadata(old["metadata"], given),
    }
    assert token.card
    assert token.fingerprint
    id = token.doc["card"] if prefix == "card_" else new_id(prefix)
    return PaymentMethod(id, 0, call.at, None, "fresh", token.card, token.fingerprint, doc)


def make(call: Call, card: Card, given: Given, where: str = "", prefix: str = "pm_") -> tuple[PaymentMethod, tuple[Row, ...]]:
    """A new method of `card`, and the vault's row. `given`: billing_details, metadata, allow_redisplay."""
    if "customer" in given:
        raise Refused("A PaymentMethod is created without a customer: attach it afterwards.", param="customer")
    id = new_id(prefix)
    stored, fingerprint = call.vault.seal(call.scope, call.account, card)
    doc = {
        "allow_redisplay": given.get("allow_redisplay") or "unspecified",
        "billing_details": billing(given.get("billing_details"), where=where),
        "card": shown(card, call.livemode, (given.get("card") or {}).get("networks")),
        "metadata": metadata({}, given),
    }
    method = PaymentMethod(id, 0, call.at, None, "fresh", stored.id, fingerprint, doc)
    return method, (method, stored)


def billing(given: Given | None, old: Hash | None = None, where: str = "") -> Hash:
    """B-4.7: answered whole; leaf by leaf over what was there."""
    old = old or {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    if given is None:
        given = {}
    made = kept(old, given, ("name", "phone", "tax_id"))
    if "email" in given:
        made["email"] = email(given) if given["email"] else None
    made["address"] = address(given["address"] or {}, old["address"]) if "address" in given else old["address"] or address({})
    return made


def waiting_code(call: Call, method: PaymentMethod, card: Card) -> tuple[Row, ...]:
    """The code of a card that is not confirmed in this call waits, encrypted, for minutes (Law 8)."""
    return (call.vault.hold_cvc(call.scope, method.card, card.cvc, call.at),) if card.cvc else ()


Named = tuple[PaymentMethod, tuple[Row, ...], Card | None]


def named(call: Call, rows: Rows, load: str, param: str) -> Named:
    """The method that a parameter names: a row, or a new one with its card for a `pm_card_*` of the test data (B-6.1)."""
    id = call.params[param]
    if made := from_name(call, id):
        return made
    method = rows.get_one(PaymentMethod, load)
    if method is None:
        raise missing(KIND, id, param)
    return method, (), None


def from_name(call: Call, id: str) -> Named | None:
    card = sandbox.named(id) if id.startswith("pm_card_") and not call.livemode else None
    return (*make(call, card, {}), card) if card else None


def usable(method: Method, param: str | None = None) -> None:
    """B-5.13, B-5.62: consumed or once detached, never again."""
    if method.state in ("used", "detached", "taken"):
        raise Refused(UNUSABLE, param=param, judged=True)


def create(call: Call, rows: Rows) -> Plan:
    """B-5.60: nobody is asked, nothing is told."""
    given = cast("PostPaymentMethods", call.params)
    if given.get("type", "card") != "card":
        raise Refused("Sluice serves payment methods of the type card here.", param="type")
    if "type" not in given:
        raise Refused("Missing required param: type.", code="parameter_missing", param="type")
    if "card" not in given:
        raise Refused("Missing required param: card.", code="parameter_missing", param="card")
    brought = bring(call, rows, given["card"], given)
    waits = waiting_code(call, brought.row, brought.card) if brought.card else ()
    return Plan(Change(saved=brought.saved, new=(*brought.new, *waits), shows=brought.row))


def found(call: Call, rows: Rows) -> PaymentMethod:
    method = rows.get_one(PaymentMethod, "method")
    if method is None:
        raise missing(KIND, call.ids["payment_method"], "payment_method", status=404)
    return method


def may(call: Call, rows: Rows) -> None:
    """To an ephemeral key a method that is another customer's, or was anybody's, is not there."""
    if method := rows.get_one(PaymentMethod, "method"):
        reached(call, method)


def reached(call: Call, method: PaymentMethod) -> None:
    if call.customer and method.customer != call.customer and method.state != "fresh":
        raise missing(KIND, method.id, "payment_method", status=404)


def update(call: Call, rows: Rows) -> Plan:
    """B-5.64."""
    method, given = found(call, rows), cast("PostPaymentMethodsPaymentMethod", call.params)
    doc = method.doc | {"metadata": metadata(method.doc["metadata"], given)}
    if "billing_details" in given:
        doc["billing_details"] = billing(given["billing_details"], doc["billing_details"])
    if given.get("allow_redisplay"):
        doc["allow_redisplay"] = given["allow_redisplay"]
    if card := given.get("card"):
        doc["card"] = changed_card(call, doc["card"], card)
    after = replace(method, doc=doc)
    return Plan(Change(saved=(after,), told=(Told("payment_method.updated", after, method),), shows=after))


def changed_card(call: Call, old: Hash, given: Given, param: str = "card[{}]") -> Hash:
    """`param`: how its caller names a card's parameters."""
    made = kept(old, given, ("exp_month", "exp_year"))
    if not 1 <= made["exp_month"] <= 12:
        raise Refused(
            "Your card's expiration month is invalid.", status=402, type="card_error", code="invalid_expiry_month",
            param=param.format("exp_month"),
        )  # fmt: skip
    if expired(made["exp_year"], made["exp_month"], year_and_month(call.at)):
        raise Refused(
            "Your card's expiration year is invalid.", status=402, type="card_error", code="invalid_expiry_year",
            param=param.format("exp_year"),
        )  # fmt: skip
    if "networks" in given:
        made["networks"] = old["networks"] | {"preferred": given["networks"].get("preferred") or None}
    return made


CREATE = Verb(
    "payment_methods.create", create, (Load(tokens.Token, "token", "$3"),),
    lambda call: ((call.params.get("card") or {}).get("token"),),
)  # fmt: skip
UPDATE = Verb("payment_methods.update", update, (Load(PaymentMethod, "method", "$3"),), id_in("payment_method"), may)
