"""The document says what we serve, and is OpenAPI."""

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from sluice.shapes.openapi import document
from sluice.shapes.served import OPERATIONS

SERVED = {id: frozenset[str]() for id in OPERATIONS} | {
    "PostPaymentIntents": frozenset(
        {"amount", "currency", "metadata", "payment_method_data[card]", "payment_method_data[type]"}
    ),
    "GetCharges": frozenset({"limit", "created", "starting_after"}),
}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return document(SERVED, "1.0.0", "http://127.0.0.1:8420")


def test_it_is_openapi(spec: dict[str, Any]) -> None:
    """DESIGN 1: by the standard's own schema, every reference resolved."""
    OpenAPIV31SpecValidator(spec).validate()


def test_it_holds_the_served_operations_and_no_other(spec: dict[str, Any]) -> None:
    ids = {row["operationId"] for methods in spec["paths"].values() for row in methods.values()}
    assert ids == set(SERVED)


def test_parameters_are_cut_to_the_served_ones(spec: dict[str, Any]) -> None:
    content = spec["paths"]["/v1/payment_intents"]["post"]["requestBody"]["content"]
    form = content["application/x-www-form-urlencoded"]["schema"]
    assert set(form["properties"]) == {"amount", "currency", "metadata", "payment_method_data", "expand"}
    assert set(form["properties"]["payment_method_data"]["properties"]) == {"card", "type"}
    assert form["required"] == ["amount", "currency"]
    query = spec["paths"]["/v1/charges"]["get"]["parameters"]
    assert [row["name"] for row in query] == ["expand", "created", "limit", "starting_after"]
    assert query[1]["style"] == "deepObject"


def test_nulls_and_errors_are_said(spec: dict[str, Any]) -> None:
    """README 2; B-2.4 to B-2.12."""
    charge = spec["components"]["schemas"]["charge"]["properties"]
    assert charge["receipt_url"] == {"anyOf": [{"type": "string", "maxLength": 5000}, {"type": "null"}]}
    responses = spec["paths"]["/v1/charges"]["get"]["responses"]
    assert {"200", "400", "401", "402", "403", "404", "409", "413", "414", "429", "500", "503", "default"} == set(responses)


def test_what_we_do_not_serve_is_not_shown(spec: dict[str, Any]) -> None:
    """DESIGN 1: cut at other payment methods and at objects that nobody can fetch here."""
    schemas = spec["components"]["schemas"]
    assert "card" in schemas["payment_method"]["properties"]
    assert "klarna" not in schemas["payment_method"]["properties"]
    assert schemas.keys().isdisjoint({"invoice", "subscription", "setup_intent"})
    assert len(json.dumps(spec)) < 500_000
