"""Pages: what is asked for, and the envelope around what was found."""

import pytest

from sluice.core.errors import Refused
from sluice.shapes.page import Page, envelope, one_way, page


@pytest.mark.parametrize(("limit", "clamped"), [(-5, 1), (0, 1), (1, 1), (100, 100), (101, 100), (1 << 62, 100)])
def test_a_limit_is_clamped(limit: int, clamped: int) -> None:
    """B-3.3."""
    assert page({"limit": limit}) == Page(clamped, None, None)


def test_a_page_has_ten_items_and_its_cursors() -> None:
    """B-3.3, B-3.4."""
    assert page({}) == Page(10)
    assert page({"starting_after": "a", "ending_before": "b"}) == Page(10, "a", "b")


def test_both_cursors_are_refused_when_both_are_known() -> None:
    """B-3.5: no code, no param."""
    one_way(Page(10, "a"))
    one_way(Page(10, None, "b"))
    with pytest.raises(Refused) as refused:
        one_way(Page(10, "a", "b"))
    assert (refused.value.status, refused.value.code, refused.value.param) == (400, None, None)


def test_the_envelope_has_four_keys() -> None:
    """B-3.1."""
    assert envelope([], False, "/v1/charges") == {"object": "list", "data": [], "has_more": False, "url": "/v1/charges"}
