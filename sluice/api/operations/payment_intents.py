"""Payment intents."""

from sluice.api.operations.op import METHOD_DATA, PAGED, Op, op
from sluice.api.reads import Listed, one
from sluice.payments import cancel, capture, confirming, creating, updating
from sluice.payments.intents import Intent, matching

DATA = f"{METHOD_DATA} payment_method_data[metadata]"
CARD_OPTIONS = " ".join(
    f"payment_method_options[card][{name}]"
    for name in (
        "capture_method", "network", "request_extended_authorization", "request_incremental_authorization",
        "request_multicapture", "request_overcapture", "request_three_d_secure", "statement_descriptor_suffix_kana",
        "statement_descriptor_suffix_kanji",
    )
)  # fmt: skip
RECOLLECTED = "payment_method_options[card][cvc_token]"
INTENT = (
    f"capture_method customer description excluded_payment_method_types metadata payment_details payment_method {DATA}"
    f" {CARD_OPTIONS} payment_method_types receipt_email setup_future_usage shipping statement_descriptor"
    " statement_descriptor_suffix transfer_group"
)
INTENTS = Listed(Intent, {"customer": "customer"}, exist=("customer",))

TABLE: tuple[Op, ...] = (
    op("GetPaymentIntents", "payment_intent", INTENTS, f"{PAGED} customer"),
    op("PostPaymentIntents", "payment_intent", creating.CREATE,
       f"{INTENT} {RECOLLECTED} amount automatic_payment_methods confirm confirmation_method confirmation_token currency"
       " error_on_requires_action off_session return_url use_stripe_sdk"),
    op("GetPaymentIntentsIntent", "payment_intent", one(Intent, "intent", "intent", matching), "client_secret"),
    op("PostPaymentIntentsIntent", "payment_intent", updating.UPDATE, f"{INTENT} amount currency"),
    op("PostPaymentIntentsIntentConfirm", "payment_intent", confirming.CONFIRM,
       "capture_method client_secret confirmation_token error_on_requires_action excluded_payment_method_types off_session"
       f" payment_details payment_method {DATA} {CARD_OPTIONS} {RECOLLECTED} payment_method_types receipt_email"
       " return_url setup_future_usage shipping use_stripe_sdk"),
    op("PostPaymentIntentsIntentCapture", "payment_intent", capture.CAPTURE,
       "amount_to_capture metadata payment_details statement_descriptor statement_descriptor_suffix"),
    op("PostPaymentIntentsIntentCancel", "payment_intent", cancel.CANCEL, "cancellation_reason"),
)  # fmt: skip
