"""The sandbox's bank as a rail. Knows bytes and time; knows no database, no merchant, no HTTP of ours."""

from collections.abc import Callable
from typing import Any

from sluice.rails.outcomes import (
    CANCELED,
    ActionRequired,
    Approved,
    Declined,
    Details,
    NotFound,
    NotSent,
    Outcome,
    Pending,
    Returned,
    Unknown,
    Word,
    answered,
)
from sluice.rails.sandbox.line import Broken, Line, NothingLeft
from sluice.rails.sandbox.words import Said
from sluice.rails.types import Abilities, Ask, Authorize, Booked, Card, Deadline, Envelope, Notice

HOLD_SECONDS = 7 * 24 * 3600
PLAIN = Details()

# The bank's reasons that are decline codes of B-2.26 as they stand. One that is not known here is Unknown, never a decline.
REASONS = {
    "authentication_failed", "authentication_required", "call_issuer", "card_not_supported", "card_velocity_exceeded",
    "currency_not_supported", "do_not_honor", "expired_card", "fraudulent", "generic_decline", "incorrect_cvc",
    "incorrect_number", "insufficient_funds", "invalid_amount", "issuer_not_available", "lost_card", "pickup_card",
    "processing_error", "restricted_card", "stolen_card", "transaction_not_allowed", "try_again_later",
}  # fmt: skip
# Those that are about the message, not about the card.
RULES = {
    "reversed": "processing_error",
    "canceled": CANCELED,
    "passed_on": "processing_error",
    "no_such_original": "transaction_not_allowed",
    "nothing_held": "transaction_not_allowed",
    "hold_expired": "transaction_not_allowed",
}


class Sandbox:
    """`on_late(reference, word)` hears the answers that came after their message's deadline."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        name: str = "sandbox",
        late_horizon: float = 5.0,
        settles_after: int = 0,
        on_late: Callable[[str, Word], None] | None = None,
    ) -> None:
        self.name = name
        self.can = Abilities(
            methods=frozenset({"card"}),
            currencies=None,
            partial_capture=True,
            three_d_secure=True,
            safe_repeats=frozenset({"capture", "void", "refund"}),
            late_horizon=late_horizon,
            hold_seconds=HOLD_SECONDS,
            settles_after=settles_after,
            lists=True,
        )
        self.line = Line(host, port, lambda reference, said: on_late(reference, word(said)) if on_late else None)

    def prepare(self, ask: Ask, reference: str) -> Envelope:
        """The message without the card."""
        if isinstance(ask, Authorize):
            fields: dict[str, Any] = {
                "capture": ask.capture,
                "off_session": ask.off_session,
                "three_d_secure": ask.three_d_secure,
                "authentication": ask.authentication,
                "initial": ask.initial,
                "line1": ask.line1,
                "postal_code": ask.postal_code,
            }
        else:
            fields = {"original": ask.original}
        fields["weather"] = ask.weather
        given = {name: value for name, value in fields.items() if value is not None}
        return Envelope(type(ask).__name__.lower(), reference, ask.money, given)

    async def send(self, envelope: Envelope, card: Card | None, deadline: Deadline) -> Outcome:
        """Asks once. What we cannot know is `Unknown`; only what surely stayed here is `NotSent`."""
        fields = envelope.fields | sums(envelope)
        if card is not None:
            fields["card"] = disclosed(card)
        return answered(await self.ask(envelope.verb, envelope.reference, fields, deadline))

    async def inquire(self, envelope: Envelope, deadline: Deadline) -> Word:
        """What became of it."""
        return await self.ask("inquire", envelope.reference, {}, deadline)

    async def reverse(self, envelope: Envelope, deadline: Deadline) -> Outcome:
        """Undoes it under its own reference, as often as need be; `Approved` is the acknowledgement."""
        return answered(await self.ask("reverse", envelope.reference, sums(envelope), deadline))

    async def answer_challenge(self, challenge: str, answer: str, deadline: Deadline) -> str | None:
        """The buyer's answer, `complete` or `fail`, from the challenge page. Returns the one that counts: the first.

        None: the bank knows no such challenge. Raises ConnectionError or TimeoutError when the line fails.
        """
        said = await self.line.exchange("answer_challenge", "", {"challenge": challenge, "outcome": answer}, deadline)
        return said.reason if said.word == "done" else None

    async def watch(self, after: int, deadline: Deadline) -> list[Notice]:
        """Notices above `after`. Raises ConnectionError or TimeoutError when the line fails."""
        seconds = max(0.0, deadline.left() - 0.5)  # so that the bank's empty answer is here before the deadline
        said = await self.line.exchange("notices", "", {"after": after, "seconds": seconds}, deadline)
        return said.notices or []

    async def booked(self, since: float, deadline: Deadline) -> list[Booked]:
        """Page by page. Raises ConnectionError or TimeoutError when the line fails."""
        found: list[Booked] = []
        while True:
            said = await self.line.exchange("listing", "", {"since": since, "skip": len(found)}, deadline)
            if not said.booked:
                return found
            found += said.booked

    async def close(self) -> None:
        await self.line.close()

    async def ask(self, verb: str, reference: str, fields: dict[str, Any], deadline: Deadline) -> Word:
        try:
            said = await self.line.exchange(verb, reference, fields, deadline)
        except NothingLeft as error:
            return NotSent(str(error))
        except Broken as error:
            return Unknown(str(error))
        except TimeoutError:
            return Unknown("no answer in time")
        if said.word != "approved" and said.reference != reference:
            return Unknown("an answer to another message")  # of an approval, the one caller judges the echo
        return word(said)


def sums(envelope: Envelope) -> dict[str, Any]:
    return {"amount": envelope.money.amount, "currency": envelope.money.currency}


def disclosed(card: Card) -> dict[str, Any]:
    """The card for the wire, nowhere else."""
    given = {"number": str(card.number), "exp_month": card.exp_month, "exp_year": card.exp_year}
    return given if card.cvc is None else given | {"cvc": str(card.cvc)}


def word(said: Said) -> Word:
    """The bank's answer in the house's words. What is not in the table is Unknown."""
    match said.word:
        case "approved":
            return Approved(said.amount, said.currency, said.reference, said.details or PLAIN)
        case "declined":
            return decline(said)
        case "challenge" if said.challenge:
            return ActionRequired(said.challenge)
        case "pending":
            return Pending(said.details or PLAIN)
        case "not_found":
            return NotFound()
        case "returned":
            return Returned(said.reason or "unknown")
    return Unknown(f"the bank says {said.word!r}: {said.reason}")


def decline(said: Said) -> Declined | Unknown:
    reason = said.reason or ""
    if reason in RULES:
        return Declined(RULES[reason], network_code=reason)
    if reason not in REASONS:
        return Unknown(f"decline reason {reason!r} is not in the bank's table")
    return Declined(reason, said.elsewhere, said.network_code, said.advice, said.details or PLAIN)
