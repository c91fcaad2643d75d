"""Confirmation tokens: how a buyer pays, gathered in the browser, for one confirmation on the server.

The public API's reference: what the confirmation says itself outranks what its token says.
"""

from typing import TYPE_CHECKING, Any, ClassVar, cast, final

from msgspec.structs import replace

from sluice.core.errors import Refused, missing
from sluice.core.ids import new_id
from sluice.core.limits import CONFIRMATION_SECONDS
from sluice.customers import payment_methods
from sluice.customers.details import Hash, shipping
from sluice.customers.payment_methods import PaymentMethod
from sluice.customers.tokens import Token
from sluice.rules.calls import Call, Verb
from sluice.rules.plans import Change, Plan
from sluice.shapes.objects import build
from sluice.shapes.watched import filled
from sluice.store.reads import Load, Rows
from sluice.store.rows import Row

if TYPE_CHECKING:
    from sluice.shapes.types.confirmation_token import PostTestHelpersConfirmationTokens

SAID = ("return_url", "setup_future_usage", "shipping")
PREVIEWED = ("allow_redisplay", "billing_details", "card", "customer", "customer_account", "type")


@final
class ConfirmationToken(Row, frozen=True):
    """`payment_method` waits for its confirmation. `intent`: the payment or setup intent that took it; then it is used up.

    `doc`: `said`, parameters of the confirmation as they were given, and `preview`, the method as its buyer may see it.
    """

    table: ClassVar[str] = "confirmation_tokens"
    noun: ClassVar[str] = "confirmation_token"
    created: int
    expires: int
    payment_method: str
    intent: str | None
    doc: dict[str, Any]

    def wire(self, livemode: bool) -> dict[str, Any]:
        said = self.doc["said"]
        return build(
            "confirmation_token",
            id=self.id,
            created=self.created,
            expires_at=None if self.intent else self.expires,
            livemode=livemode,
            payment_intent=self.intent if self.intent and self.intent.startswith("pi_") else None,
            payment_method_preview=self.doc["preview"],
            return_url=said.get("return_url"),
            setup_future_usage=said.get("setup_future_usage"),
            setup_intent=self.intent if self.intent and self.intent.startswith("seti_") else None,
            shipping=self.doc["shipping"],
            use_stripe_sdk=True,
        )


def create(call: Call, rows: Rows) -> Plan:
    """The test helper: of a method by its name or id, or of a card that is typed."""
    if call.livemode:
        raise Refused("Test helpers are for test mode.")
    given = cast("PostTestHelpersConfirmationTokens", call.params)
    if "payment_method" in given and "payment_method_data" in given:
        message = "You may only specify one of these parameters: payment_method, payment_method_data."
        raise Refused(message, code="parameters_exclusive", param="payment_method")
    method, change = brought(call, rows)
    said = {name: call.params[name] for name in SAID if call.params.get(name)}
    doc = {"said": said, "shipping": shipping(given.get("shipping")), "preview": preview(method, call.livemode)}
    expires = call.at + CONFIRMATION_SECONDS
    token = ConfirmationToken(new_id("ctoken_"), 0, call.at, expires, method.id, None, doc)
    return Plan(replace(change, new=(token, *change.new), shows=token))


def brought(call: Call, rows: Rows) -> tuple[PaymentMethod, Change]:
    given = call.params
    if data := given.get("payment_method_data"):
        made = payment_methods.of_data(call, rows, data)
        waits = payment_methods.waiting_code(call, made.row, made.card) if made.card else ()
        return made.row, Change(saved=made.saved, new=(*made.new, *waits))
    if not given.get("payment_method"):
        raise Refused("Missing required param: payment_method_data.", code="parameter_missing", param="payment_method_data")
    method, new, card = payment_methods.named(call, rows, "method", "payment_method")
    payment_methods.usable(method)
    waits = payment_methods.waiting_code(call, method, card) if card else ()
    return method, Change(new=(*new, *waits))


def preview(method: PaymentMethod, livemode: bool) -> Hash:
    shown = method.wire(livemode)
    return build("confirmation_tokens_resource_payment_method_preview", **{name: shown[name] for name in PREVIEWED})


def named(call: Call, rows: Rows) -> ConfirmationToken | None:
    """The one that the call confirms with, if it does: there, unused and in time."""
    id = call.params.get("confirmation_token")
    if not id:
        return None
    token = rows.get_one(ConfirmationToken, "confirmation")
    if token is None:
        raise missing("confirmation_token", id, "confirmation_token")
    if token.intent:
        message = f"The confirmation token {id} was used already, by {token.intent}: make a new one."
        raise Refused(message, param="confirmation_token", judged=True)
    if token.expires <= call.at:
        raise Refused(f"The confirmation token {id} has expired: make a new one.", param="confirmation_token", judged=True)
    return token


def applied(call: Call, rows: Rows) -> Call:
    """The call with what its confirmation token says, where it says nothing itself. For confirming any intent."""
    token = named(call, rows)
    return replace(call, params=filled(call.params, token.doc["said"])) if token else call


CREATE = Verb(
    "confirmation_tokens.create",
    create,
    (Load(PaymentMethod, "method", "$3"), Load(Token, "token", "$4")),
    lambda call: (call.params.get("payment_method"), payment_methods.token_in(call)),
)
