"""B-1.44, S14: how often something may happen, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.api.rates import Meter
from sluice.core import limits


def passed(meter: Meter, times: int, now: float, key: object = 1) -> int:
    """How many of `times` tries at one moment find room."""
    count = 0
    for _ in range(times):
        if not meter.wait(key, now):
            meter.add(key, now)
            count += 1
    return count


def test_so_many_pass_and_the_next_is_told_how_long_to_wait() -> None:
    """B-1.44: as many again in the time that is said."""
    meter = Meter(5, 10.0)
    assert passed(meter, 8, 100.0) == 5
    wait = meter.wait(1, 100.0)
    assert wait == pytest.approx(2.0)
    assert passed(meter, 8, 100.0 + wait) == 1
    assert passed(meter, 8, 200.0) == 5


def test_keys_do_not_share_a_bucket() -> None:
    """B-1.44: the limit is the account's."""
    meter = Meter(2, 1.0)
    assert [passed(meter, 3, 1.0, key) for key in (1, 2)] == [2, 2]


def test_zero_is_no_limit_and_remembers_nothing() -> None:
    """B-1.44: configurable."""
    meter = Meter(0, 1.0)
    assert (passed(meter, 1_000, 1.0), len(meter.levels)) == (1_000, 0)


def test_a_place_that_is_given_back_is_free() -> None:
    """S14: what turned out well does not count, and is forgotten."""
    meter = Meter(1, 60.0)
    meter.add(1, 0.0)
    assert meter.wait(1, 0.0)
    meter.add(1, 0.0, -1)
    assert (meter.wait(1, 0.0), len(meter.levels)) == (0.0, 0)


def test_a_clock_that_goes_back_frees_nothing() -> None:
    """F37: the database's time may correct ours."""
    meter = Meter(1, 10.0)
    meter.add(1, 100.0)
    assert meter.wait(1, 50.0) == pytest.approx(10.0)


@pytest.mark.shows("S14")
def test_a_crowd_of_strangers_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit of keys the quietest are forgotten; the one that is busy is still held."""
    monkeypatch.setattr(limits, "METERED", 50)
    meter = Meter(2, 600.0)
    meter.add("busy", 0.0)
    for stranger in range(1_000):
        meter.add(stranger, 1.0)
        meter.add("busy", 1.0)
    assert len(meter.levels) == 50
    assert meter.wait("busy", 1.0)


@given(
    most=st.integers(1, 20), seconds=st.floats(0.5, 600),
    pauses=st.lists(st.floats(0, 100), max_size=60), begins=st.floats(0, 1e9),
)  # fmt: skip
def test_no_window_sees_more_than_a_burst_and_what_drains(
    most: int, seconds: float, pauses: list[float], begins: float
) -> None:
    """S14: whatever the rhythm, in no span of time more pass than `most` and what drains meanwhile."""
    meter, now, taken = Meter(most, seconds), begins, list[float]()
    for pause in pauses:
        now += pause
        if passed(meter, 1, now):
            taken.append(now)
    for first, begun in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= most + (taken[last] - begun) * most / seconds + 1e-3
