"""Transport: versions, headers, routes, and what SDKs rely on (B-1.11 to B-1.15, B-1.27 to B-1.32, B-1.46)."""

import json
from urllib.request import urlopen

import pytest

from tests.harness import Answer, Gateway, Shop

SERVED = "2026-05-27.dahlia"


def test_an_sdk_says_its_version_and_is_answered_in_ours(shop: Shop):
    """B-1.11, B-1.12: the response says what was rendered."""
    assert shop.v1.customers.create().last_response.headers["stripe-version"] == SERVED


@pytest.mark.parametrize(
    "version", [None, "2024-09-30.acacia", "2025-01-27.acacia", "2026-08-26.dahlia", "2025-03-31", f"{SERVED}; feature=v1"]
)
def test_versions_that_are_served(shop: Shop, version: str | None):
    """B-1.11, B-1.12: dated versions from acacia on, later ones too, and none at all."""
    answer = shop.raw("GET", "/v1/balance", headers={"Stripe-Version": version} if version else {})
    assert (answer.status, answer.headers["stripe-version"]) == (200, SERVED)


@pytest.mark.parametrize(
    "version", ["abc", "2026-13-01", "2026-05-27.Dahlia", "2026-05-27.dahlia; feature", "", "２０２６-05-27"]
)
def test_a_string_that_names_no_version(shop: Shop, version: str):
    """B-1.11."""
    answer = shop.raw("GET", "/v1/balance", headers={"Stripe-Version": version.encode()})
    assert (answer.status, answer.error["type"], answer.error.get("code")) == (400, "invalid_request_error", None)
    if version.isascii():
        assert answer.error["message"] == f"Invalid Stripe API version: {version}"


def test_a_version_before_the_oldest(shop: Shop):
    """B-1.12: the message names the oldest one served."""
    answer = shop.raw("GET", "/v1/balance", headers={"Stripe-Version": "2020-08-27"})
    assert answer.status == 400
    assert "2024-09-30.acacia" in answer.error["message"]


def test_each_response_has_a_request_id_of_its_own(shop: Shop):
    """B-1.13; the harness checks form and presence on every answer."""
    assert len({shop.raw("GET", path).headers["request-id"] for path in ("/v1/balance", "/v1/balance", "/v1/nothing")}) == 3


def test_headers_of_the_sdks_are_taken(shop: Shop):
    """B-1.15: never required, never a reason to fail."""
    sent = {
        "User-Agent": "Stripe/v1 PythonBindings/13",
        "X-Stripe-Client-User-Agent": "{not json",
        "X-Stripe-Client-Telemetry": '{"a": 1',
    }
    assert shop.raw("GET", "/v1/balance", headers=sent).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("GET", "/v1/foo"),
        ("DELETE", "/v1/refunds/re_1"),
        ("PUT", "/v1/customers"),
        ("PATCH", "/v1/customers/cus_1"),
        ("GET", "/v1/customers/"),
        ("POST", "/v1/customers/cus_1/"),
        ("GET", "/v1//customers"),
        ("GET", "/v1/customers//payment_methods"),
        ("GET", "/v1/Customers"),
        ("GET", "/v1/customers/cus_1/foo"),
        ("TRACE", "/v1/customers"),
    ],
)
def test_routes_that_are_none(shop: Shop, method: str, path: str):
    """B-1.29: 404 without code or param; there is no 405, and a slash at the end makes another route."""
    answer = shop.raw(method, path)
    assert (answer.status, answer.error["type"]) == (404, "invalid_request_error")
    assert not {"code", "param"} & set(answer.error)
    assert answer.error["message"].startswith(f"Unrecognized request URL ({method}: {path}).")


def test_parameters_are_judged_before_the_path_s_id(shop: Shop):
    """B-1.30."""
    answer = shop.raw("POST", "/v1/customers/cus_nobody", {"nmae": "A"})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "parameter_unknown", "nmae")


def test_authentication_comes_before_the_path_s_id(shop: Shop, gateway: Gateway):
    """B-1.30: who is nobody learns nothing about ids."""
    known = shop.v1.customers.create().id
    shop.raw.key = ""
    assert {shop.raw("GET", f"/v1/customers/{id}").status for id in (known, "cus_nobody")} == {401}


def test_head_is_get_without_a_body(shop: Shop):
    """B-1.31."""
    got, head = shop.raw("GET", "/v1/balance"), shop.raw("HEAD", "/v1/balance")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(got.body)))
    assert shop.raw("HEAD", "/v1/customers/cus_nobody").status == 404


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/nothing"])
def test_preflight(shop: Shop, path: str):
    """B-1.31: no key is needed."""
    shop.raw.key = ""
    answer = shop.raw("OPTIONS", path, headers={"Origin": "https://shop.example"})
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, PUT, PATCH, POST, DELETE"
    assert answer.headers["access-control-max-age"] == "300"


def test_a_browser_may_read_answers_and_errors(shop: Shop):
    """B-1.31: only responses to requests with an Origin say so."""
    for path in ("/v1/balance", "/v1/nothing"):
        answer = shop.raw("GET", path, headers={"Origin": "https://shop.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Request-Id" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-origin" not in shop.raw("GET", path).headers


@pytest.mark.parametrize("path", ["/", "/healthcheck", "/openapi.json", "/docs"])
def test_pages_that_need_no_key(gateway: Gateway, path: str):
    """B-1.32."""
    with urlopen(gateway.url + path, timeout=60) as answer:
        assert answer.status == 200


def test_a_request_line_that_is_too_long(shop: Shop):
    """B-1.27: 414, with the envelope (B-1.46)."""
    answer = shop.raw("GET", "/v1/customers?email=" + "a" * 16_384)
    assert (answer.status, answer.error["type"]) == (414, "invalid_request_error")


def test_a_body_that_is_too_large(shop: Shop):
    """B-1.27: past 1 MiB, whether it is announced or comes in parts."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    whole = shop.raw("POST", "/v1/customers", headers=form, body=b"description=" + b"a" * (1 << 20))
    assert (whole.status, whole.error["type"]) == (413, "invalid_request_error")
    parts = shop.raw.session.post(
        f"{shop.gateway.url}/v1/customers",
        data=(b"a" * 65_536 for _ in range(17)),
        headers=form | {"Authorization": f"Bearer {shop.secret}"},
    )
    assert parts.status_code == 413
    json.loads(parts.content)


def test_errors_are_never_successes_to_an_sdk(shop: Shop):
    """B-1.46: an error's body has `error`, and no success has."""
    answers: list[Answer] = [
        shop.raw("GET", path) for path in ("/v1/nothing", "/v1/customers/cus_nobody", "/v1/customers?limit=x")
    ]
    assert all(set(answer.json) == {"error"} for answer in answers)
    assert "error" not in shop.raw("GET", "/v1/balance").json
