"""How often an account may call (B-1.44): off in test, on in live. Counted in this process; a refusal costs nothing else."""

from sluice.core.errors import Refused


class Rates:
    """A bucket for each scope: `rate` requests a second, as many at once. 0: no limit."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.buckets: dict[int, tuple[float, float]] = {}  # scope -> what was left, and when

    def take(self, scope: int, now: float) -> None:
        """Raises 429 when the account has called too often; `now` in seconds."""
        if not self.rate:
            return
        left, at = self.buckets.get(scope, (self.rate, now))
        left = min(self.rate, left + (now - at) * self.rate)
        self.buckets[scope] = (max(0.0, left - 1), now)
        if left < 1:
            message = f"Too many requests: this account may make {self.rate:g} a second. Slow down, and try again."
            raise Refused(message, status=429, code="rate_limit", retry=False)
