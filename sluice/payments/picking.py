"""Whom and what a payment is made with: the customer, and the method that is named, brought along or left to a default."""

from typing import Any, NamedTuple

from msgspec.structs import replace

from sluice.books.vault.cards import StoredCard
from sluice.books.vault.cvcs import StoredCvc
from sluice.core.errors import Refused
from sluice.customers import confirmation_tokens, customers, payment_methods
from sluice.customers.confirmation_tokens import ConfirmationToken
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import UNUSABLE, PaymentMethod
from sluice.customers.tokens import Token, spent
from sluice.payments.card_declines import CardDeclines
from sluice.payments.intents import Intent, with_intent
from sluice.rails.types import Card
from sluice.rules.calls import Call
from sluice.store.database import Database
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

# A confirmation token, and a token of a card; and the card that is paid with, whichever leads to it.
TOKENS = (
    Load(ConfirmationToken, "confirmation", "$3"),
    Load(Token, "token", "$4"),
    Load(PaymentMethod, "method", "confirmation.payment_method"),
    Load(StoredCard, "card", "coalesce(token.card, method.card)"),
    Load(StoredCvc, "code", "card.id"),
    Load(CardDeclines, "declines", "coalesce(token.fingerprint, method.fingerprint)"),
    Load(Token, "cvc_token", "$5"),
    Load(StoredCvc, "fresh_code", "cvc_token.id"),
)
PAID_WITH = ("method", "card", "code", "declines")
RECOLLECTED = "payment_method_options[card][cvc_token]"
CARD = (Load(StoredCard, "card", "method.card"), Load(StoredCvc, "code", "card.id"))


def named(call: Call) -> tuple[Any, ...]:
    """The customer and the method that a call gives; an empty name looks for nothing, none for the default (B-5.5)."""
    given = call.params
    other = given.get("payment_method_data") or given.get("confirmation_token")
    method = given.get("payment_method") or ("" if other else None)
    return given.get("customer"), method


async def by_token(
    database: Database, call: Call, token: str | None, confirmation: str | None = None, cvc: str | None = None
) -> Rows:
    """For a verb's `finds`: what tokens lead to, as far as it is there. Few calls name one; the others pay for no look."""
    if not (token or confirmation or cvc):
        return Rows()
    _, rows = await database.load(call.scope, None, TOKENS, confirmation, token, cvc)
    return Rows({name: row for name, row in rows.items() if row})


async def find(database: Database, call: Call) -> Rows:
    """What a call pays with when it names a token of a card, or a confirmation token, which any method outranks."""
    given, token = call.params, payment_methods.token_in(call)
    rows = await by_token(database, call, token, given.get("confirmation_token"), cvc_token(call))
    if given.get("payment_method") or (given.get("payment_method_data") and not token):  # it outranks the confirmation token
        return Rows({name: row for name, row in rows.items() if name not in PAID_WITH})
    return rows


def cvc_token(call: Call) -> str | None:
    """The token of a code that the buyer typed once more, for a card that is kept (B-5.66)."""
    return ((call.params.get("payment_method_options") or {}).get("card") or {}).get("cvc_token")


class Pick:
    """The payment method of a call: the one named, one brought along, the intent's own, or the customer's default (B-5.5)."""

    def __init__(
        self, row: PaymentMethod | None, new: tuple[Row, ...] = (), card: Card | None = None, saved: tuple[Row, ...] = ()
    ) -> None:
        self.row, self.new, self.card, self.saved = row, new, card, saved

    def confirmed(self, call: Call, rows: Rows, intent: str) -> tuple[Row, ...]:
        """The tokens that a confirmation of `intent` uses up."""
        token = confirmation_tokens.named(call, rows)
        return (*self.saved, replace(token, intent=intent)) if token else self.saved


class Code(NamedTuple):
    """The code that goes with the message; those that wait no more; the token that brought it."""

    sent: StoredCvc | None
    gone: tuple[Row, ...]
    saved: tuple[Row, ...] = ()


def code_of(call: Call, rows: Rows, picked: Pick) -> Code:
    """One that was typed once more is sent in place of one that waits beside the card."""
    waits, id = None if picked.card else rows.get_one(StoredCvc, "code"), cvc_token(call)
    gone = (waits,) if waits else ()
    if not id:
        return Code(waits, gone)
    if picked.card:
        raise Refused("A card that comes with its number brings its own code: leave the token out.", param=RECOLLECTED)
    token, fresh = spent(call, rows, id, "cvc_update", RECOLLECTED, "cvc_token"), rows.get_one(StoredCvc, "fresh_code")
    return Code(fresh or waits, (*gone, *((fresh,) if fresh else ())), (token,))


def pick(call: Call, rows: Rows) -> Pick:
    given = call.params
    if "payment_method" in given and "payment_method_data" in given:
        message = "You may only specify one of these parameters: payment_method, payment_method_data."
        raise Refused(message, code="parameters_exclusive", param="payment_method")
    if data := given.get("payment_method_data"):
        return Pick(*payment_methods.of_data(call, rows, data))
    if given.get("payment_method"):
        return Pick(*payment_methods.named(call, rows, "method", "payment_method"))
    return Pick(rows.get_one(PaymentMethod, "method"))


def known_customer(call: Call, rows: Rows) -> Customer | None:
    """B-2.6: a customer that is named must be there, and live."""
    return customers.named(call, rows) if call.params.get("customer") else rows.get_one(Customer, "customer")


def owned(call: Call, method: PaymentMethod, intent: Intent | None, customer: str | None) -> None:
    """B-5.6, B-5.13: whose method it is, and whether it may still be used. A refused confirm leaves the intent untouched."""
    refusal = None
    if method.customer and not customer:
        message = "The payment method belongs to a customer: name that customer on the payment too."
        refusal = Refused(message, code="parameter_missing", param="source", judged=True)
    elif method.customer and method.customer != customer:
        message = "The payment method belongs to another customer than the payment."
        refusal = Refused(message, param="payment_method", judged=True)
    elif method.state in ("used", "detached", "taken"):
        refusal = Refused(UNUSABLE, param="payment_method", judged=True)
    if refusal:
        raise with_intent(refusal, intent, call.livemode) if intent else refusal
