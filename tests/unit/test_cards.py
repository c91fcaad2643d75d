"""Card numbers: whose they are, whether they can be right, until when they are good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.cards import BEGINNINGS, UNKNOWN, checksum, expired, luhn, network, valid_cvc, valid_number

BRANDS = {
    "4242424242424242": "visa", "5555555555554444": "mastercard", "2223003122003222": "mastercard",
    "378282246310005": "amex", "6011111111111117": "discover", "3056930009020004": "diners", "36227206271667": "diners",
    "3566002020360505": "jcb", "6200000000000005": "unionpay", "6205500000000000004": "unionpay",
    "6555900000604105": "discover", "2200000000000004": "mir", "6759649826438453": "maestro",
}  # fmt: skip


@pytest.mark.parametrize("number", BRANDS)
def test_a_number_tells_its_network(number: str) -> None:
    """B-6.2: by the first digits, bccard's range being discover's; each is whole."""
    assert network(number).brand == BRANDS[number]
    assert valid_number(number)


@pytest.mark.parametrize("number", ["2199000000000000", "2205000000000000", "2220000000000000", "2721000000000000", "9", ""])
def test_a_range_ends_where_it_ends(number: str) -> None:
    assert network(number) is UNKNOWN


@given(st.text("0123456789", min_size=1, max_size=18))
def test_one_check_digit_fits(front: str) -> None:
    """B-5.61: of the ten numbers that differ in the last digit, exactly one is valid."""
    assert sum(luhn(front + last) for last in "0123456789") == 1


@given(st.text("0123456789", min_size=1, max_size=18), st.data())
def test_one_wrong_digit_is_found(front: str, data: st.DataObject) -> None:
    """B-5.61: a mistyped digit never passes."""
    right = front + str(-checksum(map(int, reversed(front + "0"))) % 10)
    place = data.draw(st.integers(0, len(right) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != right[place]]))
    assert luhn(right)
    assert not luhn(right[:place] + other + right[place + 1 :])


@given(st.text(max_size=20))
def test_whatever_is_typed_is_judged(text: str) -> None:
    """Anything but ASCII digits is no number, and nothing raises."""
    if luhn(text) or valid_cvc("4", text):
        assert set(text) <= set("0123456789")
    assert network(text) in {*BEGINNINGS.values(), UNKNOWN}


@pytest.mark.parametrize("number", ["", "4", "424242424242424", "42424242424242424", "3782822463100050"])
def test_a_number_of_another_length_is_refused(number: str) -> None:
    assert not valid_number(number)


def test_the_code_has_four_digits_on_amex_alone() -> None:
    """B-5.61, B-6.1."""
    assert valid_cvc("378282246310005", "1234")
    assert not valid_cvc("378282246310005", "123")
    assert valid_cvc("4242424242424242", "123")
    assert not valid_cvc("4242424242424242", "1234")
    assert not valid_cvc("4242424242424242", "12")
    assert not valid_cvc("4242424242424242", "١٢٣")


@given(st.integers(2000, 2100), st.integers(1, 12), st.integers(2000, 2100), st.integers(1, 12))
def test_a_card_is_good_through_its_month(year: int, month: int, this_year: int, this_month: int) -> None:
    months_left = 12 * (year - this_year) + month - this_month
    assert expired(year, month, (this_year, this_month)) == (months_left < 0)
