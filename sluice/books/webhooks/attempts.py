"""Tries of webhooks as their owner sees them: what was sent where and when, and the head of what came back (B-5.83)."""

from typing import Any, ClassVar, final

from sluice.shapes.objects import build
from sluice.store.rows import Row


@final
class Attempt(Row, frozen=True):
    """One try, of a view. Its id is made of when it ended (µs), the event's number and the endpoint: so it sorts by time."""

    table: ClassVar[str] = "webhook_attempts"
    noun: ClassVar[str] = "webhook attempt"
    created: int
    event: str
    endpoint: str
    status: int | None
    error: str | None
    head: str
    ms: int

    def wire(self, livemode: bool) -> dict[str, Any]:
        return build(
            "sluice.webhook_attempt",
            id=self.id,
            created=self.created,
            error=self.error,
            event=self.event,
            head=self.head,
            livemode=livemode,
            milliseconds=self.ms,
            status=self.status,
            webhook_endpoint=self.endpoint,
        )
