"""Which operation a request line means."""

import pytest

from sluice.core.errors import Refused
from sluice.shapes.contract import error_codes, event_types, operation, places
from sluice.shapes.routes import route


@pytest.mark.parametrize(
    ("method", "path", "id", "ids"),
    [
        ("GET", "/v1/payment_intents/search", "GetPaymentIntentsSearch", {}),
        ("GET", "/v1/payment_intents/pi_1", "GetPaymentIntentsIntent", {"intent": "pi_1"}),
        ("POST", "/v1/charges/ch_1/refunds/re_1", "PostChargesChargeRefundsRefund", {"charge": "ch_1", "refund": "re_1"}),
        ("GET", "/v1/customers/cus%5F1", "GetCustomersCustomer", {"customer": "cus_1"}),
        ("GET", "/v1/customers/a%2Fb", "GetCustomersCustomer", {"customer": "a/b"}),
        ("DELETE", "/v1/customers/search", "DeleteCustomersCustomer", {"customer": "search"}),
    ],
)
def test_a_literal_segment_beats_a_template(method: str, path: str, id: str, ids: dict[str, str]) -> None:
    """B-1.29, README 1; where the literal one has no such method, the template still has."""
    found = route(method, path)
    assert found is not None
    assert (found[0].id, found[1]) == (id, ids)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/charges/", "/v1/charges//refunds", "/V1/charges", "/v1/nope", "", "*"])
def test_what_the_contract_lacks_has_no_route(path: str) -> None:
    """B-1.29: a trailing slash is not the same route."""
    assert route("GET", path) is None


def test_a_method_of_another_path_is_no_route() -> None:
    """B-1.29: there is no 405."""
    assert route("DELETE", "/v1/charges/ch_1") is None


@pytest.mark.parametrize("id", ["%ff", "a%00b"])
@pytest.mark.shows("S16")
def test_an_id_that_is_no_text_is_refused(id: str) -> None:
    """B-1.28."""
    with pytest.raises(Refused):
        route("GET", f"/v1/charges/{id}")


def test_every_operation_can_be_decoded_and_found() -> None:
    """The file is whole: each operation answers at its own path, and knows `expand` (B-3.19)."""
    for id, (method, path) in places().items():
        found = route(method, path.replace("{", "").replace("}", ""))
        assert found is not None
        assert found[0] == operation(id)
        assert "expand" in found[0].parameters["properties"]


def test_lists_are_known_as_lists() -> None:
    """B-3.1."""
    assert operation("GetCharges").is_list
    assert not operation("GetChargesCharge").is_list


def test_additions_stand_over_the_contract() -> None:
    """README, "Changing it": a raw card inside `payment_method_data`, and its type."""
    method = operation("PostPaymentIntents").parameters["properties"]["payment_method_data"]["properties"]
    assert "card" in method
    assert "card" in method["type"]["enum"]


def test_the_closed_lists_are_there() -> None:
    """B-2.26, B-4.9."""
    assert "resource_missing" in error_codes()
    assert "payment_intent.succeeded" in event_types()
    assert "payment_intent.updated" not in event_types()
