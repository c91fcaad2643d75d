"""Payment methods: a card as the shop may know it. Fresh, then attached to a customer or used once (B-5.60 to B-5.65)."""

from typing import TYPE_CHECKING, Any, ClassVar, cast, final

from msgspec.structs import replace

from sluice.books.events import Told
from sluice.core.cards import expired, luhn, valid_cvc, valid_number
from sluice.core.clock import year_and_month
from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.core.secrets import Secret
from sluice.customers.details import Given, Hash, address, email, kept, metadata
from sluice.rails.sandbox import cards as sandbox
from sluice.rails.types import Card
from sluice.rules.calls import Call, Verb, id_in
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build, whole
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
class PaymentMethod(Row, frozen=True):
    """`state`: fresh, taken (by an attempt that goes on), used, attached, detached. `card` is the vault's row."""

    table: ClassVar[str] = "payment_methods"
    noun: ClassVar[str] = "PaymentMethod"
    created: int
    customer: str | None
    state: str
    card: str
    fingerprint: str
    doc: dict[str, Any]

    def wire(self, livemode: bool) -> dict[str, Any]:
        card = self.doc["card"] | {"fingerprint": self.fingerprint}
        return build(
            "payment_method", id=self.id, created=self.created, customer=self.customer, livemode=livemode, type="card",
            **self.doc | {"card": card},
        )  # fmt: skip


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


def token(call: Call, name: str, param: str = "token") -> Card:
    """`tok_*` names of the test data; tokens as objects are not served yet (B-5.61)."""
    card = sandbox.named(name) if name.startswith("tok_") and not call.livemode else None
    if card is None:
        raise Refused(f"Invalid token id: {name}", param=param)
    return card


def make(call: Call, card: Card, given: Given, where: str = "") -> tuple[PaymentMethod, tuple[Row, ...]]:
    """A new method of `card`, and the vault's row. `given`: billing_details, metadata, allow_redisplay."""
    if "customer" in given:
        raise Refused("A PaymentMethod is created without a customer: attach it afterwards.", param="customer")
    id = new_id("pm_")
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


def waiting_code(call: Call, method: PaymentMethod, card: Card) -> tuple[Row, ...]:
    """The code of a card that is not confirmed in this call waits, encrypted, for minutes (Law 8)."""
    return (call.vault.hold_cvc(call.scope, method.id, card.cvc, call.at),) if card.cvc else ()


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


def attachable(method: PaymentMethod) -> None:
    """B-5.62: consumed or once detached, never again."""
    if method.state in ("used", "detached", "taken"):
        raise Refused(UNUSABLE, judged=True)


def create(call: Call, rows: Rows) -> Plan:
    """B-5.60: nobody is asked, nothing is told."""
    given = cast("PostPaymentMethods", call.params)
    if given.get("type", "card") != "card":
        raise Refused("Sluice serves payment methods of the type card here.", param="type")
    if "type" not in given:
        raise Refused("Missing required param: type.", code="parameter_missing", param="type")
    if "card" not in given:
        raise Refused("Missing required param: card.", code="parameter_missing", param="card")
    card = card_of(call, given["card"])
    method, new = make(call, card, given)
    return Plan(Change(new=(*new, *waiting_code(call, method, card)), shows=method))


def found(call: Call, rows: Rows) -> PaymentMethod:
    method = rows.get_one(PaymentMethod, "method")
    if method is None:
        raise missing(KIND, call.ids["payment_method"], "payment_method", status=404)
    return method


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


def changed_card(call: Call, old: Hash, given: Given) -> Hash:
    made = kept(old, given, ("exp_month", "exp_year"))
    if not 1 <= made["exp_month"] <= 12:
        raise Refused(
            "Your card's expiration month is invalid.", status=402, type="card_error", code="invalid_expiry_month",
            param="card[exp_month]",
        )  # fmt: skip
    if expired(made["exp_year"], made["exp_month"], year_and_month(call.at)):
        raise Refused(
            "Your card's expiration year is invalid.", status=402, type="card_error", code="invalid_expiry_year",
            param="card[exp_year]",
        )  # fmt: skip
    if "networks" in given:
        made["networks"] = old["networks"] | {"preferred": given["networks"].get("preferred") or None}
    return made


CREATE = Verb("payment_methods.create", create)
UPDATE = Verb("payment_methods.update", update, (Load(PaymentMethod, "method", "$3"),), id_in("payment_method"))
