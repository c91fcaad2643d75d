"""The walk over parameters: every value and every fault to the letter, and a second judge for what no table thought of."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sluice.core.errors import Refused
from sluice.shapes.contract import Operation, operation
from sluice.shapes.findings import Findings
from sluice.shapes.forms import decode, from_json
from sluice.shapes.parameters import below, walk
from sluice.shapes.scalars import json_number, number
from tests.unit.shapes.schemas import bent, fitting, judged

INTENT = operation("PostPaymentIntents")
GOOD = b"amount=1&currency=usd&"
JUDGED = [
    "PostPaymentIntents",
    "PostPaymentIntentsIntent",
    "PostPaymentIntentsIntentConfirm",
    "PostCustomers",
    "PostPaymentMethods",
    "PostRefunds",
    "PostWebhookEndpoints",
    "GetCharges",
    "GetEvents",
]


def form(raw: bytes, id: str = "PostPaymentIntents", served: frozenset[str] | None = None) -> dict[str, Any]:
    return walk(operation(id), decode(raw), served)


def refused(raw: bytes, id: str = "PostPaymentIntents", served: frozenset[str] | None = None) -> Refused:
    tree = from_json(raw) if raw.startswith(b"{") else decode(raw)
    with pytest.raises(Refused) as refusal:
        walk(operation(id), tree, served)
    assert refusal.value.status == 400
    return refusal.value


@pytest.mark.parametrize(
    ("raw", "key", "value"),
    [
        (b"amount=-5", "amount", -5),
        (b"amount=007", "amount", 7),
        (b"amount=9223372036854775807", "amount", (1 << 63) - 1),
        (b"currency=USD", "currency", "usd"),
        (b"confirm=true", "confirm", True),
        (b"confirm=false", "confirm", False),
        (b"off_session=true", "off_session", True),
        (b"off_session=one_off", "off_session", "one_off"),
        (b"description=%20two+words%20", "description", "two words"),
        (b"description=", "description", None),
        (b"description=+", "description", None),
        (b"statement_descriptor_suffix=%20A", "statement_descriptor_suffix", " A"),
        (b"metadata[0]=x&metadata[b]=", "metadata", {"0": "x", "b": None}),
        (b"payment_method_types[]=card", "payment_method_types", ["card"]),
        (b"payment_method_types[4]=link&payment_method_types[2]=card", "payment_method_types", ["card", "link"]),
        (b"expand=a&expand=b", "expand", ["a", "b"]),
        (b"expand[10]=c&expand[9]=b", "expand", ["b", "c"]),
        (b"shipping[name]=x&shipping[address][line1]=", "shipping", {"name": "x", "address": {"line1": None}}),
        (b"payment_method_options[card][capture_method]=", "payment_method_options", {"card": {"capture_method": None}}),
        (b"payment_method_options[card]=", "payment_method_options", {"card": None}),
    ],
)
def test_values(raw: bytes, key: str, value: object) -> None:
    """B-1.17 to B-1.19, B-1.28, B-2.22, B-2.23."""
    base = {b"amount": b"currency=usd&", b"curren": b"amount=1&"}.get(raw[:6], GOOD)
    assert form(base + raw)[key] == value


@pytest.mark.shows("S15")
@pytest.mark.parametrize(
    "amount",
    ["1e3", "10.0", "+1", " 1", "1 ", "１２", "٣", "0x1", "1_000", "-", "--1", "9223372036854775808", "9" * 400, "null", "1\n"],
)
def test_integers_are_digits(amount: str) -> None:
    """B-1.18: `Invalid integer: X`, S15."""
    fault = refused(urlencode({"amount": amount, "currency": "usd"}).encode())
    assert (fault.code, fault.param) == ("parameter_invalid_integer", "amount")
    assert fault.message.startswith(f"Invalid integer: {amount[:20]}")
    assert len(fault.message) < 80


@pytest.mark.parametrize(
    ("raw", "message", "param", "code"),
    [
        (b"", "Missing required param: amount.", "amount", "parameter_missing"),
        (GOOD + b"shipping[name]=x", "Missing required param: shipping[address].", "shipping[address]", "parameter_missing"),
        (GOOD + b"foo=1", "Received unknown parameter: foo", "foo", "parameter_unknown"),
        (GOOD + b"shipping[a][b]=1", "Received unknown parameter: shipping[a]", "shipping[a]", "parameter_unknown"),
        (b"amount=x&a=1&shipping[b]=1", "Received unknown parameters: a, shipping[b]", "a", "parameter_unknown"),
        (b"confirm=yes&amount=x", "Invalid boolean: yes", "confirm", None),
        (b"amount=x", "Invalid integer: x", "amount", "parameter_invalid_integer"),
        (GOOD + b"off_session=x", "Invalid boolean: x", "off_session", None),
        (
            GOOD + b"capture_method=x",
            "Invalid capture_method: must be one of automatic, automatic_async, or manual",
            "capture_method",
            None,
        ),
        (GOOD + b"payment_method_options[card][capture_method]=x", None, "payment_method_options[card][capture_method]", None),
        (GOOD + b"shipping=x", "Invalid object", "shipping", None),
        (GOOD + b"metadata=x", "Invalid object", "metadata", None),
        (GOOD + b"metadata[]=x", "Invalid object", "metadata", None),
        (GOOD + b"metadata[a][b]=x", "Invalid string: a hash", "metadata[a]", None),
        (GOOD + b"description[a]=x", "Invalid string: a hash", "description", None),
        (GOOD + b"description=x&description=y", "Invalid string: description is given more than once", "description", None),
        (GOOD + b"amount=2", "Invalid integer: a list", "amount", "parameter_invalid_integer"),
        (GOOD + b"expand=x", "Invalid array", "expand", None),
        (GOOD + b"expand[a]=x", "Invalid array", "expand", None),
        (GOOD + b"expand[01]=x", "Invalid array", "expand", None),
        (GOOD + b"excluded_payment_method_types[3]=x", None, "excluded_payment_method_types[3]", None),
        (GOOD + b"statement_descriptor=" + b"a" * 23, None, "statement_descriptor", None),
        (GOOD + b"customer=", None, "customer", "parameter_invalid_empty"),
        (GOOD + b"confirm=", None, "confirm", "parameter_invalid_empty"),
        (GOOD + b"expand=", None, "expand", "parameter_invalid_empty"),
        (GOOD + b"expand[]=", None, "expand[0]", "parameter_invalid_empty"),
        (b"amount=&currency=usd", None, "amount", "parameter_invalid_empty"),
        (b'{"amount":"1","currency":"usd"}', "Invalid integer: 1", "amount", "parameter_invalid_integer"),
        (b'{"amount":true,"currency":"usd"}', "Invalid integer: true", "amount", "parameter_invalid_integer"),
        (b'{"amount":1.0,"currency":"usd"}', "Invalid integer: 1.0", "amount", "parameter_invalid_integer"),
        (b'{"amount":1,"currency":"usd","confirm":"true"}', "Invalid boolean: true", "confirm", None),
        (b'{"amount":1,"currency":"usd","description":5}', "Invalid string: 5", "description", None),
        (b'{"amount":1,"currency":"usd","expand":{"0":"x"}}', "Invalid array", "expand", None),
        (b'{"amount":1,"currency":"usd","customer":null}', None, "customer", "parameter_invalid_empty"),
    ],
)
def test_faults(raw: bytes, message: str | None, param: str, code: str | None) -> None:
    """B-1.18 to B-1.25, B-2.15, S16: type, code and param always, the message where a template is given."""
    fault = refused(raw)
    assert (fault.param, fault.code, fault.type) == (param, code, "invalid_request_error")
    assert message is None or fault.message == message


def test_an_empty_string_is_told_by_name_twice() -> None:
    """B-1.19."""
    assert refused(GOOD + b"customer=").message.count("'customer'") == 2


def test_an_unknown_currency_is_told_with_the_known() -> None:
    """B-2.22: the supported ones, usd first. The Kelvin sign is no k."""
    assert refused(b"amount=1&currency=XXD").message.startswith("Invalid currency: xxd. Sluice supports: usd, aed, ")
    assert refused("amount=1&currency=h\u212ad".encode()).param == "currency"


@pytest.mark.shows("S17")
@pytest.mark.parametrize("name", ["status", "livemode", "merchant", "fee", "id", "object", "created"])
def test_what_the_server_owns_is_unknown(name: str) -> None:
    """B-1.21, S17."""
    assert refused(GOOD + name.encode() + b"=1").code == "parameter_unknown"


def test_a_long_value_is_shortened_and_a_secret_is_not_said() -> None:
    """B-1.23, Law 8."""
    assert "at most 22 characters" in refused(GOOD + b"statement_descriptor=" + b"a" * 900).message
    assert len(refused(GOOD + b"statement_descriptor=" + b"a" * 900).message) < 120
    card = b"type=card&card[exp_month]=1&card[exp_year]=30&card[number]=" + b"4242424242424242" * 400
    assert "4242" not in refused(card, "PostPaymentMethods").message


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (b"&".join(b"metadata[k%d]=v" % n for n in range(51)), "metadata"),
        (b"metadata[" + b"k" * 41 + b"]=v", "metadata[" + "k" * 41 + "]"),
        (b"metadata[k]=" + b"v" * 501, "metadata[k]"),
    ],
)
def test_metadata_has_limits(raw: bytes, param: str) -> None:
    """B-2.23: no code; at the limit it is taken."""
    fault = refused(GOOD + raw)
    assert (fault.param, fault.code) == (param, None)
    at_most = b"&".join(b"metadata[%s]=%s" % (b"k" * 38 + b"%02d" % n, b"v" * 500) for n in range(50))
    assert len(form(GOOD + at_most)["metadata"]) == 50


def test_json_metadata_becomes_text() -> None:
    """B-2.23: numbers and booleans are stringified; null deletes; a key in brackets is refused."""
    tree = from_json(b'{"amount":1,"currency":"usd","metadata":{"a":1,"b":true,"c":null,"d":1.50}}')
    assert walk(INTENT, tree)["metadata"] == {"a": "1", "b": "true", "c": None, "d": "1.50"}
    for key in ("", "a[b", "]"):
        assert (
            refused(json.dumps({"amount": 1, "currency": "usd", "metadata": {key: "x"}}).encode()).param == f"metadata[{key}]"
        )


SERVED = frozenset({"amount", "currency", "payment_method_data[card]", "payment_method_data[type]"})


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (b"transfer_group=x", "transfer_group"),
        (b"transfer_group=", "transfer_group"),
        (b"shipping[name]=x", "shipping"),
        (b"payment_method_data[billing_details][name]=x", "payment_method_data[billing_details]"),
        (b"confirm=nonsense", "confirm"),
    ],
)
def test_what_we_do_not_serve_is_refused_by_name(raw: bytes, param: str) -> None:
    """DESIGN 1: before other faults, after unknown names."""
    fault = refused(b"amount=x&" + raw, served=SERVED)
    assert (fault.param, fault.code) == (param, None)
    assert fault.message == f"Sluice does not serve the parameter {param} yet."
    assert refused(raw + b"&shipping[zz]=1", served=SERVED).code == "parameter_unknown"


def test_what_we_serve_passes_with_its_subtree_and_its_parents() -> None:
    """`payment_method_data[card]` serves the card's fields; `expand` is always served (B-3.19)."""
    card = b"payment_method_data[card][number]=4&payment_method_data[card][exp_month]=1&payment_method_data[card][exp_year]=30"
    values = form(GOOD + card + b"&payment_method_data[type]=card&expand[]=customer", served=SERVED)
    assert values["payment_method_data"] == {"type": "card", "card": {"number": "4", "exp_month": 1, "exp_year": 30}}
    assert values["expand"] == ["customer"]
    assert below(frozenset({"a", "a[b]", "c[][d]"})) == {"a": None, "c": {"": {"d": None}}}


def test_a_hint_says_what_to_do_instead() -> None:
    with pytest.raises(Refused, match=r"transfer_group yet\. Use metadata\."):
        walk(INTENT, decode(GOOD + b"transfer_group=x"), SERVED, {"transfer_group": "Use metadata."})


def test_of_two_forms_the_fitting_one_is_taken() -> None:
    """B-1.23: a raw card, or a token; what belongs to neither is told by the nearer one."""
    assert form(b"type=card&card[token]=tok_visa", "PostPaymentMethods")["card"] == {"token": "tok_visa"}
    assert refused(b"type=card&card[exp_month]=1", "PostPaymentMethods").param == "card[exp_year]"
    assert refused(b"type=card&card[token]=t&card[zz]=1", "PostPaymentMethods").param == "card[zz]"


def test_ranges_and_single_times() -> None:
    """B-3.7, B-1.26: GET takes them from the query."""
    assert form(b"created=5", "GetCharges")["created"] == 5
    assert form(b"created[gt]=5&created[lte]=9", "GetCharges")["created"] == {"gt": 5, "lte": 9}
    assert refused(b"created[eq]=5", "GetCharges").param == "created[eq]"
    assert refused(b"created[gt]=x", "GetCharges").param == "created[gt]"
    assert refused(b"customer=", "GetCharges").code == "parameter_invalid_empty"


def test_decimals_are_exact() -> None:
    """B-1.18: `Invalid decimal: X`; no float comes near."""
    findings = Findings()
    assert number("0.10", "p", findings) == Decimal("0.10")
    assert json_number(Decimal("2.50"), "p", findings) == Decimal("2.50")
    assert findings.clean
    assert number("1e3", "p", findings) is None
    assert findings.fault is not None
    assert findings.fault.message == "Invalid decimal: 1e3"


def accepted(found: Operation, raw: bytes) -> bool:
    try:
        walk(found, from_json(raw))
    except Refused:
        return False
    return True


@pytest.mark.parametrize("id", JUDGED)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_json_schema_judges_the_same(id: str, data: st.DataObject) -> None:
    """B-1.18 to B-1.25: on typed input the contract's own JSON Schema accepts exactly what we accept."""
    found = operation(id)
    tree = data.draw(bent(found.parameters))
    if isinstance(tree, dict):
        schema = Draft202012Validator(judged(found.parameters))
        assert accepted(found, json.dumps(tree).encode()) == schema.is_valid(tree), list(schema.iter_errors(tree))


@pytest.mark.parametrize("id", JUDGED)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_form_means_what_the_same_json_means(id: str, data: st.DataObject) -> None:
    """B-1.25."""
    found = operation(id)
    tree = data.draw(fitting(found.parameters))
    typed = walk(found, from_json(json.dumps(tree).encode()))
    assert typed == walk(found, decode(urlencode(pairs(tree)).encode()))


def pairs(node: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(node, dict):
        return [pair for key, value in node.items() for pair in pairs(value, f"{name}[{key}]" if name else key)]
    if isinstance(node, list):
        return [pair for n, value in enumerate(node) for pair in pairs(value, f"{name}[{n}]")]
    return [(name, str(node).lower() if isinstance(node, bool) else str(node))]
