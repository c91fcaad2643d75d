"""What can be refused, and the words for it. A `Refused` becomes the error envelope at the door (BEHAVIOUR 2)."""

from typing import Any

from sluice.core.card_texts import hide


class Refused(Exception):
    """The caller's request cannot be done. Never our defect: that is any other exception.

    `status` is the HTTP status; `code`, `param`, `decline_code` as the wire has them. `judged` says that a row had to be
    read to know it, so the answer belongs to the idempotency key (B-1.38). `body` holds further keys of the envelope
    (`payment_intent`, `charge`, ...), already rendered. `missing` is the id that names nothing. A card number that was put
    where none belongs is repeated neither in the message nor as the parameter's name: answers are kept (S1).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        type: str = "invalid_request_error",
        decline_code: str | None = None,
        judged: bool = False,
        retry: bool | None = None,
        body: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.code, self.param = hide(message), status, code, param and hide(param)
        self.type, self.decline_code, self.judged, self.retry = type, decline_code, judged, retry
        self.body = body or {}
        self.missing: str | None = None

    def __str__(self) -> str:
        return self.message


class Unavailable(Refused):
    """We cannot take this now and nothing has happened: 503, try again (B-1.43). `reason`: what there was no room for."""

    def __init__(self, message: str, reason: str = "busy") -> None:
        super().__init__(message, status=503, type="api_error", retry=True)
        self.reason = reason


class Contended(Refused):
    """Other calls change the same object at this moment, and nothing has happened: 429, try again (B-1.45)."""

    def __init__(self) -> None:
        message = "This object is being changed by other calls at this moment. Try again."
        super().__init__(message, status=429, code="lock_timeout", retry=True)


class Unsettled(Refused):
    """A payment was begun and the database does not take its end: recovery will see to it. 500 (B-1.43)."""

    def __init__(self, *, given: bool) -> None:
        again = "repeat it with the same idempotency key" if given else "do not repeat it, read the object"
        message = f"This call was begun and its end could not be written down; it will be found out. In a moment, {again}."
        super().__init__(message, status=500, type="api_error", retry=given)


class TooMany(Refused):
    """Oftener than is allowed, and nothing has happened: 429 (B-1.44). `wait`: seconds until there is room for one more."""

    def __init__(self, message: str, wait: float, reason: str = "resource-specific") -> None:
        super().__init__(message, status=429, code="rate_limit", retry=False)
        self.wait, self.reason = wait, reason


def missing(kind: str, id: str, param: str, *, status: int = 400) -> Refused:
    """B-2.6, B-2.7, B-2.13: an id that names nothing, as a parameter (400) or in the path (404)."""
    refusal = Refused(f"No such {kind}: '{id}'", status=status, code="resource_missing", param=param, judged=True)
    refusal.missing = id
    return refusal
