"""Signatures, as the SDK checks them (B-5.81)."""

import pytest
import stripe
from hypothesis import given
from hypothesis.strategies import integers, text

from sluice.books.webhooks.secrets import OVERLAP_MOST, Secrets, new_secret, parse
from sluice.books.webhooks.signature import sign
from sluice.core.errors import Refused

NOW = 1_800_000_000


@given(text(), integers(1, 1 << 40))
def test_the_sdk_takes_every_body(body: str, at: int) -> None:
    """B-5.81: HMAC-SHA256 with the whole secret over time, full stop and body."""
    sent = body.encode("utf-8", "replace")
    first, second = new_secret(), new_secret()
    header = sign([first, second], at, sent)
    assert header.startswith(f"t={at},v1=")
    for secret in (first, second):
        assert stripe.WebhookSignature.verify_header(sent.decode(), header, secret)  # type: ignore[no-untyped-call]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(sent.decode() + "x", header, first)  # type: ignore[no-untyped-call]


@pytest.mark.shows("F48")
def test_a_former_secret_signs_until_its_end() -> None:
    """B-5.81: one `v1` per valid secret."""
    old = Secrets(new_secret())
    rolled = old.rolled(3_600, NOW)
    assert rolled.valid(NOW + 3_599) == [rolled.current, old.current]
    assert rolled.valid(NOW + 3_600) == [rolled.current]
    assert parse(rolled.text()) == rolled
    assert parse(old.text()) == old
    assert len(old.rolled(0, NOW).valid(NOW)) == 1


@pytest.mark.parametrize("overlap", [-1, OVERLAP_MOST + 1])
def test_an_overlap_is_a_day_at_most(overlap: int) -> None:
    """B-5.81."""
    with pytest.raises(Refused) as refused:
        Secrets(new_secret()).rolled(overlap, NOW)
    assert refused.value.param == "overlap"


def test_a_secret_looks_as_the_wire_has_it() -> None:
    """B-5.70: `whsec_` and 32; its repr says nothing (Law 8)."""
    secret = new_secret()
    assert len(secret) == 38
    assert secret.startswith("whsec_")
    assert "whsec" not in repr(secret)
