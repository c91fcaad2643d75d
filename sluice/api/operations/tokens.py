"""Tokens: a card or its code, to be used once (B-5.66)."""

from sluice.api.operations.op import Op, op
from sluice.api.reads import one
from sluice.customers import tokenizing
from sluice.customers.tokens import Token

TABLE: tuple[Op, ...] = (
    op("PostTokens", "token", tokenizing.CREATE, "card cvc_update"),
    op("GetTokensToken", "token", one(Token, "token", "token")),
)  # fmt: skip
