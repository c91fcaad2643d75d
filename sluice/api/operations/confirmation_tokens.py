"""Confirmation tokens: how a buyer pays, gathered before the confirmation."""

from sluice.api.operations.op import Op, op
from sluice.api.reads import one
from sluice.customers import confirmation_tokens
from sluice.customers.confirmation_tokens import ConfirmationToken

METHOD_DATA = "payment_method_data[type] payment_method_data[card] payment_method_data[billing_details]"
METHOD_DATA += " payment_method_data[allow_redisplay]"

TABLE: tuple[Op, ...] = (
    op("GetConfirmationTokensConfirmationToken", "confirmation_token",
       one(ConfirmationToken, "confirmation_token", "confirmation_token")),
    op("PostTestHelpersConfirmationTokens", "confirmation_token", confirmation_tokens.CREATE,
       f"payment_method {METHOD_DATA} return_url setup_future_usage shipping"),
)  # fmt: skip
