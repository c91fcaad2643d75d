"""Confirmation tokens: how a buyer pays, gathered before the confirmation."""

from sluice.api.operations.op import METHOD_DATA, Op, op
from sluice.api.reads import one
from sluice.customers import confirmation_tokens
from sluice.customers.confirmation_tokens import ConfirmationToken

TABLE: tuple[Op, ...] = (
    op("GetConfirmationTokensConfirmationToken", "confirmation_token",
       one(ConfirmationToken, "confirmation_token", "confirmation_token")),
    op("PostTestHelpersConfirmationTokens", "confirmation_token", confirmation_tokens.CREATE,
       f"payment_method {METHOD_DATA} return_url setup_future_usage shipping"),
)  # fmt: skip
