"""The balance and its history (B-5.90 to B-5.94): sums of the ledger, nothing sets them."""

import pytest

from tests.harness import Shop, refused

DAY = 86_400


def sums(shop: Shop, place: str = "pending") -> dict[str, int]:
    entries = getattr(shop.v1.balance.retrieve(), place)
    assert all(entry.source_types.to_dict() == {"card": entry.amount} for entry in entries)
    return {entry.currency: entry.amount for entry in entries}


def history(shop: Shop, **params):
    return shop.v1.balance_transactions.list(params).data


def test_an_empty_account(shop: Shop):
    """B-5.90: one zero entry in the default currency."""
    assert (sums(shop), sums(shop, "available")) == ({"usd": 0}, {"usd": 0})
    assert shop.v1.balance.retrieve().livemode is False


@pytest.mark.parametrize(("amount", "fee"), [(2000, 88), (50, 31), (517, 45), (999_99, 2930)])
def test_a_sale(shop: Shop, amount: int, fee: int):
    """B-5.91, B-5.94: 2.9 % and 30, rounded half up; available two days on; pending until then."""
    charge = shop.charge(shop.pays(amount, description="Order 7"))
    row = shop.v1.balance_transactions.retrieve(charge.balance_transaction)
    assert (row.type, row.reporting_category, row.source) == ("charge", "charge", charge.id)
    assert (row.amount, row.fee, row.net, row.currency) == (amount, fee, amount - fee, "usd")
    assert (row.status, row.available_on - row.created, row.description) == ("pending", 2 * DAY, "Order 7")
    [detail] = row.fee_details
    assert (detail.amount, detail.currency, detail.type) == (fee, "usd", "stripe_fee")
    assert (sums(shop), sums(shop, "available")) == ({"usd": amount - fee}, {"usd": 0})


def test_a_hold_is_not_in_the_books(shop: Shop):
    """B-5.91: made at capture."""
    held = shop.holds(2000)
    assert (history(shop), sums(shop)) == ([], {"usd": 0})
    shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 1000})
    assert sums(shop) == {"usd": 1000 - 59}


def test_a_refund_takes_from_where_the_money_stands(shop: Shop):
    """B-5.92, B-5.41: pending from pending, available from available, below zero if need be."""
    pending = shop.pays(2000)
    shop.v1.refunds.create({"payment_intent": pending.id})
    assert (sums(shop), sums(shop, "available")) == ({"usd": -88}, {"usd": 0})
    at_once = shop.pays(2000, card="pm_card_bypassPending")
    assert sums(shop, "available") == {"usd": 1912}
    refund = shop.v1.refunds.create({"payment_intent": at_once.id})
    assert (sums(shop), sums(shop, "available")) == ({"usd": -88}, {"usd": -88})
    assert shop.v1.balance_transactions.retrieve(refund.balance_transaction).status == "available"


def test_one_entry_to_a_currency(shop: Shop):
    """B-5.90."""
    shop.pays(2000, "usd")
    shop.pays(1000, "eur")
    shop.pays(500, "jpy")
    assert sums(shop) == {"usd": 2000 - 88, "eur": 1000 - 59, "jpy": 500 - 45}


def test_the_history_is_the_balance(shop: Shop):
    """B-5.90: the net of every row is what the balance says."""
    first = shop.pays(2000)
    shop.pays(3000)
    shop.v1.refunds.create({"payment_intent": first.id, "amount": 700})
    rows = history(shop)
    assert [row.type for row in rows] == ["refund", "charge", "charge"]
    assert sum(row.net for row in rows) == sums(shop)["usd"]


def test_filters_of_the_history(shop: Shop):
    """B-5.94, B-3.8: an unknown type is an empty list; a payout that is not there is missing."""
    paid = shop.pays(2000)
    refund = shop.v1.refunds.create({"payment_intent": paid.id})
    assert [row.type for row in history(shop, source=refund.id)] == ["refund"]
    assert history(shop, type="bogus") == []
    with refused(400, "resource_missing", "payout"):
        history(shop, payout="po_nothing")


def test_a_missing_row(shop: Shop):
    """B-2.13, B-2.14."""
    with refused(404, "resource_missing", "id") as error:
        shop.v1.balance_transactions.retrieve("txn_nothing")
    assert error["message"] == "No such balance transaction: 'txn_nothing'"


def test_the_older_path(shop: Shop):
    """B-5.94: /v1/balance/history is the same resource."""
    shop.pays()
    listed = shop.raw("GET", "/v1/balance/history").json
    assert listed["url"] == "/v1/balance_transactions"
    assert shop.raw("GET", f"/v1/balance/history/{listed['data'][0]['id']}").json == listed["data"][0]
