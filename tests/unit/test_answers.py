"""Rendering: what an expansion costs, whatever the page."""

from typing import Any

import pytest

from sluice.core.limits import EXPAND_DEPTH
from sluice.payments.answers import PREFIXES, Renderer, steps
from sluice.payments.charges import Charge
from sluice.shapes.page import envelope
from sluice.store import lists
from tests.unit.desk_world import SCOPE, World

pytest_plugins = ["tests.unit.vault_database", "tests.unit.desk_fixtures"]
DEEP = (
    "data.payment_intent.latest_charge.balance_transaction.source", "data.payment_intent.payment_method",
    "data.refunds.data.charge.customer", "data.refunds.data.balance_transaction.source",
)  # fmt: skip
LISTS = 2  # kinds of lists inside an object


async def statements(world: World, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many are run for a page of so many charges, expanded four levels deep."""
    asked: list[str] = []
    fetch = world.database.fetch

    async def counted(sql: str, *args: Any) -> Any:
        asked.append(sql)
        return await fetch(sql, *args)

    found = await lists.page(world.database, Charge, SCOPE, limit=count)
    assert len(found.rows) == count
    shown = envelope([row.wire(False) for row in found.rows], False, "/v1/charges")
    with monkeypatch.context() as patched:
        patched.setattr(world.database, "fetch", counted)
        body = await Renderer(world.database, SCOPE, False, False, "").show(shown, steps("GetCharges", DEEP))
    assert body.count(b'"object":"balance_transaction"') == 2 * count
    return len(asked)


async def test_an_expansion_costs_a_bounded_number_of_statements(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four levels over a page: at most one statement a level for each kind of row and of list, and as many for 2 as for 12."""
    for _ in range(12):
        await world.refund(await world.pay(1000), 400)
    few, many = await statements(world, 2, monkeypatch), await statements(world, 12, monkeypatch)
    assert few == many <= EXPAND_DEPTH * (len(set(PREFIXES.values())) + LISTS)
