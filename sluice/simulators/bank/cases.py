"""Cases: what a buyer's bank says against a sale. Which cards bring one, and what a shop's answer does to it. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from sluice.core.ids import chance
from sluice.simulators.bank.words import Accept, Case, Contest

DAY = 86_400
DAYS_TO_RESPOND = 8
TAKEN = ("needs_response", "under_review", "lost")  # the buyer has the money back
WAITING = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


class Outline(NamedTuple):
    """A case to come. Several of one sale share its money."""

    status: str
    reason: str
    code: str | None = None


FRAUDULENT = Outline("needs_response", "fraudulent", "10.4")
# What a card's behaviour names (B-6.6) -> the cases that a sale on it meets.
PLANS: dict[str, tuple[Outline, ...]] = {
    "fraudulent": (FRAUDULENT,),
    "not_received": (Outline("needs_response", "product_not_received", "13.1"),),
    "inquiry": (Outline("warning_needs_response", "fraudulent", "10.4"),),
    "several": (FRAUDULENT, Outline("needs_response", "product_not_received", "13.1")),
    "fraud_report": (Outline("reported", "unauthorized_use_of_card"),),
}
# B-6.7: a word in the evidence, and what becomes of a chargeback or an inquiry by it.
WORDS = {
    "winning_evidence": ("won", "warning_closed"),
    "losing_evidence": ("lost", "warning_closed"),
    "escalate_inquiry_evidence": ("under_review", "needs_response"),
}


def opened(sale: str, plan: str, left: int, currency: str, at: float) -> Iterator[Case]:
    """The plan's cases over `left` minor units; the first takes what does not divide."""
    outlines = PLANS[plan]
    share, rest = divmod(left, len(outlines))
    for n, outline in enumerate(outlines):
        yield made(sale, outline, share + (0 if n else rest), currency, at)


def made(sale: str, outline: Outline, amount: int, currency: str, at: float) -> Case:
    respond_by = None if outline.status not in WAITING else end_of_day(at + DAYS_TO_RESPOND * DAY)
    return Case(
        f"case_{chance(24)}", sale, outline.status, amount, currency, outline.reason, outline.code, int(at), respond_by
    )  # fmt: skip


def end_of_day(at: float) -> int:
    """The last second of that UTC day."""
    return int(at // DAY + 1) * DAY - 1


def verdict(case: Case, ask: Contest | Accept) -> str:
    """What the case is after the shop's answer. A word counts at once; other evidence is looked at."""
    inquiry = case.status.startswith("warning_")
    if isinstance(ask, Accept):
        return "warning_closed" if inquiry else "lost"
    return WORDS.get(ask.text, ("under_review", "warning_under_review"))[inquiry]
