"""Ids sort by the time at which they were drawn, and cannot be guessed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core import ids
from sluice.core.clock import clock
from sluice.core.ids import ALPHABET, TIME, base62, chance, new_id


def test_ids_of_a_process_rise() -> None:
    """Law 9: a listing's newest is its last, even of one microsecond."""
    drawn = [new_id("pi_") for _ in range(5_000)]
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == len(drawn)
    assert {len(id) for id in drawn} == {27}


@given(st.integers(2**40, 62**TIME - 2), st.integers(1, 62**6))
def test_a_later_microsecond_sorts_later(at: int, later: int) -> None:
    """Law 9: whatever characters the time carries over to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "_last", 0)
        patch.setattr(clock, "micros", lambda: at)
        first = new_id("evt_")
        patch.setattr(clock, "micros", lambda: min(at + later, 62**TIME - 1))
        assert first < new_id("evt_")
    assert first[4 : 4 + TIME] == base62(at, TIME)


@pytest.mark.parametrize("size", [0, 1, 15, 25, 300])
def test_chance_has_its_size(size: int) -> None:
    """S8: so many characters of the wire's alphabet."""
    assert len(chance(size)) == size
    assert set(chance(size)) <= set(ALPHABET)


@pytest.mark.shows("S8")
def test_no_character_is_likelier() -> None:
    """S8: 5.95 bits each; a byte taken modulo 62 would draw the first eight a quarter more often."""
    count = Counter(chance(620_000))
    assert len(count) == 62
    assert sum(count[letter] for letter in ALPHABET[:8]) / 8 < 10_400
    assert max(count.values()) < 10_700
