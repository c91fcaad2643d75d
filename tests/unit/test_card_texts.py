"""Card numbers in texts: what is refused, what is masked (S1, S6)."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.card_texts import hide, holds_card_number, mask
from sluice.core.errors import Refused, missing

SURE = ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "4242%204242%204242%204242", "3782 822463 10005"]
SURE += [
    "1 4242 4242 4242 4242 12",
    "1234 4242 4242 4242 4242",
    "a=4242+4242+4242+4242&b",
    "6205500000000000004",
    "#378282246310005!",
]
UNSURE = ["42424242 42424242", "cus_4242424242424242", "1.4242424242424242", "4242424242424242x"]
NEVER = ["4242424242424241", "1700000000000", "424242424242", "42424242424242424242", "9999999999999995"]


@pytest.mark.parametrize("text", SURE)
def test_what_surely_is_a_number(text: str):
    """S6: a network's number in one piece or as it is embossed, beside other words."""
    assert holds_card_number(text)
    assert hide(text) != text


@pytest.mark.parametrize("text", UNSURE)
def test_what_may_be_one_is_masked_only(text: str):
    """S6: a part of an id, or oddly written: no reason to refuse, and nothing that a log needs."""
    assert not holds_card_number(text)
    assert "42424242" not in mask(text)


@pytest.mark.parametrize("text", NEVER)
def test_what_is_none(text: str):
    """S6: a wrong check digit, too short, too long, nobody's range."""
    assert not holds_card_number(text)
    assert hide(text) == text


@given(st.uuids())
def test_a_uuid_is_no_card(uuid: UUID):
    """S6: SDKs make keys of them."""
    assert not holds_card_number(str(uuid))
    assert not holds_card_number(re.sub("[a-f]", "4", str(uuid)))


@given(st.text("0123456789 -+%", max_size=80))
def test_masking_leaves_nothing_to_mask(text: str):
    """S6: once is enough."""
    assert mask(mask(text)) == mask(text)


@given(st.text(max_size=30), st.sampled_from(SURE), st.text(max_size=30))
def test_nothing_hides_a_number(before: str, number: str, after: str):
    """S1: whatever stands around it."""
    assert number not in mask(f"{before}, {number}, {after}")


@pytest.mark.shows("S1")
def test_a_refusal_repeats_no_card_number():
    """S1: neither as a value, nor as a parameter's name, nor as an id: answers are kept under their keys."""
    assert Refused("Invalid email: 4242424242424242", param="metadata[4242 4242 4242 4242]").message == "Invalid email: …4242"
    assert Refused("x", param="metadata[4242 4242 4242 4242]").param == "metadata[…4242]"
    assert missing("customer", "4242424242424242", "customer").message == "No such customer: '…4242'"
