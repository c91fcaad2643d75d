"""What a log may never show."""

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.cards import luhn
from sluice.core.log import clean, safe, set_up_log
from sluice.core.secrets import Secret

CARD = "4242424242424242"
SHAPES = [CARD, "4242 4242 4242 4242", "4242-4242-4242-4242"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _quiet_again():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def fails(card: str) -> None:
    number = card  # a local variable, as in any handler of ours
    raise LookupError(f"{len(number)} digits")


@pytest.mark.shows("S5")
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_traceback_shows_no_local_variable(stream):
    """S5: structlog's defaults would print `number = '4242…'` of every frame."""
    out = stream()
    set_up_log(stream=out)
    try:
        fails(CARD)
    except LookupError:
        structlog.get_logger("ours").exception("failed")
        logging.getLogger("theirs").exception("failed")
    assert out.getvalue().count("LookupError: 16 digits") == 2
    assert CARD not in out.getvalue()


@pytest.mark.shows("S5", "S6")
@pytest.mark.parametrize("card", SHAPES)
def test_a_card_number_is_masked_wherever_it_stands(card):
    """S6: in free text, in an error's message, in a key, deep in a value."""
    out = io.StringIO()
    set_up_log(stream=out)
    try:
        raise ValueError(f"no such card {card}")
    except ValueError:
        structlog.get_logger().exception(f"saw {card}", deep={"list": [card, int(CARD), {card: (card,)}]})
    logging.getLogger("theirs").warning("saw %s", card)
    assert card not in out.getvalue()
    assert CARD not in out.getvalue()
    assert "…4242" in out.getvalue()


def test_a_secret_stays_one():
    assert safe({"key": Secret("hush")}) == {"key": "Secret(…)"}


@pytest.mark.shows("S5")
def test_a_drivers_error_loses_its_row_values():
    """S5: DETAIL carries row values."""
    text = clean("UniqueViolationError: duplicate key\nDETAIL:  Key (email)=(a@example.com) already exists.\nHINT: none")
    assert "example" not in text
    assert "duplicate key" in text


@given(st.integers(10**12, 10**19 - 1))
def test_only_what_may_be_a_card_is_masked(number):
    assert (clean(f"n={number};") != f"n={number};") == luhn(str(number))


def test_lines_are_json_without_a_terminal():
    out = io.StringIO()
    set_up_log("warning", out)
    structlog.get_logger("a").info("too low")
    structlog.get_logger("a").warning("heard", count=1)
    line = json.loads(out.getvalue())
    assert (line["event"], line["count"], line["level"], line["logger"]) == ("heard", 1, "warning", "a")


def test_a_line_has_a_limit():
    """Law 10: the end of a text is kept, for that is where a traceback says what happened."""
    assert clean("a" * 100_000 + "the end").endswith("the end")
    assert len(clean("a" * 100_000)) < 10_000


@pytest.mark.shows("S5")
@pytest.mark.parametrize("text", ["GET /v1/{} 400 12 ms", "1 {} 2", "{} 12", "7-{}"])
def test_a_number_beside_other_numbers(text: str) -> None:
    """S5: what stands around a card number does not hide it."""
    for number in ("4242424242424242", "4242 4242 4242 4242", "3782-822463-10005"):
        assert number[:9] not in clean(text.format(number))
    assert clean("GET /v1/4242424242424242 400 12 ms") == "GET /v1/…4242 400 12 ms"
