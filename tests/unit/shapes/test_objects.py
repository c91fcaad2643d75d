"""Objects on the contract's skeleton."""

import json

import pytest

from sluice.shapes import objects
from sluice.shapes.contract import contract, schema
from sluice.shapes.objects import blank, build, merge, whole
from tests.contract import Contract


def test_nullable_keys_are_there_and_others_are_not() -> None:
    """B-4.6, B-3.23."""
    charge = blank("charge")
    assert charge["object"] == "charge"
    assert charge["customer"] is None
    assert charge.keys().isdisjoint({"refunds", "id", "amount", "radar_options"})
    assert blank("shipping").keys().isdisjoint({"carrier", "tracking_number"})
    assert "failure_reason" not in blank("refund")


def test_every_schema_has_a_skeleton_that_shares_nothing() -> None:
    """A caller may change what it was given."""
    for name in contract().components.schemas:
        if schema(name).get("properties"):
            blank(name)["changed"] = True
            assert "changed" not in blank(name)


def test_what_is_built_passes_the_judge() -> None:
    """README 3 and 4: two readings of the contract agree on what must be there."""
    refund = build("refund", id="re_1", amount=1, created=1, currency="usd", metadata={})
    Contract().check("GET", "/v1/refunds/re_1", 200, json.dumps(refund).encode())


def test_a_key_that_the_schema_lacks_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "STRICT", True)
    with pytest.raises(KeyError, match="nonsense"):
        build("refund", nonsense=1)
    assert build("refund", amount=1)["amount"] == 1


def test_a_given_hash_is_answered_whole() -> None:
    """B-4.7: missing keys null, hashes inside too, order of the skeleton."""
    keys = {"city", "country", "line1", "line2", "postal_code", "state"}
    assert whole("address", {"line1": "x"}) == dict.fromkeys(keys) | {"line1": "x"}
    shipping = whole("shipping", {"name": "n", "address": {"line1": "x"}})
    assert shipping is not None
    assert shipping["address"].keys() == keys
    assert shipping["phone"] is None
    assert whole("address", None) is None


def test_updates_merge_leaf_by_leaf() -> None:
    """B-4.7; neither side is changed."""
    old = {"name": "a", "address": {"line1": "x", "city": "y"}}
    assert merge(old, {"address": {"city": None}}) == {"name": "a", "address": {"line1": "x", "city": None}}
    assert merge(old, {"address": None}) == {"name": "a", "address": None}
    assert merge(None, {"name": "b"}) == {"name": "b"}
    assert merge(old, None) is None
    assert old == {"name": "a", "address": {"line1": "x", "city": "y"}}
