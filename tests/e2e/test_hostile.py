"""What only an attacker sends: refused by name, never a 500, and the gateway is well afterwards (S15 to S17, S26)."""

import gzip
import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.harness import Gateway, Shop

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def still_well(gateway: Gateway, shop: Shop) -> Iterator[None]:
    """After every attack the next caller is served, and no defect is in the log."""
    log = gateway.processes["api"].log
    before = log.stat().st_size
    yield
    assert shop.raw("GET", "/v1/balance").status == 200
    assert not re.search(rb'"event": *"(defect|unavailable)"', log.read_bytes()[before:])


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ("name=A&name=B", "name"),
        ("name=A&name[a]=B", "name[a]"),
        ("address[line1]=A&address=B", "address"),
        ("address[line1]=A&address[line1]=B", "address[line1]"),
        ("preferred_locales[0]=en&preferred_locales[]=fr", "preferred_locales[]"),
        ("preferred_locales[0]=en&preferred_locales[0]=fr", "preferred_locales[0]"),
        ("name=a%00b", "name"),
        ("metadata[k]=a%00b", "metadata[k]"),
        ("metadata[a%00b]=1", "metadata[a%00b]"),
        ("name=%ff%fe", "name"),
        ("metadata[k]=%c3%28", "metadata[k]"),
        ("name=%ed%a0%80", "name"),
        ("a" + "[a]" * 20 + "=1", None),
        ("metadata" + "[a]" * 5 + "=1", "metadata[a]"),
        ("name[=1", "name["),
        ("name]=1", "name]"),
        ("[name]=1", "[name]"),
        ("name[a]b=1", "name[a]b"),
        ("a" * 600 + "=1", None),
        ("&".join(f"metadata[k{n}]=1" for n in range(1_001)), None),
        ("&".join(f"metadata[k{n}]=1" for n in range(51)), "metadata"),
        ("=1", ""),
        ("metadata[]=1", "metadata"),
        ("preferred_locales[99999999999999999999]=en&preferred_locales[-1]=fr", "preferred_locales"),
        ("preferred_locales[٣]=en", "preferred_locales"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.shows("S16")
def test_forms(shop: Shop, body: str, param: str | None):
    """S16: a parameter never has two meanings (B-1.17, B-1.28); B-2.23."""
    answer = shop.raw("POST", "/v1/customers", headers=FORM, body=body.encode())
    assert answer.status == 400
    if param is not None:
        assert answer.error.get("param", "") == param


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"1",
        b'"a"',
        b'{"name": "a", "name": "b"}',
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"name": "\xff"}',
        b'{"balance": 1e400}',
        b'{"balance": NaN}',
        b'{"balance": Infinity}',
        b'{"balance": ' + b"9" * 5_000 + b"}",
        b'{"metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"metadata": {' + b",".join(b'"k%d": 1' % n for n in range(5_000)) + b"}}",
        b'{"' + b"a" * 100_000 + b'": 1}',
        b'{"name": {"a": [1]}}',
        b'{"preferred_locales": {"0": "en"}}',
        b'{"preferred_locales": [[["en"]]]}',
        b'{"metadata": {"a[b]": 1}}',
        b'{"metadata": {"a": 1e99999999999999999999}}',
        b'{"metadata": {"": 1}}',
        b'{"metadata": [1]}',
        b"\xef\xbb\xbf{}",
        b'{"expand": [""]}',
        b'{"expand": [1]}',
    ],
    ids=lambda body: repr(body[:30]),
)
@pytest.mark.shows("S16")
def test_json(shop: Shop, body: bytes):
    """S16, B-1.25."""
    assert shop.raw("POST", "/v1/customers", headers=JSON, body=body).status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Encoding": "gzip"} | FORM, 415),
        ({"Content-Encoding": "br"} | JSON, 415),
        ({"Content-Type": "text/xml"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Idempotency-Key": ""} | FORM, 400),
        ({"Idempotency-Key": "k" * 256} | FORM, 400),
        ({"Stripe-Context": "ws_1"} | FORM, 400),
        ({"Stripe-Account": "acct_other"} | FORM, 403),
    ],
    ids=str,
)
@pytest.mark.shows("S16")
def test_headers(shop: Shop, headers: dict[str, str], status: int):
    """S16: a compressed body is not unpacked; B-1.33, B-1.9, B-1.10."""
    answer = shop.raw("POST", "/v1/customers", headers=headers, body=gzip.compress(b"name=" + b"a" * (1 << 20)))
    assert answer.status == status


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/customers/%00", 400),
        ("/v1/customers/%ff", 400),
        ("/v1/customers/cus_%C3%28", 400),
        ("/v1/customers/" + "a" * 10_000, 404),
        ("/v1/customers/..%2f..%2fetc%2fpasswd", 404),
        ("/v1/customers/' or 1=1--", 404),
        ("/v1/customers/%20cus_1", 404),
        ("/v1/customers/%E2%80%AE", 404),
        ("/v1/customers?starting_after=%00", 400),
        ("/v1/customers?starting_after=' or true--", 400),
        ("/v1/customers?created[gt]=1&created[gt]=2", 400),
        ("/v1/customers?created[foo]=1", 400),
        ("/v1/customers?created=", 400),
        ("/v1/customers?email=%00", 400),
        ("/v1/customers?limit=1&limit=2", 400),
        ("/v1/customers?limit[]=1", 400),
        ("/v1/events?types[]=%00", 400),
        ("/v1/events?type=%25", 200),
        ("/v1/events?type=*", 200),
        ("/v1/events?type=", 400),
        ("/v1/payment_intents?customer=%ff", 400),
        ("/v1/customers?" + "&".join(["limit=1"] * 1_500), 400),
    ],
    ids=lambda value: str(value)[:60],
)
@pytest.mark.shows("S16", "S18")
def test_paths_and_queries(shop: Shop, path: str, status: int):
    """B-1.28, S18: what looks like SQL is an id that names nothing."""
    assert shop.raw("GET", path).status == status


@pytest.mark.shows("S6")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers/4242424242424242",
        "/v1/customers/4242%204242%204242%204242",
        "/v1/customers?email=378282246310005",
        "/v1/payment_methods?type=4242-4242-4242-4242",
        "/v1/4242424242424242",
    ],
)
def test_a_card_number_in_a_url(gateway: Gateway, shop: Shop, path: str):
    """S6: refused, whoever asks and whatever for, and not in our own log; a time or an order's number is none."""
    answer = shop.raw("GET", path)
    assert (answer.status, answer.error.get("code")) == (400, None)
    assert "URL" in answer.error["message"]
    log = gateway.processes["api"].log.read_text()
    assert not [number for number in ("4242424242424242", "4242-4242-4242-4242", "378282246310005") if number in log]
    assert shop.raw("GET", "/v1/customers?created[gt]=1000000000008").status == 200


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/payment_methods", "type=card&card[number]=4242424242424242&card[exp_month]=0&card[exp_year]=2040", "exp_month"),
        ("/v1/payment_methods", "type=card&card[number]=4242424242424242&card[exp_month]=13&card[exp_year]=2040", "exp_month"),
        (
            "/v1/payment_methods",
            "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=9223372036854775807",
            "exp_year",
        ),
        (
            "/v1/payment_methods",
            "type=card&card[number]=４２４２４２４２４２４２４２４２&card[exp_month]=12&card[exp_year]=2040",
            "number",
        ),
        ("/v1/payment_methods", "type=card&card[number]=4242424242424241&card[exp_month]=12&card[exp_year]=2040", "number"),
        (
            "/v1/payment_methods",
            "type=card&card[number]=" + "4" * 5_001 + "&card[exp_month]=12&card[exp_year]=2040",
            "card[number]",
        ),
        (
            "/v1/payment_methods",
            "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2040&card[cvc]=12",
            "cvc",
        ),
        (
            "/v1/payment_methods",
            "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2040&card[cvc]=１２３",
            "cvc",
        ),
        ("/v1/payment_methods", "type=card&card[token]=tok_nothing", "token"),
        ("/v1/payment_methods", "type=card&card=1", "card"),
        ("/v1/payment_methods", "type=card", "card"),
        ("/v1/payment_methods", "card[token]=tok_visa", "type"),
        ("/v1/webhook_endpoints", "url=javascript:alert(1)&enabled_events[]=*", "url"),
        ("/v1/webhook_endpoints", "url=http://[::1&enabled_events[]=*", "url"),
        ("/v1/webhook_endpoints", "url=http://a:99999/&enabled_events[]=*", "url"),
        ("/v1/webhook_endpoints", "url=https://x.example&enabled_events[]=nothing", "enabled_events[0]"),
        ("/v1/webhook_endpoints", "url=http://u:p@x.example/&enabled_events[]=*&api_version=2019-01-01", "api_version"),
        ("/v1/customers", "email=a@@b", "email"),
        ("/v1/customers", "email=a b@c.example", "email"),
        ("/v1/customers", "invoice_prefix=a-b", "invoice_prefix"),
        ("/v1/customers", "invoice_prefix=" + "A" * 13, "invoice_prefix"),
        ("/v1/refunds", "amount=1", None),
        ("/v1/charges", "amount=２０００&currency=usd", "amount"),
    ],
    ids=lambda value: str(value)[:60],
)
@pytest.mark.shows("S15", "S16")
def test_values(shop: Shop, path: str, body: str, param: str | None):
    """B-5.61, B-5.70, B-2.24: 4xx with the parameter; a card's number or code is never repeated (S4)."""
    answer = shop.raw("POST", path, headers=FORM, body=body.encode())
    assert 400 <= answer.status < 500
    assert answer.error.get("param") == param
    assert "42424242" not in answer.body.decode()


@pytest.mark.shows("S1")
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/payment_intents", "payment_method"),
        ("/v1/payment_intents", "customer"),
        ("/v1/payment_methods/pm_none/attach", "customer"),
    ],
)
def test_a_card_number_for_an_id(shop: Shop, path: str, name: str):
    """S1, B-1.38: what was judged against a row is kept under the key, the number is not."""
    params = {name: "4242424242424242"} | ({"amount": "1000", "currency": "usd"} if path == "/v1/payment_intents" else {})
    answer = shop.raw("POST", path, params, headers={"Idempotency-Key": "k"})
    assert answer.error["code"] == "resource_missing"
    assert "…4242" in answer.error["message"]
    assert "42424242" not in answer.body.decode()


@pytest.mark.shows("S16")
@pytest.mark.parametrize(
    "wire",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /v1/balance HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nname=A",
        b"POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/x HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"POST /v1/customers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=lambda wire: repr(wire[-40:]),
)
def test_bytes_that_are_no_request(gateway: Gateway, wire: bytes):
    """S16: smuggled lengths and garbage end in a 4xx or a closed line, never in two answers."""
    with socket.create_connection(("127.0.0.1", urlsplit(gateway.url).port or 0), timeout=10) as line:
        line.sendall(wire)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    assert answer[9:10] in (b"4", b"")
    assert answer.count(b"HTTP/1.1 ") <= 1
    head, _, body = answer.partition(b"\r\n\r\n")
    assert not answer or (b"request-id: req_" in head.lower() and set(json.loads(body)) == {"error"})
