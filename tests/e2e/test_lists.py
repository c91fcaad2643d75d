"""Lists: envelope, order, pages, filters (B-3.1 to B-3.12)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness import Gateway, Shop, refused

MANY = 7
LISTS = ["customers", "payment_intents", "charges", "refunds", "events", "webhook_endpoints", "balance_transactions"]
KINDS = {
    "customers": "customer",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "events": "notification",
    "webhook_endpoints": "webhook endpoint",
    "balance_transactions": "balance transaction",
}


@pytest.fixture(scope="module")
def stocked(gateway: Gateway) -> Shop:
    """A shop that has `MANY` of everything, or more."""
    shop = Shop(gateway)
    owner = shop.v1.customers.create({"email": "ann@shop.example"})
    for n in range(MANY):
        paid = shop.pays()
        shop.v1.refunds.create({"payment_intent": paid.id, "amount": 100 + n})
        shop.v1.payment_methods.attach("pm_card_visa", {"customer": owner.id})
        shop.v1.customers.create({"email": f"c{n}@shop.example"})
        shop.v1.webhook_endpoints.create({"url": "https://shop.example/", "enabled_events": ["charge.failed"]})
    shop.quiet()
    return shop


@pytest.fixture(scope="module")
def wholes(stocked: Shop) -> dict[str, list[str]]:
    """The ids of each list, read once."""
    return {kind: ids(stocked, kind, limit=100) for kind in LISTS}


def ids(shop: Shop, kind: str, **params: Any) -> list[str]:
    return [item.id for item in getattr(shop.v1, kind).list(params).data]


@pytest.mark.parametrize("kind", LISTS)
def test_the_envelope(stocked: Shop, kind: str):
    """B-3.1, B-3.3: four keys, the path without its query, ten at first."""
    page = stocked.raw("GET", f"/v1/{kind}", {"limit": "2"}).json
    assert set(page) == {"object", "data", "has_more", "url"}
    assert (page["object"], page["url"], page["has_more"], len(page["data"])) == ("list", f"/v1/{kind}", True, 2)
    assert len(ids(stocked, kind)) == min(10, len(ids(stocked, kind, limit=100)))


@pytest.mark.parametrize("kind", LISTS)
def test_newest_first(stocked: Shop, kind: str):
    """B-3.2: by creation, the same order on every page."""
    created = (
        [item.created for item in getattr(stocked.v1, kind).list({"limit": 100}).data] if kind != "webhook_endpoints" else []
    )
    assert created == sorted(created, reverse=True)
    whole = ids(stocked, kind, limit=100)
    assert len(set(whole)) == len(whole) >= MANY


@pytest.mark.parametrize("kind", LISTS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(data=st.data())
def test_every_page_is_a_piece_of_the_whole(stocked: Shop, wholes: dict[str, list[str]], kind: str, data: st.DataObject):
    """B-3.4: after an id, or directly before it; and whether there is more in that direction."""
    whole = wholes[kind]
    at, limit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 6))
    after = getattr(stocked.v1, kind).list({"limit": limit, "starting_after": whole[at]})
    assert [item.id for item in after.data] == whole[at + 1 : at + 1 + limit]
    assert after.has_more == (at + 1 + limit < len(whole))
    before = getattr(stocked.v1, kind).list({"limit": limit, "ending_before": whole[at]})
    assert [item.id for item in before.data] == whole[max(0, at - limit) : at]
    assert before.has_more == (at - limit > 0)


@pytest.mark.shows("F38")
@pytest.mark.parametrize("kind", LISTS)
def test_the_sdks_walk(stocked: Shop, wholes: dict[str, list[str]], kind: str):
    """B-3.11: forwards and backwards each thing once."""
    listing, whole = getattr(stocked.v1, kind), wholes[kind]
    assert [item.id for item in listing.list({"limit": 4}).auto_paging_iter()] == whole
    backwards = listing.list({"limit": 4, "ending_before": whole[-1]}).auto_paging_iter()
    assert [item.id for item in backwards] == whole[-2::-1]


@pytest.mark.parametrize(("limit", "length"), [("0", 1), ("-5", 1), ("1", 1), ("100", 14), ("101", 14), ("1000000", 14)])
def test_a_limit_is_clamped(stocked: Shop, limit: str, length: int):
    """B-3.3: silently."""
    found = stocked.raw("GET", "/v1/balance_transactions", {"limit": limit}).json["data"]
    assert len(found) == length == min(length, 2 * MANY)


@pytest.mark.parametrize("limit", ["", "x", "1.0", "1e1", "１"])
def test_a_limit_that_is_no_integer(stocked: Shop, limit: str):
    """B-3.3."""
    answer = stocked.raw("GET", "/v1/customers", {"limit": limit})
    expected = "parameter_invalid_integer" if limit else "parameter_invalid_empty"
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, expected, "limit")


@pytest.mark.parametrize("kind", LISTS)
def test_cursors_that_name_nothing(stocked: Shop, kind: str):
    """B-3.5, B-3.6: resource_missing with the cursor's name, also of another kind, and before both together are refused."""
    known = ids(stocked, kind, limit=2)
    stranger = ids(stocked, "customers" if kind != "customers" else "charges")[0]
    for cursor in ("starting_after", "ending_before"):
        other = "ending_before" if cursor == "starting_after" else "starting_after"
        for given_ in ({cursor: "nothing"}, {cursor: stranger}, {cursor: "nothing", other: known[0]}):
            with refused(400, "resource_missing", cursor) as error:
                getattr(stocked.v1, kind).list(given_)
            assert error["message"] == f"No such {KINDS[kind]}: '{given_[cursor]}'"
    with refused(400):
        getattr(stocked.v1, kind).list({"starting_after": known[0], "ending_before": known[1]})


def test_a_cursor_is_a_position(shop: Shop):
    """B-3.6, B-3.7: the id of a deleted customer works and is not listed; so does one that fails the filters."""
    first, second, third = (shop.v1.customers.create({"email": f"{name}@shop.example"}).id for name in "abc")
    shop.v1.customers.delete(second)
    assert ids(shop, "customers") == [third, first]
    assert ids(shop, "customers", starting_after=second) == [first]
    assert ids(shop, "customers", ending_before=second) == [third]
    assert ids(shop, "customers", email="a@shop.example", starting_after=third) == [first]


@pytest.mark.parametrize("kind", ["customers", "payment_intents", "charges", "refunds", "balance_transactions", "events"])
def test_created(stocked: Shop, kind: str):
    """B-3.7: an exact second, or bounds."""
    whole = getattr(stocked.v1, kind).list({"limit": 100}).data
    at = whole[len(whole) // 2].created
    for name, keeps in (("gt", int.__gt__), ("gte", int.__ge__), ("lt", int.__lt__), ("lte", int.__le__)):
        expected = [item.id for item in whole if keeps(item.created, at)]
        assert ids(stocked, kind, limit=100, created={name: at}) == expected
    assert ids(stocked, kind, limit=100, created=at) == [item.id for item in whole if item.created == at]
    assert ids(stocked, kind, limit=100, created={"gte": at, "lte": at}) == [item.id for item in whole if item.created == at]


@pytest.mark.parametrize("kind", ["payment_intents", "charges", "payment_methods"])
def test_a_customer_that_filters_must_be_there(shop: Shop, kind: str):
    """B-3.8: a tombstone counts as missing."""
    gone = shop.v1.customers.create().id
    shop.v1.customers.delete(gone)
    for customer in ("cus_nobody", gone):
        with refused(400, "resource_missing", "customer"):
            getattr(shop.v1, kind).list({"customer": customer})


def test_unknown_kinds_of_entries_are_an_empty_list(stocked: Shop):
    """B-3.8."""
    assert ids(stocked, "balance_transactions", type="bogus") == []
    with refused(400, "resource_missing", "payout"):
        stocked.v1.balance_transactions.list({"payout": "po_nothing"})


def test_emails_are_compared_to_the_letter(stocked: Shop):
    """B-3.10."""
    assert len(ids(stocked, "customers", email="ann@shop.example")) == 1
    for email in ("Ann@shop.example", "ann@shop.exampl", "%@shop.example", " ann@shop.example"):
        assert ids(stocked, "customers", email=email) == []


def test_methods_are_listed_under_their_customer(stocked: Shop):
    """B-3.9: without one there are none; the url of the other list names the customer."""
    owner = ids(stocked, "customers", email="ann@shop.example")[0]
    assert ids(stocked, "payment_methods") == []
    listed = stocked.v1.customers.payment_methods.list(owner, {"limit": 2})
    assert (listed.url, listed.has_more) == (f"/v1/customers/{owner}/payment_methods", True)
    assert ids(stocked, "payment_methods", customer=owner, limit=2) == [method.id for method in listed.data]


def test_what_cannot_be_listed(stocked: Shop):
    """B-3.1: no total count, by a parameter or by expanding."""
    for given_ in ({"include[]": "total_count"}, {"expand[]": "total_count"}):
        assert stocked.raw("GET", "/v1/customers", given_).status == 400
