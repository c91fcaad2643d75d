"""The account behind a key (B-1.9)."""

import pytest

from tests.harness import Shop
from tests.harness.wire import Raw


def test_what_it_says_of_itself(shop: Shop):
    """/v1/account: the same in both modes; what cannot be done yet is said."""
    account = shop.v1.accounts.retrieve_current()
    assert (account.id, account.country, account.default_currency) == (shop.account, "US", "usd")
    assert account.business_profile.name == "A test's shop"
    assert (account.charges_enabled, account.payouts_enabled) == (True, False)
    assert shop.live.accounts.retrieve_current().to_dict() == account.to_dict()


@pytest.mark.shows("S10")
def test_only_ones_own(shop: Shop, gateway):
    """B-1.9, B-1.10: the own account is echoed, another one is 403."""
    own = shop.raw("GET", "/v1/account", headers={"Stripe-Account": shop.account})
    assert (own.status, own.headers["stripe-account"]) == (200, shop.account)
    assert shop.raw("GET", "/v1/account", headers={"Stripe-Context": shop.account}).status == 200
    other = Shop(gateway)
    for header in ("Stripe-Account", "Stripe-Context"):
        answer = shop.raw("GET", "/v1/account", headers={header: other.account})
        assert (answer.status, answer.error["code"]) == (403, "account_invalid")
        assert other.account in answer.error["message"]
    assert shop.raw("GET", "/v1/account", headers={"Stripe-Context": "org_1"}).status == 400


def test_by_its_id(shop: Shop, gateway):
    """Its own as /v1/account answers it; another's is 403, and none is connected (B-1.9)."""
    assert shop.v1.accounts.retrieve(shop.account).to_dict() == shop.v1.accounts.retrieve_current().to_dict()
    answer = shop.raw("GET", f"/v1/accounts/{Shop(gateway).account}")
    assert (answer.status, answer.error["code"]) == (403, "account_invalid")
    assert shop.v1.accounts.list().data == []


def test_a_publishable_key_does_not_read_it(shop: Shop):
    """B-1.5."""
    answer = Raw(shop.gateway.url, shop.publishable)("GET", "/v1/account")
    assert (answer.status, answer.error["code"]) == (401, "secret_key_required")
