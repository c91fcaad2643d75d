"""Tokens: a card, or a card's code, that a browser gave us and a server may use once, within minutes (B-5.66)."""

from typing import Any, ClassVar, final

from msgspec.structs import replace

from sluice.core.errors import Refused
from sluice.core.limits import TOKEN_SECONDS
from sluice.customers.cards import shown
from sluice.rules.calls import Call
from sluice.shapes.objects import build
from sluice.store.reads import Rows
from sluice.store.rows import Row


@final
class Token(Row, frozen=True):
    """`type`: card or cvc_update. `card`: the vault's row, which the method that is made of it takes over with its code.

    `doc`: client_ip; of a card the id that it will bear as a customer's source, and `method`, a payment method's document.
    """

    table: ClassVar[str] = "tokens"
    noun: ClassVar[str] = "token"
    created: int
    type: str
    used: bool
    card: str | None
    fingerprint: str | None
    doc: dict[str, Any]

    def wire(self, livemode: bool) -> dict[str, Any]:
        card = {}
        if self.type == "card":
            card = {"card": shown(self.doc["card"], None, self.fingerprint, self.doc["method"])}
        return build(
            "token", id=self.id, client_ip=self.doc["client_ip"], created=self.created, livemode=livemode, type=self.type,
            used=self.used, **card,
        )  # fmt: skip


def spent(call: Call, rows: Rows, id: str, type: str, param: str, load: str = "token") -> Token:
    """The token that `id` names, used up by this call. Two calls that want it meet at its row: the later one hears so."""
    token = rows.get_one(Token, load)
    if token is None:
        raise Refused(f"Invalid token id: {id}", param=param, judged=True)
    if token.type != type:
        raise Refused(f"The token {id} is of the type {token.type}: a {type} token is needed.", param=param, judged=True)
    if token.used:
        message = f"You cannot use a token more than once: {id}."
        raise Refused(message, code="token_already_used", param=param, judged=True)
    if token.created + TOKEN_SECONDS <= call.at:
        message = f"The token {id} was not used within {TOKEN_SECONDS // 60} minutes: make a new one."
        raise Refused(message, param=param, judged=True)
    return replace(token, used=True)
