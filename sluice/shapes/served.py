"""What of the contract is ours: which operations and objects, and the shapes cut down to that, for the docs and the types."""

from functools import cache

from sluice.shapes.contract import REF, Schema, schema

OPERATIONS = (
    "GetAccount",
    "GetBalance",
    "GetBalanceHistory",
    "GetBalanceHistoryId",
    "GetBalanceTransactions",
    "GetBalanceTransactionsId",
    "GetCharges",
    "PostCharges",
    "GetChargesCharge",
    "PostChargesCharge",
    "PostChargesChargeCapture",
    "PostChargesChargeRefund",
    "GetChargesChargeRefunds",
    "PostChargesChargeRefunds",
    "GetChargesChargeRefundsRefund",
    "PostChargesChargeRefundsRefund",
    "GetCustomers",
    "PostCustomers",
    "GetCustomersCustomer",
    "PostCustomersCustomer",
    "DeleteCustomersCustomer",
    "GetCustomersCustomerPaymentMethods",
    "GetCustomersCustomerPaymentMethodsPaymentMethod",
    "GetEvents",
    "GetEventsId",
    "GetPaymentIntents",
    "PostPaymentIntents",
    "GetPaymentIntentsIntent",
    "PostPaymentIntentsIntent",
    "PostPaymentIntentsIntentConfirm",
    "PostPaymentIntentsIntentCapture",
    "PostPaymentIntentsIntentCancel",
    "GetPaymentMethods",
    "PostPaymentMethods",
    "GetPaymentMethodsPaymentMethod",
    "PostPaymentMethodsPaymentMethod",
    "PostPaymentMethodsPaymentMethodAttach",
    "PostPaymentMethodsPaymentMethodDetach",
    "GetRefunds",
    "PostRefunds",
    "GetRefundsRefund",
    "PostRefundsRefund",
    "PostRefundsRefundCancel",
    "PostCustomerSessions",
    "PostEphemeralKeys",
    "DeleteEphemeralKeysKey",
    "PostTokens",
    "GetTokensToken",
    "Source.create",
    "Source.retrieve",
    "Source.update",
    "GetCustomersCustomerSources",
    "PostCustomersCustomerSources",
    "GetCustomersCustomerSourcesId",
    "PostCustomersCustomerSourcesId",
    "DeleteCustomersCustomerSourcesId",
    "GetCustomersCustomerCards",
    "PostCustomersCustomerCards",
    "GetCustomersCustomerCardsId",
    "PostCustomersCustomerCardsId",
    "DeleteCustomersCustomerCardsId",
    "GetConfirmationTokensConfirmationToken",
    "PostTestHelpersConfirmationTokens",
    "GetWebhookEndpoints",
    "PostWebhookEndpoints",
    "GetWebhookEndpointsWebhookEndpoint",
    "PostWebhookEndpointsWebhookEndpoint",
    "DeleteWebhookEndpointsWebhookEndpoint",
    "GetSluiceAuditEntries",
    "GetSluiceDiscrepancies",
    "GetSluiceWebhookAttempts",
    "PostSluiceWebhookEndpointsWebhookEndpointResend",
)
RESOURCES = (
    "payment_intent",
    "charge",
    "refund",
    "customer",
    "deleted_customer",
    "payment_method",
    "customer_session",
    "ephemeral_key",
    "token",
    "card",
    "deleted_card",
    "source",
    "confirmation_token",
    "event",
    "webhook_endpoint",
    "deleted_webhook_endpoint",
    "balance",
    "balance_transaction",
    "account",
    "sluice.audit_entry",
    "sluice.discrepancy",
    "sluice.resend",
    "sluice.webhook_attempt",
    "error",
)
METHODS = frozenset({"card"})


@cache
def other_methods() -> frozenset[str]:
    """The payment methods that we do not serve: hashes under these names are cut."""
    return frozenset(schema("payment_method")["properties"]["type"]["enum"]) - METHODS


def cut(given: Schema) -> Schema | None:
    """A schema without the objects and payment methods that we do not serve; None: nothing of it is left."""
    if "$ref" in given:
        return given if is_served(given["$ref"].removeprefix(REF)) else None
    if "anyOf" in given:
        options = [left for each in given["anyOf"] if (left := cut(each)) is not None]
        return {**given, "anyOf": options} if options else None
    if "items" in given:
        items = cut(given["items"])
        return None if items is None else {**given, "items": items}
    if given.get("properties"):
        inside = {name: cut(each) for name, each in given["properties"].items() if not is_other_method(name, each)}
        properties = {name: each for name, each in inside.items() if each is not None}
        return {**given, "properties": properties, "required": [n for n in given.get("required", ()) if n in properties]}
    return given


def is_served(name: str) -> bool:
    return schema(name).get("x-resourceId", "account") in RESOURCES


def is_other_method(name: str, given: Schema) -> bool:
    return name in other_methods() and given.get("type", "object") == "object"
