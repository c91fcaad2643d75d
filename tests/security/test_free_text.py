"""Card numbers in free text: kept for their owner, told to him, or refused (S6)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice.core.secrets import Secret
from tests.harness import Gateway, Shop

CARD = "4242 4242 4242 4242"
KIND = "card_number_in_text"


@pytest.fixture(scope="module")
def strict(postgres_server: Secret, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(postgres_server, Path(tmp_path_factory.mktemp("strict")), SLUICE_CARD_NUMBERS="refuse") as running:
        yield running


def told(shop: Shop) -> list[tuple[str, str, str]]:
    found = shop.raw("GET", "/v1/sluice/discrepancies", {"limit": "100"}).json["data"]
    return sorted((each["kind"], each["said"]["parameter"], each["about"]) for each in found)


@pytest.mark.shows("S6")
def test_the_owner_is_told_once(shop: Shop):
    """S6: which parameter, on which object first; the number itself is not said, and not in the log."""
    given = {"metadata": {"note": f"paid with {CARD}", "order": "1234567890123"}, "description": CARD.replace(" ", "")}
    first = shop.v1.customers.create(given)
    for _ in range(3):
        shop.v1.customers.create(given)
    paid = shop.pays(shipping={"name": CARD, "address": {"line1": "1 Main Street"}})
    expected = [(KIND, "description", first.id), (KIND, "metadata[note]", first.id), (KIND, "shipping[name]", paid.id)]
    assert told(shop) == expected
    assert first.metadata["note"].endswith(CARD)
    log = shop.gateway.processes["api"].log.read_text()
    assert CARD not in log
    assert CARD.replace(" ", "") not in log


@pytest.mark.shows("S6")
def test_a_card_where_it_belongs_is_nobodys_business(shop: Shop):
    """S6: nor is what merely has as many digits."""
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    shop.pays(card=None, payment_method_data={"type": "card", "card": card})
    shop.v1.customers.create({"metadata": {"order": "4242424242424241", "id": "x4242424242424242"}})
    assert told(shop) == []


@pytest.mark.shows("S6")
@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"metadata[note]": CARD}, "metadata[note]"),
        ({"description": f"card {CARD}."}, "description"),
        ({"metadata[4242 4242 4242 4242]": "x"}, "metadata[…4242]"),
        ({"preferred_locales[0]": "4242424242424242"}, "preferred_locales[0]"),
        ({"address[line1]": "4242424242424242"}, "address[line1]"),
    ],
)
def test_refused_if_the_operator_says_so(strict: Gateway, given: dict[str, str], param: str):
    """S6: by name, and nothing is stored."""
    shop = Shop(strict)
    answer = shop.raw("POST", "/v1/customers", given)
    assert (answer.status, answer.error.get("param")) == (400, param)
    assert not shop.v1.customers.list().data


@pytest.mark.shows("S1")
@pytest.mark.parametrize("key", ["4242424242424242", CARD, "order 378282246310005"])
def test_no_idempotency_key_is_a_card_number(shop: Shop, key: str):
    """S1: keys are kept, and shown in events."""
    answer = shop.raw("POST", "/v1/customers", {}, headers={"Idempotency-Key": key})
    assert answer.status == 400
    assert "card number" in answer.error["message"]
    assert "idempotency-key" not in answer.headers
