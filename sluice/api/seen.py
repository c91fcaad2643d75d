"""A request as metrics and logs see it. Labels are ours: an operation of the table, a status's class, a reason of the list."""

from sluice.core import metrics
from sluice.core.errors import Refused, Unavailable

# Why a call was turned away though its parameters may be right; all but the last three leave nothing done.
REASONS = (
    "busy", "idempotency_key_in_use", "key", "keys", "lock_timeout", "permission", "rail", "rate_limit", "reads", "writes",
    "database", "defect", "other",
)  # fmt: skip
NO_RIGHT = {401: "key", 403: "permission"}
for each in REASONS:
    metrics.REFUSALS.labels(each)  # from 0 on, so that the first of a kind is seen as a rise


def seen(operation: str, status: int, seconds: float) -> None:
    """Counts an answer; `operation` is one that is served, or `none`."""
    metrics.child(metrics.REQUESTS, operation, f"{status // 100}xx").inc()
    metrics.child(metrics.REQUEST_SECONDS, operation).observe(seconds)


def turned_away(why: str) -> None:
    metrics.child(metrics.REFUSALS, why if why in REASONS else "other").inc()


def reason(refusal: Refused) -> str | None:
    """Why, in a word; None when the call itself was wrong."""
    if isinstance(refusal, Unavailable):
        return refusal.reason
    return NO_RIGHT.get(refusal.status) or (refusal.code if refusal.status in (409, 429) else None)
