"""What was accepted and never read is found."""

import pytest

from sluice.shapes import watched
from sluice.shapes.contract import operation
from sluice.shapes.forms import decode
from sluice.shapes.parameters import walk
from sluice.shapes.watched import Watched

RAW = (
    b"amount=1&currency=usd&metadata[a]=1&shipping[name]=x&shipping[address][line1]=y"
    b"&amount_details[line_items][0][product_name]=p&amount_details[line_items][0][quantity]=1"
    b"&amount_details[line_items][0][unit_cost]=1"
)


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(watched, "STRICT", True)
    found = walk(operation("PostPaymentIntents"), decode(RAW))
    assert isinstance(found, Watched)
    return found


def test_what_was_not_looked_at_is_named(params: Watched) -> None:
    """DESIGN 1: hashes by their parts, metadata as one."""
    params["amount"]
    assert "currency" in params
    params["shipping"].get("name")
    params["amount_details"]["line_items"][0].pop("quantity")
    line = "amount_details[line_items][0]"
    assert params.unread() == ["metadata", "shipping[address][line1]", f"{line}[product_name]", f"{line}[unit_cost]"]


def test_walking_over_a_hash_reads_it(params: Watched) -> None:
    dict(params["shipping"]["address"])
    {**params["shipping"]}
    for _ in params.values():
        pass
    for item in params["amount_details"]["line_items"]:
        list(item.items())
    assert params.unread() == []


def test_it_costs_nothing_when_nobody_asks() -> None:
    assert type(walk(operation("PostPaymentIntents"), decode(RAW))) is dict or watched.STRICT
