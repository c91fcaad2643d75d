"""Test cards: every name leads to a number that the bank knows, and shows what B-6.2 and B-6.3 say of it."""

import re
from pathlib import Path

import pytest

from sluice.core.cards import network, valid_number
from sluice.rails.sandbox.cards import NAMES, CardFacts, facts, named
from sluice.simulators.bank.cards import CARDS

CONTRACT = Path(__file__).parents[3] / "docs/wire/BEHAVIOUR.md"


@pytest.mark.parametrize("name", NAMES)
def test_the_bank_knows_every_named_card(name: str) -> None:
    """B-6.1: two programs, two tables."""
    assert NAMES[name] in CARDS
    assert valid_number(NAMES[name])
    card, token = named(f"pm_card_{name}"), named(f"tok_{name}")
    assert card == token
    assert card is not None
    assert card.cvc is not None
    assert (card.number, len(card.cvc)) == (NAMES[name], network(card.number).cvc)


def contract() -> str:
    text = CONTRACT.read_text()
    return text[text.index("## 6. Test data") : text.index("- **B-6.9**")]


def test_the_bank_knows_every_number_of_the_contract() -> None:
    """B-6.2 to B-6.8; but the one that is wrong on purpose."""
    numbers = set(re.findall(r"\b\d{14,19}\b", contract())) - {"4242424242424241"}
    assert len(numbers) > 120
    assert numbers - CARDS.keys() == set()


def test_every_name_of_the_contract_is_served() -> None:
    """B-6.2, B-6.4 to B-6.8: what stands in backquotes in the column of names."""
    rows = [line for line in contract().splitlines() if line.startswith("|") and "B-6." not in line]
    words = {word for row in rows for word in re.findall(r"`([A-Za-z][\w]+)`", row)}
    assert len(words) > 50
    said_elsewhere = {"fail", "unavailable", "warning_needs_response", "available_on", "request_three_d_secure", "visa_"}
    events = {"refund", "radar"}
    assert {word.removeprefix("tok_") for word in words} - said_elsewhere - events - NAMES.keys() == set()


def test_every_country_of_the_contract_is_served() -> None:
    """B-6.3."""
    row = next(line for line in contract().splitlines() if line.startswith("- **B-6.3**"))
    for name, number in re.findall(r"\b([a-z]{2}(?:_credit|_debit)?) (\d{16})", row):
        assert NAMES[name] == number
        assert facts(number).country == name[:2].upper()


@pytest.mark.parametrize("id", ["pm_card_", "pm_card_nobody", "tok_1Abc", "visa", "pm_1Abc", ""])
def test_another_id_names_no_card(id: str) -> None:
    assert named(id) is None


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("4242424242424242", CardFacts("visa", "US", "credit", ("visa",), True)),
        ("4000056655665556", CardFacts("visa", "US", "debit", ("visa",), True)),
        ("5105105105105100", CardFacts("mastercard", "US", "prepaid", ("mastercard",), True)),
        ("378282246310005", CardFacts("amex", "US", "credit", ("amex",), False)),
        ("4000002500001001", CardFacts("visa", "FR", "credit", ("visa", "cartes_bancaires"), True)),
        ("5555050360000080", CardFacts("mastercard", "AU", "debit", ("mastercard", "eftpos_au"), True)),
        ("4000002760003184", CardFacts("visa", "DE", "credit", ("visa",), True)),
        ("3530111333300000", CardFacts("jcb", "JP", "credit", ("jcb",), True)),
        ("5454545454545454", CardFacts("mastercard", "US", "credit", ("mastercard",), True)),
    ],
)
def test_what_a_payment_method_shows(number: str, shown: CardFacts) -> None:
    """B-6.1 to B-6.3."""
    assert facts(number) == shown
