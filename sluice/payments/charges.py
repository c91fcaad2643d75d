"""Charges: an attempt that reached the network. The wire's charge is an authorisation; there is no third word (B-5.35)."""

from typing import Any, ClassVar, final

from sluice.core.money import Money
from sluice.customers.payment_methods import PaymentMethod
from sluice.payments import declines
from sluice.rails.outcomes import Approved, Declined, Details
from sluice.shapes.objects import build
from sluice.store.rows import Row

APPROVED = {
    "advice_code": None, "network_advice_code": None, "network_decline_code": None, "network_status": "approved_by_network",
    "reason": None, "risk_level": "normal", "seller_message": "Payment complete.", "type": "authorized",
}  # fmt: skip


@final
class Charge(Row, frozen=True):
    """`captured + held` never exceeds `amount`; `refunded + reserved` never exceeds `captured` (CHECKs). Minor units."""

    table: ClassVar[str] = "charges"
    noun: ClassVar[str] = "charge"
    created: int
    status: str
    amount: int
    currency: str
    captured: int
    refunded: int
    reserved: int
    held_until: int | None
    intent: str | None
    customer: str | None
    transfer_group: str | None
    balance_transaction: str | None
    instruction: str
    live: str | None
    doc: dict[str, Any]

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def left(self) -> int:
        """What can still be refunded."""
        return self.captured - self.refunded - self.reserved

    @property
    def released(self) -> int:
        """A hold that was let go shows as refunded (B-5.18)."""
        return self.amount if self.status == "succeeded" and not self.captured and not self.held_until else 0

    def wire(self, livemode: bool) -> dict[str, Any]:
        refunded = self.refunded or self.released
        return build(
            "charge",
            id=self.id,
            created=self.created,
            status=self.status,
            amount=self.amount,
            amount_captured=self.captured,
            amount_refunded=refunded,
            balance_transaction=self.balance_transaction,
            captured=self.captured > 0,
            currency=self.currency,
            customer=self.customer,
            disputed=False,
            livemode=livemode,
            paid=self.status == "succeeded",
            payment_intent=self.intent,
            refunded=bool(refunded) and refunded >= (self.captured or self.amount),
            transfer_group=self.transfer_group,
            **self.doc,
        )


def failure(word: Declined) -> dict[str, Any]:
    """What a decline writes on its charge (B-5.35, B-5.36)."""
    code, message, advice = declines.said(word)
    outcome = {
        "advice_code": word.advice or advice,
        "network_advice_code": None,
        "network_decline_code": word.network_code,
        "network_status": "not_sent_to_network" if word.details.blocked else "declined_by_network",
        "reason": "highest_risk_level" if word.details.blocked else word.reason,
        "risk_level": word.details.risk,
        "seller_message": declines.seller_message(word),
        "type": "blocked" if word.details.blocked else "issuer_declined",
    }
    return {"failure_code": code, "failure_message": message, "outcome": outcome}


def paid(details: Details) -> dict[str, Any]:
    return {"failure_code": None, "failure_message": None, "outcome": APPROVED | {"risk_level": details.risk}}


def card_details(
    method: PaymentMethod, word: Approved | Declined | None, amount: int, held_until: int | None
) -> dict[str, Any]:
    """`payment_method_details` of a card charge."""
    card, details = method.doc["card"], word.details if word else Details()
    made: dict[str, Any] = {
        "amount_authorized": amount if isinstance(word, Approved) else None,
        "authorization_code": details.authorization_code,
        "brand": card["brand"],
        "checks": checks(details, method),
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": method.fingerprint,
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["networks"]["preferred"] or card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": details.network_transaction_id,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": three_d_secure(details),
        "wallet": None,
    }
    if held_until:
        made["capture_before"] = held_until
    return {"card": made, "type": "card"}


def checks(details: Details, method: PaymentMethod) -> dict[str, Any]:
    """What the network said of the code and the address; what was said before stays where nothing was sent now."""
    before = method.doc["card"]["checks"]
    code = details.cvc_check or (None if before["cvc_check"] == "unchecked" else before["cvc_check"])
    return {
        "address_line1_check": details.line1_check or before["address_line1_check"],
        "address_postal_code_check": details.postal_check or before["address_postal_code_check"],
        "cvc_check": code,
    }


def three_d_secure(details: Details) -> dict[str, Any] | None:
    if details.authenticated is None:
        return None
    return {
        "authentication_flow": details.authenticated, "electronic_commerce_indicator": "05", "exemption_indicator": None,
        "result": "authenticated", "result_reason": None, "transaction_id": None, "version": "2.2.0",
    }  # fmt: skip
