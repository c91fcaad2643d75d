"""What the contract has and we do not serve, by the beginning of a path: what brings it, or why nothing ever will."""

from collections.abc import Iterable
from typing import NamedTuple


class Reason(NamedTuple):
    """Why an operation is not there. `comes` None: never."""

    comes: str | None
    why: str = ""

    def __str__(self) -> str:
        return f"It comes with {self.comes}." if self.comes else f"It never will: {self.why}."


PAYMENTS = Reason("the rest of the payment wire")
BILLING = Reason("billing")
CHECKOUT = Reason("the checkout")
MARKETPLACE = Reason("marketplaces")
CUSTODY = Reason(None, "Sluice holds nobody's money")
WALLETS = Reason(None, "a wallet's domain is registered at its own vendor")
BANK_DEBITS = Reason("bank debits")

# The longest beginning that fits says why.
BEGINNINGS: dict[str, Reason] = {
    "/v1/account_links": MARKETPLACE,
    "/v1/account_sessions": MARKETPLACE,
    "/v1/accounts": MARKETPLACE,
    "/v1/apple_pay": WALLETS,
    "/v1/application_fees": MARKETPLACE,
    "/v1/balance_settings": PAYMENTS,
    "/v1/billing": BILLING,
    "/v1/billing_portal": BILLING,
    "/v1/charges": PAYMENTS,
    "/v1/checkout": CHECKOUT,
    "/v1/country_specs": PAYMENTS,
    "/v1/coupons": BILLING,
    "/v1/credit_notes": BILLING,
    "/v1/customers": PAYMENTS,
    "/v1/customers/{customer}/balance_transactions": BILLING,
    "/v1/customers/{customer}/bank_accounts": BANK_DEBITS,
    "/v1/customers/{customer}/cash_balance": CUSTODY,
    "/v1/customers/{customer}/cash_balance_transactions": CUSTODY,
    "/v1/customers/{customer}/discount": BILLING,
    "/v1/customers/{customer}/funding_instructions": CUSTODY,
    "/v1/customers/{customer}/sources/{id}/verify": BANK_DEBITS,
    "/v1/customers/{customer}/subscriptions": BILLING,
    "/v1/disputes": PAYMENTS,
    "/v1/entitlements": BILLING,
    "/v1/exchange_rates": PAYMENTS,
    "/v1/external_accounts": PAYMENTS,
    "/v1/file_links": PAYMENTS,
    "/v1/files": PAYMENTS,
    "/v1/invoice_payments": BILLING,
    "/v1/invoice_rendering_templates": BILLING,
    "/v1/invoiceitems": BILLING,
    "/v1/invoices": BILLING,
    "/v1/mandates": PAYMENTS,
    "/v1/payment_intents": PAYMENTS,
    "/v1/payment_intents/{intent}/apply_customer_balance": CUSTODY,
    "/v1/payment_intents/{intent}/verify_microdeposits": BANK_DEBITS,
    "/v1/payment_links": CHECKOUT,
    "/v1/payment_method_configurations": PAYMENTS,
    "/v1/payment_method_domains": PAYMENTS,
    "/v1/payouts": PAYMENTS,
    "/v1/plans": BILLING,
    "/v1/prices": BILLING,
    "/v1/products": BILLING,
    "/v1/promotion_codes": BILLING,
    "/v1/quotes": BILLING,
    "/v1/radar": PAYMENTS,
    "/v1/reviews": PAYMENTS,
    "/v1/setup_attempts": PAYMENTS,
    "/v1/setup_intents": PAYMENTS,
    "/v1/setup_intents/{intent}/verify_microdeposits": BANK_DEBITS,
    "/v1/shipping_rates": CHECKOUT,
    "/v1/sources": BANK_DEBITS,
    "/v1/subscription_items": BILLING,
    "/v1/subscription_schedules": BILLING,
    "/v1/subscriptions": BILLING,
    "/v1/tax": BILLING,
    "/v1/tax_codes": BILLING,
    "/v1/tax_ids": BILLING,
    "/v1/tax_rates": BILLING,
    "/v1/test_helpers/customers": CUSTODY,
    "/v1/test_helpers/refunds": PAYMENTS,
    "/v1/test_helpers/test_clocks": BILLING,
    "/v1/topups": PAYMENTS,
    "/v1/transfers": MARKETPLACE,
    "/v2/core": PAYMENTS,
}


def reason(path: str) -> Reason:
    """Of a path of the contract. KeyError for one that nothing is said of: a test sees to it that there is none."""
    return BEGINNINGS[max((each for each in beginnings(path) if each in BEGINNINGS), key=len, default=path)]


def beginnings(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:n]) for n in range(2, len(parts) + 1))
