"""S14 as a shop meets it: a gateway on which the limits hold in test mode too, and the official SDK."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from sluice.core.secrets import Secret
from tests.harness import Gateway, Shop, declined
from tests.harness.wire import Raw

CARD = {"type": "card", "card": {"number": "4000000000000002", "exp_month": 12, "exp_year": 2040}}
OTHER = {"type": "card", "card": {"number": "4000000000009995", "exp_month": 12, "exp_year": 2040}}
LIMITS = {"SLUICE_LIMITS": "always", "SLUICE_GUESSES": "3", "SLUICE_DECLINES": "2", "SLUICE_LIVE_RATE": "0"}


@pytest.fixture(scope="module")
def limited(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(postgres_server, Path(tmp_path_factory.mktemp("limited")), **LIMITS) as running:
        yield running


@pytest.mark.shows("S14")
def test_a_card_and_a_browser_that_try_on_and_on(limited: Gateway):
    """A card declined twice is asked about no more, nor is any from that browser; the shop still sells."""
    shop = Shop(limited)
    for _ in range(2):
        intent = shop.intent()
        with declined():
            shop.browser.payment_intents.confirm(
                intent.id, {"client_secret": intent.client_secret, "payment_method_data": CARD}
            )
    booked = len(limited.bank.booked())
    with pytest.raises(stripe.RateLimitError) as of_the_card:
        shop.intent(confirm=True, payment_method_data=CARD)
    with pytest.raises(stripe.RateLimitError) as of_the_browser:
        shop.browser.payment_intents.confirm(intent.id, {"client_secret": intent.client_secret, "payment_method_data": OTHER})
    for caught in (of_the_card.value, of_the_browser.value):
        assert caught.json_body["error"]["code"] == "rate_limit"
        assert int(caught.headers["retry-after"]) > 0
        assert caught.headers["stripe-rate-limited-reason"] == "resource-specific"
    assert len(limited.bank.booked()) == booked
    assert shop.pays().status == "succeeded"


@pytest.mark.shows("S11", "S14")
def test_guesses_of_secrets_and_keys(limited: Gateway):
    """Three wrong client secrets, and three wrong keys, and the next is refused unread; the shop's own key works on."""
    shop = Shop(limited)
    intent, statuses = shop.intent(), list[int]()
    for n in range(5):
        wrong = {"client_secret": f"{intent.id}_secret_{n}"}
        statuses.append(Raw(limited.url, shop.publishable)("GET", f"/v1/payment_intents/{intent.id}", wrong).status)
    assert statuses == [400, 400, 400, 429, 429]
    guesses = [Raw(limited.url, f"sk_test_{n}")("GET", "/v1/balance").status for n in range(5)]
    assert guesses == [401, 401, 401, 429, 429]
    assert shop.v1.balance.retrieve().livemode is False
