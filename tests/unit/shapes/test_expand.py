"""Expansion: paths judged before anything runs, then ids replaced level by level."""

from collections import Counter
from typing import Any

import pytest

from sluice.core.errors import Refused
from sluice.shapes.contract import operation
from sluice.shapes.expand import Holder, Key, expand, plan

OBJECTS: dict[str, dict[str, Any]] = {
    "cus_1": {"id": "cus_1", "name": "ch_1", "invoice_settings": {"default_payment_method": "pm_1"}, "default_source": None},
    "cus_2": {"id": "cus_2", "object": "customer", "deleted": True},
    "ch_1": {"id": "ch_1", "customer": "cus_1", "balance_transaction": "txn_1", "status": "ch_1"},
    "txn_1": {"id": "txn_1", "source": "ch_1"},
    "pm_1": {"id": "pm_1", "customer": "cus_1"},
    "pi_1": {"id": "pi_1", "latest_charge": "ch_1", "customer": "cus_1"},
}


class Shelf:
    """Gives out objects and counts how often."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def fetch(self, keys: list[Key]) -> dict[Key, dict[str, Any]]:
        self.asked.update(id for id, _ in keys)
        return {(id, field): OBJECTS[id] for id, field in keys if id in OBJECTS}

    async def refunds(self, holders: list[Holder]) -> list[dict[str, Any] | None]:
        return [
            {"object": "list", "data": [{"id": "re_1", field: holder["id"], "balance_transaction": "txn_1"}]}
            for holder, field in holders
        ]


@pytest.mark.parametrize(
    ("id", "path", "message"),
    [
        ("GetChargesCharge", "amount", "This property cannot be expanded (amount)."),
        ("GetChargesCharge", "nope", "This property cannot be expanded because it doesn't exist: nope."),
        ("GetChargesCharge", "", "This property cannot be expanded because it doesn't exist: ."),
        ("GetCharges", "data.amount", "This property cannot be expanded (data.amount)."),
        ("GetCharges", "url", "This property cannot be expanded (url). You may want to try expanding 'data.url' instead."),
        ("GetCharges", "customer", None),
        ("GetCharges", "total_count", None),
        ("DeleteCustomersCustomer", "sources", None),
        ("PostCustomers", "metadata", "This property cannot be expanded (metadata)."),
    ],
)
def test_a_first_step_must_be_expandable(id: str, path: str, message: str | None) -> None:
    """B-3.20, B-3.1 (total_count): no code, no param."""
    with pytest.raises(Refused) as refused:
        plan(operation(id), [path])
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, None, None)
    assert message is None or refused.value.message == message


def test_a_list_without_data_is_told_of_data() -> None:
    """B-3.20."""
    with pytest.raises(Refused, match=r"'data\.customer'"):
        plan(operation("GetCharges"), ["customer"])


@pytest.mark.parametrize(("id", "prefix"), [("GetPaymentIntentsIntent", ""), ("GetPaymentIntents", "data.")])
def test_four_levels_and_no_more(id: str, prefix: str) -> None:
    """B-3.19, B-3.20."""
    plan(operation(id), [prefix + "latest_charge.balance_transaction.source.customer"])
    with pytest.raises(Refused) as refused:
        plan(operation(id), [prefix + "latest_charge.balance_transaction.source.customer.default_source"])
    assert refused.value.code == "property_expansion_max_depth"


def test_the_number_of_expansions_has_a_limit() -> None:
    """Law 10."""
    with pytest.raises(Refused):
        plan(operation("GetChargesCharge"), ["customer"] * 21)


async def test_a_path_expands_its_ancestors_and_ignores_strange_steps() -> None:
    """B-3.21: `customer.name` names no id, though an id stands there."""
    shelf = Shelf()
    paths = ["customer.name.x", "customer.invoice_settings.default_payment_method", "balance_transaction"]
    charge = await expand(OBJECTS["ch_1"], plan(operation("GetChargesCharge"), paths), shelf.fetch)
    assert charge["customer"]["name"] == "ch_1"
    assert charge["customer"]["invoice_settings"]["default_payment_method"]["id"] == "pm_1"
    assert charge["balance_transaction"]["source"] == "ch_1"
    assert OBJECTS["ch_1"]["customer"] == "cus_1"
    assert OBJECTS["cus_1"]["invoice_settings"] == {"default_payment_method": "pm_1"}


async def test_null_stays_null_and_the_unknown_stays_an_id() -> None:
    """B-3.21."""
    steps = plan(operation("GetCustomersCustomer"), ["default_source"])
    assert (await expand(OBJECTS["cus_1"], steps, Shelf().fetch))["default_source"] is None
    steps = plan(operation("GetChargesCharge"), ["customer"])
    assert await expand({"customer": "cus_9"}, steps, Shelf().fetch) == {"customer": "cus_9"}
    assert (await expand({"customer": "cus_2"}, steps, Shelf().fetch))["customer"]["deleted"] is True


async def test_a_list_fetches_each_id_once() -> None:
    """A page of 100 with one customer asks for one customer; each item gets its own copy."""
    shelf = Shelf()
    listed = {"object": "list", "data": [dict(OBJECTS["pi_1"]) for _ in range(100)]}
    steps = plan(operation("GetPaymentIntents"), ["data.customer", "data.latest_charge.customer"])
    answer = await expand(listed, steps, shelf.fetch)
    assert all(each["latest_charge"]["customer"]["id"] == "cus_1" for each in answer["data"])
    assert shelf.asked == {"cus_1": 2, "ch_1": 1}
    assert answer["data"][0]["customer"] is not answer["data"][1]["customer"]
    assert OBJECTS["ch_1"]["customer"] == "cus_1"


async def test_a_charge_shows_its_refunds_only_when_asked() -> None:
    """B-3.23, and steps into the list."""
    shelf = Shelf()
    charge = await expand(OBJECTS["ch_1"], plan(operation("GetChargesCharge"), []), shelf.fetch, shelf.refunds)
    assert "refunds" not in charge
    steps = plan(operation("GetChargesCharge"), ["refunds.data.balance_transaction"])
    charge = await expand(OBJECTS["ch_1"], steps, shelf.fetch, shelf.refunds)
    assert charge["refunds"]["data"][0]["refunds"] == "ch_1"
    assert charge["refunds"]["data"][0]["balance_transaction"]["id"] == "txn_1"
