"""The card's issuer: one authorization in, its word out. Pure, and the same each time."""

from hashlib import blake2b
from typing import NamedTuple

from sluice.core.cards import expired, luhn
from sluice.simulators.bank.cards import CARDS, PLAIN, Behaviour
from sluice.simulators.bank.words import Authorize, Details, Said

# The network's own number for a reason, and what it advises. Only what says nothing about the card may be tried elsewhere.
NETWORK = {
    "generic_decline": "05", "do_not_honor": "05", "insufficient_funds": "51", "lost_card": "41", "stolen_card": "43",
    "expired_card": "54", "incorrect_cvc": "82", "incorrect_number": "14", "processing_error": "96", "fraudulent": "59",
    "card_velocity_exceeded": "65", "authentication_required": "1A", "issuer_not_available": "91",
}  # fmt: skip
ADVICE = {
    "insufficient_funds": "try_again_later", "card_velocity_exceeded": "try_again_later",
    "processing_error": "try_again_later", "issuer_not_available": "try_again_later",
    "lost_card": "do_not_try_again", "stolen_card": "do_not_try_again", "fraudulent": "do_not_try_again",
    "expired_card": "confirm_card_data", "incorrect_cvc": "confirm_card_data", "incorrect_number": "confirm_card_data",
}  # fmt: skip
ELSEWHERE = {"processing_error", "issuer_not_available", "reenter_transaction", "try_again_later", "approve_with_id"}


class Known(NamedTuple):
    """What the bank's book knows that bears on an authorization."""

    answered: str | None  # how its challenge was answered, if it is this card's, for this sum, and was not used yet
    set_up: bool  # the payment that it follows was this card's, and authenticated


def judge(ask: Authorize, known: Known, today: tuple[int, int], told: str = "") -> Said:
    """The issuer's word; `told` is a decline that a test asked for. A challenge gets its id from the book."""
    card = CARDS.get(ask.card.number, PLAIN)
    details = checks(ask, card)
    if reason := told or unfit(ask, today):
        return declined(reason, details)
    if card.blocked:
        return declined(card.decline, details)
    flow = authentication(ask, card, known)
    if flow == "ask":
        return Said("challenge")
    if flow not in ("", "challenge", "frictionless"):
        return declined(flow, details)
    details.authenticated = flow or None
    if card.decline and not (card.keeps and ask.amount == 0):
        return declined(card.decline, details)
    details.authorization_code = f"{number(ask.reference, 'code') % 1_000_000:06}"
    details.network_transaction_id = f"{number(ask.reference, 'network') % 10**15:015}"
    details.at_once = card.at_once
    return Said("approved", details=details)


def unfit(ask: Authorize, today: tuple[int, int]) -> str:
    """B-6.4's bad number, and a date that has passed."""
    if not luhn(ask.card.number):
        return "incorrect_number"
    return "expired_card" if expired(ask.card.exp_year, ask.card.exp_month, today) else ""


def checks(ask: Authorize, card: Behaviour) -> Details:
    """B-6.5: each is told only for what was sent."""
    return Details(
        cvc_check=card.cvc if ask.card.cvc else None,
        line1_check=card.line1 if ask.line1 else None,
        postal_check=card.postal if ask.postal_code else None,
        risk=card.risk,
        blocked=card.blocked,
    )


def authentication(ask: Authorize, card: Behaviour, known: Known) -> str:
    """B-6.8: "" none needed; `challenge`, `frictionless`: done; `ask`: the buyer must answer; else a decline's reason."""
    if ask.authentication is not None:
        # not this card's, not for this sum, used, never answered: all the same to the issuer (F27)
        return {"complete": "challenge", "fail": "authentication_failed"}.get(known.answered or "", "authentication_required")
    if card.secure == "frictionless":
        return "frictionless"
    wanted = card.secure in ("required", "on_setup") or (card.secure == "set_up" and not ask.off_session)
    wanted = wanted or (card.secure == "optional" and not ask.off_session and ask.three_d_secure in ("any", "challenge"))
    if not wanted:
        return ""
    if card.lookup_fails:
        return "processing_error"
    if not ask.off_session:
        return "ask"
    return "" if card.secure == "on_setup" and known.set_up else "authentication_required"


def declined(reason: str, details: Details | None = None) -> Said:
    return Said(
        "declined",
        reason=reason,
        elsewhere=reason in ELSEWHERE,
        network_code=NETWORK.get(reason),
        advice=ADVICE.get(reason),
        details=details,
    )


def number(reference: str, use: str) -> int:
    """A number that looks drawn, and is the same whenever `reference` comes again."""
    return int.from_bytes(blake2b(f"{use}:{reference}".encode(), digest_size=16).digest())
