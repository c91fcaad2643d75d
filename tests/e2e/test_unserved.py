"""What the contract has and we do not serve is refused by name, with what to do instead (DESIGN 1)."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sluice.api.operations import HINTS, SERVED, TABLE
from sluice.api.operations.coming import BEGINNINGS, reason
from sluice.api.operations.op import Op
from sluice.shapes.contract import Operation, Schema, operation, places
from sluice.shapes.parameters import Served, below
from tests.e2e.world import NOWHERE, by_id, method, path
from tests.harness import Gateway, Shop


@pytest.fixture(scope="module")
def one(gateway: Gateway) -> Shop:
    return Shop(gateway)


def unserved_operations() -> list[Operation]:
    return [operation(id) for id in sorted(places()) if id not in SERVED]


@pytest.mark.parametrize("found", unserved_operations(), ids=lambda found: found.id)
def test_operations(one: Shop, found: Operation):
    """404, told from a route that does not exist: it names the operation, what brings it or why nothing will, and the list."""
    answer = one.raw(found.method, found.path.replace("{", "x").replace("}", "x"))
    assert (answer.status, answer.error["type"], answer.error.get("code")) == (404, "invalid_request_error", None)
    assert answer.error["message"].startswith(f"Sluice does not serve {found.method} {found.path}. It ")
    assert str(reason(found.path)) in answer.error["message"]
    assert "/docs/served" in answer.error["message"]


def test_each_reason_is_somebodys():
    """No reason is left of what is served by now."""
    given = {str(reason(found.path)) for found in unserved_operations()}
    assert given == {str(each) for each in BEGINNINGS.values()}


def unserved(given: Schema, served: Served, at: str = "") -> Iterator[str]:
    """The names, in brackets, that a caller could give and that we do not take; of a hash of them only its own."""
    if served is None:
        return
    for each in given.get("anyOf", [given]):
        inner = each.get("items", each)
        below_it: Mapping[str, Any] | None = served.get("", served) if "items" in each else served
        for name, schema in inner.get("properties", {}).items():
            where = (f"{at}[0][{name}]" if "items" in each else f"{at}[{name}]") if at else name
            if below_it is not None and name not in below_it:
                yield where
            elif below_it is not None:
                yield from unserved(schema, below_it[name], where)


def names(op: Op) -> list[str]:
    return sorted(set(unserved(operation(op.id).parameters, below(op.serves | {"expand"}))))


@pytest.mark.parametrize("op", [op for op in TABLE if names(op)], ids=by_id)
def test_parameters(one: Shop, op: Op):
    """400, no code, the parameter named, and a hint where there is one; before any other fault but an unknown name (B-1.21)."""
    for name in names(op):
        answer = one.raw(method(op), path(op, NOWHERE), {name: "x"})
        assert (answer.status, answer.error.get("code"), answer.error["param"]) == (400, None, name)
        assert answer.error["message"].startswith(f"Sluice does not serve the parameter {name} yet.")
        assert answer.error["message"].endswith(HINTS.get(name, "yet."))


@pytest.mark.parametrize("op", [op for op in TABLE if method(op) == "POST"], ids=by_id)
def test_expand_is_served_everywhere(one: Shop, op: Op):
    """B-3.19: a path that names nothing is its fault, not the parameter."""
    answer = one.raw(method(op), path(op, NOWHERE), {"expand[]": "zzz"} | REQUIRED.get(op.id, {}))
    assert "doesn't exist: zzz" in answer.error["message"]


REQUIRED = {
    "PostCustomerSessions": {"components[buy_button][enabled]": "true"},
    "PostPaymentIntents": {"amount": "2000", "currency": "usd"},
    "PostWebhookEndpoints": {"url": "https://shop.example/", "enabled_events[]": "*"},
}


@pytest.mark.parametrize(
    ("where", "given", "param"),
    [
        ("/v1/payment_methods", {"type": "klarna"}, "type"),
        ("/v1/payment_intents", {"amount": "2000", "currency": "usd", "confirmation_method": "manual"}, "confirmation_method"),
    ],
)
def test_values(one: Shop, where: str, given: dict[str, str], param: str):
    """A value that we do not serve is refused by its parameter."""
    answer = one.raw("POST", where, given)
    assert (answer.status, answer.error["param"]) == (400, param)
