"""The law of the audit chain, for all logs: whatever is done to one row, the walk stops at it or before it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sluice.books.audit.chain import FIRST, Link, linked, links
from sluice.books.audit.entries import Entry
from sluice.books.audit.proof import Head, after
from sluice.books.verify.checks import Lie

SCOPE = 7
TEXT = st.text(max_size=8)
DETAIL = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT, max_size=3)
FIELDS = ("created", "kind", "actor", "action", "object", "result", "address", "request", "card", "detail")

Row = tuple[Link, Entry | None]


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    count = draw(st.integers(2, 12))
    return [
        Entry(f"aud_{n:03}", 1, *(draw(kind) for kind in (st.integers(0), *[TEXT] * 7, st.none() | TEXT, DETAIL)))
        for n in range(count)
    ]


def chained(entries: list[Entry]) -> list[Row]:
    return list(zip(links(SCOPE, 0, FIRST, entries), entries, strict=True))


def walked(rows: list[Row]) -> Head | Lie:
    head = Head()
    for link, entry in rows:
        found = after(head, SCOPE, link, entry)
        if isinstance(found, Lie):
            return found
        head = found
    return head


@settings(max_examples=30)
@given(logs())
def test_an_honest_log_holds(entries: list[Entry]):
    """Its head is the last link, and the same entries make the same hashes."""
    rows = chained(entries)
    assert walked(rows) == Head(len(rows), rows[-1][0].hash)
    assert chained(entries) == rows


def changed(rows: list[Row], at: int, data: st.DataObject) -> None:
    link, entry = rows[at]
    assert entry
    name = data.draw(st.sampled_from(FIELDS))
    was = getattr(entry, name)
    new: Any = data.draw(
        (DETAIL if name == "detail" else st.integers(0) if name == "created" else TEXT).filter(lambda v: v != was)
    )
    rows[at] = link, replace(entry, **{name: new})


def dropped(rows: list[Row], at: int, data: st.DataObject) -> None:
    rows[at] = rows[at][0], None


def unlinked(rows: list[Row], at: int, data: st.DataObject) -> None:
    del rows[at if at < len(rows) - 1 else 0]


def swapped(rows: list[Row], at: int, data: st.DataObject) -> None:
    other = (at + 1) % len(rows)
    (one, first), (two, second) = rows[at], rows[other]
    rows[at], rows[other] = (one._replace(entry=two.entry), second), (two._replace(entry=one.entry), first)


def inserted(rows: list[Row], at: int, data: st.DataObject) -> None:
    """Between two, the later ones' numbers moved up: its own hash may be right, the next one's is not."""
    forged = Entry("aud_forged", 1, 0, "", "", "", "", "", "", "", None, {})
    before = rows[at - 1][0].hash if at else FIRST
    rows[at:] = [
        (linked(SCOPE, at + 1, before, forged), forged),
        *((link._replace(number=link.number + 1), entry) for link, entry in rows[at:]),
    ]


@pytest.mark.shows("S23")
@pytest.mark.parametrize("lie", [changed, dropped, unlinked, swapped, inserted], ids=lambda lie: lie.__name__)
@settings(max_examples=30)
@given(entries=logs(), data=st.data())
def test_one_row_is_enough(lie: Callable[..., None], entries: list[Entry], data: st.DataObject):
    """One entry changed, dropped, swapped or put between, or one link taken away: it is named at that number, or the next."""
    rows = chained(entries)
    at = data.draw(st.integers(0, len(rows) - 1))
    lie(rows, at, data)
    found = walked(rows)
    assert isinstance(found, Lie)
    assert int(found.id.removeprefix("number ")) in (at + 1, at + 2, 1)


@settings(max_examples=30)
@given(logs())
def test_a_chain_is_its_scope(entries: list[Entry]):
    """Another scope's chain, whole as it is, holds nothing here."""
    rows = list(zip(links(SCOPE + 1, 0, FIRST, entries), entries, strict=True))
    assert isinstance(walked(rows), Lie)
