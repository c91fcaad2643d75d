"""What a refusal must say: status, type, code and param exactly, a code or param that is not named must not be there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from stripe import StripeError

Envelope = dict[str, Any]


@contextmanager
def refused(
    status: int,
    code: str | None = None,
    param: str | None = None,
    *,
    type: str = "invalid_request_error",
    decline: str | None = None,
) -> Iterator[Envelope]:
    """The call inside is refused like that; after it, the yielded hash is the error's envelope."""
    envelope: Envelope = {}
    with pytest.raises(StripeError) as caught:
        yield envelope
    body: Any = caught.value.json_body
    envelope.update(body["error"])
    said = (caught.value.http_status, *(envelope.get(name) for name in ("type", "code", "decline_code", "param")))
    assert said == (status, type, code, decline, param), envelope.get("message")


def declined(code: str = "card_declined", decline: str | None = "generic_decline", param: str | None = None) -> Any:
    """A refusal by the issuer or the network (B-2.9)."""
    return refused(402, code, param, type="card_error", decline=decline)
