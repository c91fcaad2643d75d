"""The moves that are killed: what must be there before, the call, and what may have become of the money."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sluice.merchants.rail_accounts import add
from tests.harness import Answer, Shop
from tests.harness.wire import Raw
from tests.kills.books import Money

CARD = "pm_card_visa"
BUSY = "pm_card_chargeDeclinedProcessingError"
NOTHING = Money(0, 0)
CUSTOMER = "A buyer"


class Request(NamedTuple):
    path: str
    params: dict[str, str]


class Move(NamedTuple):
    """`may`: what the books may come to once all is quiet. `url`: it is no call of /v1, and has no key."""

    name: str
    arrange: Callable[[Shop], Any]
    request: Callable[[Any], Request]
    may: tuple[Money, ...]
    url: bool = False
    refused: bool = False  # it ends in a decline

    def __str__(self) -> str:
        return self.name

    def act(self, shop: Shop, state: Any, key: str) -> Answer:
        path, params = self.request(state)
        if self.url:
            return Raw("", "")("POST", path, params)
        return shop.raw("POST", path, params, headers={"Idempotency-Key": key})


def pays(shop: Shop) -> str:
    return shop.pays().id


def holds(shop: Shop) -> str:
    return shop.holds().id


def challenged(shop: Shop) -> str:
    action = shop.pays(card="pm_card_threeDSecure2Required").next_action
    assert action
    assert action.use_stripe_sdk
    return str(action.use_stripe_sdk["stripe_js"])


def new_intent(**params: Any) -> Callable[[Shop], str]:
    return lambda shop: shop.intent(**params).id


def twice_asked(shop: Shop) -> str:
    """A second account at the same bank: what the first refuses for now is asked of it (F22)."""
    gateway = shop.gateway
    gateway.run(add(gateway.database, shop.scope, "Second account", f"127.0.0.1:{gateway.bank.port}"))
    return shop.intent().id


def comes_back_later(shop: Shop) -> str:
    return shop.v1.refunds.create({"payment_intent": shop.pays(card="pm_card_pendingRefund").id, "amount": 700}).id


def on(path: str, **params: str) -> Callable[[str], Request]:
    return lambda id: Request(path.format(id), params)


CREATE = {
    "amount": "2000", "currency": "usd", "payment_method": CARD, "confirm": "true",
    "automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never",
}  # fmt: skip

MOVES = (
    Move("confirm", new_intent(), on("/v1/payment_intents/{}/confirm", payment_method=CARD), (Money(2000, 0), NOTHING)),
    Move(
        "confirm, manual capture", new_intent(capture_method="manual"),
        on("/v1/payment_intents/{}/confirm", payment_method=CARD), (Money(0, 2000), NOTHING),
    ),
    Move("confirm on create", lambda _: "", on("/v1/payment_intents", **CREATE), (Money(2000, 0), NOTHING)),
    Move("answer 3-D Secure", challenged, on("{}", outcome="complete"), (Money(2000, 0), NOTHING), url=True),
    Move("capture", holds, on("/v1/payment_intents/{}/capture", amount_to_capture="1500"), (Money(1500, 0),)),
    Move("cancel", holds, on("/v1/payment_intents/{}/cancel"), (NOTHING,)),
    Move("refund", pays, lambda id: Request("/v1/refunds", {"payment_intent": id, "amount": "400"}), (Money(1600, 0),)),
    Move("cancel a refund", comes_back_later, on("/v1/refunds/{}/cancel"), (Money(2000, 0),)),
    Move(
        "confirm, passed on", twice_asked, on("/v1/payment_intents/{}/confirm", payment_method=BUSY), (NOTHING,),
        refused=True,
    ),
    Move(
        "charge", lambda _: "", on("/v1/charges", amount="2000", currency="usd", source="tok_visa"), (Money(2000, 0), NOTHING)
    ),
    Move(
        "attach", lambda shop: shop.v1.customers.create({"name": CUSTOMER}).id,
        lambda id: Request(f"/v1/payment_methods/{CARD}/attach", {"customer": id}), (NOTHING,),
    ),
)  # fmt: skip
