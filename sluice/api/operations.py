"""The one table of what is served: operation, resource of its key, function, parameters.

Dispatch, OpenAPI, the served list and the access matrix all come from it (DESIGN §1).
"""

from collections.abc import Mapping
from typing import NamedTuple

from sluice.api import reads
from sluice.api.reads import Read
from sluice.books.ledger import BalanceTransaction
from sluice.customers import customers, payment_methods
from sluice.customers.customers import Customer
from sluice.customers.payment_methods import PaymentMethod
from sluice.merchants import endpoints, resends
from sluice.merchants.endpoints import Endpoint
from sluice.payments import attaching, cancel, capture, charging, confirming, creating, refunds, updating
from sluice.payments.charges import Charge
from sluice.payments.intents import Intent, matching
from sluice.payments.refunds import Refund
from sluice.rules.calls import Verb

PAGED = "limit starting_after ending_before created"
CARD = "exp_month exp_year number cvc networks token"
METHOD_DATA = "payment_method_data[type] payment_method_data[card] payment_method_data[billing_details]"
METHOD_DATA += " payment_method_data[metadata] payment_method_data[allow_redisplay]"
CARD_OPTIONS = " ".join(
    f"payment_method_options[card][{name}]"
    for name in (
        "capture_method", "network", "request_extended_authorization", "request_incremental_authorization",
        "request_multicapture", "request_overcapture", "request_three_d_secure", "statement_descriptor_suffix_kana",
        "statement_descriptor_suffix_kanji",
    )
)  # fmt: skip
INTENT = (
    f"capture_method customer description excluded_payment_method_types metadata payment_details payment_method {METHOD_DATA}"
    f" {CARD_OPTIONS} payment_method_types receipt_email shipping statement_descriptor statement_descriptor_suffix"
    " transfer_group"
)
REFUND = "amount instructions_email metadata payment_intent reason"


class Op(NamedTuple):
    """`resource` is what a restricted key names; reading and writing follow from what `do` is."""

    id: str
    resource: str
    do: Verb | Read
    serves: frozenset[str]

    @property
    def writes(self) -> bool:
        return isinstance(self.do, Verb)


def op(id: str, resource: str, do: Verb | Read, serves: str = "") -> Op:
    return Op(id, resource, do, frozenset(serves.split()))


TABLE: tuple[Op, ...] = (
    op("GetAccount", "account", reads.own_account),
    op("GetBalance", "balance", reads.own_balance),
    op("GetBalanceTransactions", "balance", reads.history, f"{PAGED} currency payout source type"),
    op("GetBalanceTransactionsId", "balance", reads.one(BalanceTransaction, "id", "id")),
    op("GetBalanceHistory", "balance", reads.history, f"{PAGED} currency payout source type"),
    op("GetBalanceHistoryId", "balance", reads.one(BalanceTransaction, "id", "id")),
    op("GetCharges", "charge", reads.CHARGES, f"{PAGED} customer payment_intent transfer_group"),
    op("PostCharges", "charge", charging.CREATE,
       "amount capture card currency customer description metadata receipt_email shipping source statement_descriptor"
       " statement_descriptor_suffix transfer_group"),
    op("GetChargesCharge", "charge", reads.one(Charge, "id", "charge")),
    op("PostChargesCharge", "charge", charging.UPDATE,
       "customer description fraud_details metadata receipt_email shipping transfer_group"),
    op("PostChargesChargeCapture", "charge", capture.CAPTURE_CHARGE,
       "amount receipt_email statement_descriptor statement_descriptor_suffix transfer_group"),
    op("PostChargesChargeRefund", "refund", refunds.CREATE, REFUND),
    op("GetChargesChargeRefunds", "refund", reads.refunds_of, "limit starting_after ending_before"),
    op("PostChargesChargeRefunds", "refund", refunds.CREATE, f"{REFUND} currency"),
    op("GetChargesChargeRefundsRefund", "refund", reads.refund_of),
    op("PostChargesChargeRefundsRefund", "refund", refunds.UPDATE, "metadata"),
    op("GetCustomers", "customer", reads.CUSTOMERS, f"{PAGED} email"),
    op("PostCustomers", "customer", attaching.CREATE_CUSTOMER, f"{customers.SERVES} payment_method"),
    op("GetCustomersCustomer", "customer", reads.one(Customer, "id", "customer")),
    op("PostCustomersCustomer", "customer", customers.UPDATE, customers.SERVES),
    op("DeleteCustomersCustomer", "customer", customers.DELETE),
    op("GetCustomersCustomerPaymentMethods", "payment_method", reads.list_customers_methods,
       "allow_redisplay limit starting_after ending_before type"),
    op("GetCustomersCustomerPaymentMethodsPaymentMethod", "payment_method", reads.customers_method),
    op("GetEvents", "event", reads.events, f"{PAGED} delivery_success type types"),
    op("GetEventsId", "event", reads.event),
    op("GetPaymentIntents", "payment_intent", reads.INTENTS, f"{PAGED} customer"),
    op("PostPaymentIntents", "payment_intent", creating.CREATE,
       f"{INTENT} amount automatic_payment_methods confirm confirmation_method currency off_session return_url use_stripe_sdk"),
    op("GetPaymentIntentsIntent", "payment_intent", reads.one(Intent, "intent", "intent", matching), "client_secret"),
    op("PostPaymentIntentsIntent", "payment_intent", updating.UPDATE, f"{INTENT} amount currency"),
    op("PostPaymentIntentsIntentConfirm", "payment_intent", confirming.CONFIRM,
       f"capture_method client_secret excluded_payment_method_types off_session payment_details payment_method {METHOD_DATA}"
       f" {CARD_OPTIONS} payment_method_types receipt_email return_url shipping use_stripe_sdk"),
    op("PostPaymentIntentsIntentCapture", "payment_intent", capture.CAPTURE,
       "amount_to_capture metadata payment_details statement_descriptor statement_descriptor_suffix"),
    op("PostPaymentIntentsIntentCancel", "payment_intent", cancel.CANCEL, "cancellation_reason"),
    op("GetPaymentMethods", "payment_method", reads.list_methods,
       "allow_redisplay customer limit starting_after ending_before type"),
    op("PostPaymentMethods", "payment_method", payment_methods.CREATE, "type card billing_details metadata allow_redisplay"),
    op("GetPaymentMethodsPaymentMethod", "payment_method", reads.one(PaymentMethod, "payment_method", "payment_method")),
    op("PostPaymentMethodsPaymentMethod", "payment_method", payment_methods.UPDATE,
       "allow_redisplay billing_details card metadata"),
    op("PostPaymentMethodsPaymentMethodAttach", "payment_method", attaching.ATTACH, "customer"),
    op("PostPaymentMethodsPaymentMethodDetach", "payment_method", attaching.DETACH),
    op("GetRefunds", "refund", reads.REFUNDS, f"{PAGED} charge payment_intent"),
    op("PostRefunds", "refund", refunds.CREATE, f"{REFUND} charge currency"),
    op("GetRefundsRefund", "refund", reads.one(Refund, "refund", "refund")),
    op("PostRefundsRefund", "refund", refunds.UPDATE, "metadata"),
    op("PostRefundsRefundCancel", "refund", refunds.CANCEL),
    op("GetWebhookEndpoints", "webhook_endpoint", reads.ENDPOINTS, "limit starting_after ending_before"),
    op("PostWebhookEndpoints", "webhook_endpoint", endpoints.CREATE, "api_version description enabled_events metadata url"),
    op("GetWebhookEndpointsWebhookEndpoint", "webhook_endpoint", reads.one(Endpoint, "id", "webhook_endpoint")),
    op("PostWebhookEndpointsWebhookEndpoint", "webhook_endpoint", endpoints.UPDATE,
       "description disabled enabled_events metadata url"),
    op("DeleteWebhookEndpointsWebhookEndpoint", "webhook_endpoint", endpoints.DELETE),
    op("GetSluiceAuditEntries", "account", reads.AUDIT, f"{PAGED} action actor card subject"),
    op("GetSluiceWebhookAttempts", "webhook_endpoint", reads.ATTEMPTS, f"{PAGED} event webhook_endpoint"),
    op("PostSluiceWebhookEndpointsWebhookEndpointResend", "webhook_endpoint", resends.CREATE, "events since"),
    op("GetSluiceDiscrepancies", "balance", reads.discrepancies, f"{PAGED} closed"),
)  # fmt: skip
SERVED: Mapping[str, Op] = {each.id: each for each in TABLE}

# What to do instead of a parameter that is not served yet.
HINTS: Mapping[str, str] = {
    "application_fee_amount": "Marketplaces come with a later version; leave it out.",
    "confirmation_token": "Give `payment_method` or `payment_method_data` instead.",
    "error_on_requires_action": "Leave it out, and look at the status: requires_action names the next step.",
    "final_capture": "Leave it out: one capture takes what it names and releases the rest.",
    "setup_future_usage": "Attach the payment method to a customer with /v1/payment_methods/ID/attach instead.",
    "amount_details": "Leave it out; carry what you need in `metadata`.",
    "mandate_data": "Leave it out: cards need none here.",
    "transfer_data": "Marketplaces come with a later version; leave it out.",
    "on_behalf_of": "Marketplaces come with a later version; leave it out.",
    "source": "Attach a payment method instead.",
    "test_clock": "Test clocks come with billing; leave it out.",
}
