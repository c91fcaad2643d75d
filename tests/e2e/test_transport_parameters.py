"""How parameters are written, and what is refused of them (B-1.16 to B-1.28): by hand, as no SDK would."""

from typing import Any

import pytest

from tests.harness import Answer, Shop

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


def form(shop: Shop, body: str, path: str = "/v1/customers") -> Answer:
    return shop.raw("POST", path, headers=FORM, body=body.encode())


def said(answer: Answer) -> tuple[int, Any, Any, Any]:
    error = answer.error
    return answer.status, error["type"], error.get("code"), error.get("param")


def wrong(param: str | None, code: str | None = None, status: int = 400) -> tuple[int, str, str | None, str | None]:
    return status, "invalid_request_error", code, param


def test_no_body_and_no_content_type(shop: Shop):
    """B-1.16: a request with no parameters."""
    assert shop.raw("POST", "/v1/customers", body=b"").status == 200


@pytest.mark.parametrize(
    "body",
    [
        "preferred_locales[0]=en&preferred_locales[1]=fr",
        "preferred_locales[]=en&preferred_locales[]=fr",
        "preferred_locales=en&preferred_locales=fr",
        "preferred_locales%5B0%5D=en&preferred_locales%5B1%5D=fr",
        "preferred_locales[3]=en&preferred_locales[7]=fr",
        "preferred_locales[1]=fr&preferred_locales[0]=en",
        "preferred_locales[2]=en&preferred_locales[10]=fr",
    ],
)
def test_ways_to_write_a_list(shop: Shop, body: str):
    """B-1.17: gaps close, the order is the index's."""
    assert form(shop, body).json["preferred_locales"] == ["en", "fr"]


def test_ways_to_write_a_list_of_hashes(shop: Shop):
    """B-1.17: with `[]` a key that repeats opens a new element."""
    at = "invoice_settings[custom_fields]"
    for names in (("[]",) * 4, ("[0]", "[0]", "[1]", "[1]")):
        body = "&".join(
            f"{at}{n}[{key}]={value}"
            for n, (key, value) in zip(names, [("name", "a"), ("value", "1"), ("name", "b"), ("value", "2")], strict=True)
        )
        made = form(shop, body).json["invoice_settings"]["custom_fields"]
        assert made == [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]


def test_a_hash(shop: Shop):
    """B-1.17: nested, and percent-encoded in part or whole."""
    for body in (
        "address[line1]=1 Main St&shipping[address][line1]=x&shipping[name]=N",
        "address%5Bline1%5D=1+Main%20St&shipping%5baddress%5D%5bline1]=x&shipping[name]=N",
    ):
        made = form(shop, body).json
        assert (made["address"]["line1"], made["shipping"]["address"]["line1"]) == ("1 Main St", "x")


@pytest.mark.parametrize("value", ["yes", "1", "True", "tru", "TRUE", "on"])
def test_a_boolean(shop: Shop, value: str):
    """B-1.18."""
    answer = form(shop, f"amount=2000&currency=usd&confirm={value}", "/v1/payment_intents")
    assert said(answer) == wrong("confirm")
    assert answer.error["message"] == f"Invalid boolean: {value}"


@pytest.mark.parametrize(
    "value",
    [
        "1e3",
        "10.0",
        "+5",
        "0x10",
        "1_000",
        "abc",
        "-",
        "１００",
        "%20100",
        "100%20",
        "9223372036854775808",
        "NaN",
        "1,000",
        "null",
        "٣",
    ],
)
@pytest.mark.shows("S15")
def test_an_integer(shop: Shop, value: str):
    """B-1.18: decimal digits, a minus perhaps, within 64 bits."""
    answer = form(shop, f"amount={value}&currency=usd", "/v1/payment_intents")
    assert said(answer) == wrong("amount", "parameter_invalid_integer")
    assert answer.error["message"].startswith("Invalid integer: ")


@pytest.mark.parametrize("value", [-(1 << 63), (1 << 63) - 1])
@pytest.mark.shows("S15")
def test_the_edges_of_64_bits(shop: Shop, value: int):
    """B-1.18: they are integers; what they mean is judged after (B-2.18, B-2.20), and nowhere a 500."""
    assert form(shop, f"amount={value}&currency=usd", "/v1/payment_intents").error["param"] == "amount"
    assert form(shop, f"balance={value}").json["balance"] == value
    assert shop.raw("GET", "/v1/customers", {"created": str(value)}).json["data"] == []
    assert shop.raw("GET", "/v1/events", {"created[gt]": str(value)}).status == 200
    assert shop.raw("GET", "/v1/customers", {"limit": str(value)}).status == 200


def test_the_empty_string_unsets(shop: Shop):
    """B-1.19: where the contract lists it, and for a nullable text; else it is refused, the parameter named twice."""
    made = form(shop, "name=A&description=B&email=a@b.example&metadata[k]=v").json
    for name, after in (("name", None), ("description", None), ("email", None), ("metadata", {})):
        changed = form(shop, f"{name}=", f"/v1/customers/{made['id']}").json
        assert changed[name] == after
    answer = form(shop, "amount=&currency=usd", "/v1/payment_intents")
    assert said(answer) == wrong("amount", "parameter_invalid_empty")
    assert answer.error["message"].count("amount") >= 2
    assert "cannot be unset" in answer.error["message"]


def test_a_missing_parameter(shop: Shop):
    """B-1.20: nested ones by their whole name."""
    answer = form(shop, "type=card&card[number]=4242424242424242&card[exp_year]=2040", "/v1/payment_methods")
    assert said(answer) == wrong("card[exp_month]", "parameter_missing")
    assert answer.error["message"] == "Missing required param: card[exp_month]."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("nmae=A", "Received unknown parameter: nmae"),
        ("address[lin1]=A", "Received unknown parameter: address[lin1]"),
        ("invoice_settings[custom_fields][0][nam]=A", "Received unknown parameter: invoice_settings[custom_fields][0][nam]"),
        ("x=1&y=2", "Received unknown parameters: x, y"),
        ("balance=abc&x=1", "Received unknown parameter: x"),
    ],
)
def test_an_unknown_parameter(shop: Shop, body: str, message: str):
    """B-1.21: at any depth, before any other fault."""
    answer = form(shop, body)
    assert answer.error["message"] == message
    assert said(answer) == wrong(message.partition(": ")[2].partition(",")[0], "parameter_unknown")


@pytest.mark.shows("S17")
@pytest.mark.parametrize(
    "name",
    ["status", "livemode", "id", "merchant", "scope", "fee", "client_secret", "amount_received", "created", "canceled_at"],
)
def test_what_is_the_servers_is_refused(shop: Shop, name: str):
    """B-1.21: server-owned fields are unknown parameters."""
    answer = form(shop, f"amount=2000&currency=usd&{name}=1", "/v1/payment_intents")
    assert said(answer) == wrong(name, "parameter_unknown")


@pytest.mark.parametrize(
    ("path", "body", "param", "begins"),
    [
        ("/v1/customers", "tax_exempt=maybe", "tax_exempt", "Invalid tax_exempt: must be one of exempt, none, or reverse"),
        ("/v1/customers", "name[a]=b", "name", "Invalid string"),
        ("/v1/customers", "address=here", "address", "Invalid object"),
        ("/v1/customers", "address[]=here", "address", "Invalid object"),
        ("/v1/customers", "preferred_locales=en", "preferred_locales", "Invalid array"),
        ("/v1/customers", "preferred_locales[a]=en", "preferred_locales", "Invalid array"),
        ("/v1/customers", "metadata=1", "metadata", "Invalid object"),
        ("/v1/customers", "metadata[a][b]=1", "metadata[a]", "Invalid string"),
        ("/v1/customers", "phone=" + "1" * 21, "phone", "Invalid string"),
        ("/v1/customers", "expand=charge", "expand", "Invalid array"),
        ("/v1/payment_intents", "amount=2000&currency=xxd", "currency", "Invalid currency: xxd."),
    ],
)
def test_values_of_the_wrong_kind(shop: Shop, path: str, body: str, param: str, begins: str):
    """B-1.23, B-2.22: no code, the parameter named."""
    answer = form(shop, body, path)
    assert said(answer) == wrong(param)
    assert answer.error["message"].startswith(begins)


def test_too_long_a_text(shop: Shop):
    """B-1.23: the message gives the limit and shortens the value."""
    message = form(shop, "name=" + "a" * 257).error["message"]
    assert "256" in message
    assert len(message) < 200


def test_json(shop: Shop):
    """B-1.25: the same tree, the same names; types must be right, and null is the empty string."""
    made = shop.raw(
        "POST",
        "/v1/customers",
        headers=JSON,
        body=b'{"name": "A", "address": {"line1": "x"}, "metadata": {"n": 1, "t": true}, "phone": null}',
    ).json
    assert (made["name"], made["address"]["line1"], made["metadata"], made["phone"]) == (
        "A",
        "x",
        {"n": "1", "t": "true"},
        None,
    )
    for body, param in (
        ('{"amount": "2000", "currency": "usd"}', "amount"),
        ('{"amount": 20.5, "currency": "usd"}', "amount"),
        ('{"amount": 1e3, "currency": "usd"}', "amount"),
        ('{"amount": true, "currency": "usd"}', "amount"),
        ('{"amount": 9223372036854775808, "currency": "usd"}', "amount"),
        ('{"amount": 2000, "currency": "usd", "confirm": "true"}', "confirm"),
    ):
        assert shop.raw("POST", "/v1/payment_intents", headers=JSON, body=body.encode()).error["param"] == param
    unknown = shop.raw("POST", "/v1/customers", headers=JSON, body=b'{"address": {"lin1": "x"}}')
    assert said(unknown) == wrong("address[lin1]", "parameter_unknown")


def test_reads_and_deletes_take_their_parameters_from_the_query(shop: Shop):
    """B-1.26: what the operation does not list is unknown; a body is ignored."""
    customer = shop.v1.customers.create().id
    assert said(shop.raw("GET", f"/v1/customers/{customer}?limit=1")) == wrong("limit", "parameter_unknown")
    assert said(shop.raw("GET", "/v1/customers?emial=x")) == wrong("emial", "parameter_unknown")
    assert said(shop.raw("DELETE", f"/v1/customers/{customer}?foo=1")) == wrong("foo", "parameter_unknown")
    assert shop.raw("DELETE", f"/v1/customers/{customer}", headers=FORM, body=b"foo=1").status == 200


def test_names_lose_white_space_around_them(shop: Shop):
    """B-1.28."""
    made = form(shop, "name=%20Ada%20%0A&description=%20d").json
    assert (made["name"], made["description"]) == ("Ada", "d")
