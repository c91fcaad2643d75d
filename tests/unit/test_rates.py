"""B-1.44: how often an account may call."""

import pytest

from sluice.api.rates import Rates
from sluice.core.errors import Refused


def taken(rates: Rates, times: int, now: float, scope: int = 1) -> int:
    """How many of `times` calls at one moment pass."""
    passed = 0
    for _ in range(times):
        try:
            rates.take(scope, now)
        except Refused:
            continue
        passed += 1
    return passed


def test_so_many_a_second_pass_and_the_next_is_refused() -> None:
    """B-1.44: 429 rate_limit, and no SDK is told to try again at once (B-1.43)."""
    rates = Rates(5)
    assert taken(rates, 8, 100.0) == 5
    with pytest.raises(Refused) as refusal:
        rates.take(1, 100.0)
    assert (refusal.value.status, refusal.value.code, refusal.value.retry) == (429, "rate_limit", False)
    assert taken(rates, 8, 101.0) == 5


def test_accounts_do_not_share_a_bucket() -> None:
    """B-1.44: the limit is the account's."""
    rates = Rates(2)
    assert [taken(rates, 3, 1.0, scope) for scope in (1, 2)] == [2, 2]


def test_zero_is_no_limit() -> None:
    """B-1.44: configurable."""
    assert taken(Rates(0), 1_000, 1.0) == 1_000
