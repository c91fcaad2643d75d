"""The access matrix, from the one table of operations: every route by every kind of key (B-1.3, B-1.5, B-1.8; S9)."""

from collections.abc import Mapping

import pytest

from sluice.api.operations import TABLE
from sluice.api.operations.op import Op
from sluice.merchants.permissions import PUBLISHABLE, RESOURCES
from tests.e2e.world import NOWHERE, by_id, method, path
from tests.harness import Gateway, Shop
from tests.harness.wire import Raw


@pytest.fixture(scope="module")
def every(gateway: Gateway) -> Shop:
    return Shop(gateway)


@pytest.fixture(scope="module")
def keys(every: Shop) -> Mapping[str, str]:
    """One key of each kind, mode and set of permissions, made as the matrix asks for them."""
    return Keys(every)


class Keys(dict[str, str]):
    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def __missing__(self, name: str) -> str:
        kind, mode, *levels = name.split()
        permissions = dict(level.split("=") for level in levels)
        self[name] = self.shop.key(kind, mode == "live", permissions=permissions)  # type: ignore[arg-type]
        return self[name]


def expected(op: Op, kind: str, level: str) -> int:
    """400: it was let in, and stopped at an unknown parameter, so that nothing happens."""
    if kind == "sk":
        return 400
    if kind == "pk":
        return 400 if op.id in PUBLISHABLE else 401
    return 400 if level == "write" or (level == "read" and not op.writes) else 403


@pytest.mark.shows("S9")
@pytest.mark.parametrize("op", TABLE, ids=by_id)
@pytest.mark.parametrize("mode", ["test", "live"])
def test_who_may_call(every: Shop, keys: Mapping[str, str], op: Op, mode: str):
    """B-1.5, B-1.8: secret, publishable, restricted and ephemeral keys; a 403 names the permission that is missing."""
    for kind, level in [
        ("sk", ""),
        ("pk", ""),
        *((kind, level) for kind in ("rk", "ek") for level in ("none", "read", "write")),
    ]:
        granted = f" {op.resource}={level}" if level in ("read", "write") else ""
        answer = Raw(every.gateway.url, keys[f"{kind} {mode}{granted}"])(method(op), path(op, NOWHERE), {"zzz": "1"})
        assert answer.status == expected(op, kind, level), (kind, level, answer.error)
        match answer.status:
            case 400:
                assert answer.error["code"] == "parameter_unknown"
            case 401:
                assert answer.error["code"] == "secret_key_required"
            case 403:
                assert f"rak_{op.resource}_{'write' if op.writes else 'read'}" in answer.error["message"]


@pytest.mark.shows("S9")
@pytest.mark.parametrize("op", TABLE, ids=by_id)
def test_a_permission_for_all_else_does_not_help(every: Shop, keys: Mapping[str, str], op: Op):
    """B-1.8: what is not named is none."""
    others = " ".join(f"{resource}=write" for resource in RESOURCES if resource != op.resource)
    assert Raw(every.gateway.url, keys[f"rk test {others}"])(method(op), path(op, NOWHERE), {"zzz": "1"}).status == 403


@pytest.mark.shows("S9")
@pytest.mark.parametrize("op", TABLE, ids=by_id)
def test_nobody_gets_in(every: Shop, op: Op):
    """B-1.3: without a key, or with one that nobody has."""
    for key in ("", "sk_test_" + "x" * 32, "pk_live_" + "x" * 32):
        assert Raw(every.gateway.url, key)(method(op), path(op, NOWHERE), {"zzz": "1"}).status == 401


@pytest.mark.shows("S9")
@pytest.mark.parametrize("op", TABLE, ids=by_id)
def test_every_route_has_its_rule(op: Op):
    """S9: what a restricted key must name is one of the resources that it can be given."""
    assert op.resource in RESOURCES


def test_what_was_let_in_works(every: Shop, keys: Mapping[str, str]):
    """B-1.8: a restricted key does what it may, and its own kind of object only."""
    clerk = every.client(keys["rk test customer=write"]).v1
    customer = clerk.customers.create({"name": "Ann"})
    assert clerk.customers.retrieve(customer.id).name == "Ann"
    assert every.client(keys["rk test customer=read"]).v1.customers.retrieve(customer.id).name == "Ann"
