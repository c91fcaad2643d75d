"""Fuzzed: what callers write into the head of a request, and the signature that our webhooks bear."""

import re
from base64 import b64encode
from contextlib import suppress
from ipaddress import ip_network

import stripe

from sluice.api.requests import Asked
from sluice.books.webhooks.signature import sign
from sluice.core.errors import Refused
from sluice.core.networks import address, client_address, neighbourhood, networks, within
from sluice.core.secrets import Secret
from sluice.merchants.keys import masked, parse
from sluice.shapes.routes import route

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
SECRET, AT, BODY = Secret("whsec_" + "1" * 32), 1_800_000_000, b'{"id": "evt_1"}'
OURS = sign([SECRET], AT, BODY)
KEYS = [b"Bearer sk_test_" + b"0" * 9, b"Basic " + b64encode(b"pk_live_" + b"0" * 9 + b":"), b"bearer x", b"Basic ="]
PROXIES = [b"10.0.0.1, 192.0.2.1:443, [2001:db8::1]:80", b"::ffff:10.0.0.1,1.2.3.4", b"unknown, fe80::1%eth0", b"10.0.0.0/8"]
LINES = [
    b"/v1/payment_intents/pi_1/confirm\0a=1\x002026-05-27.dahlia\0acct_1\0k",
    b"/v1/customers/%C3%A9\0limit=1\x002024-09-30; x=v1\0\0",
    b"/v1/balance_transactions/%00\x00\x002019-01-01\0acct_2\0" + b"k" * 256,
]
SIGNATURES = [OURS.encode(), OURS.encode() + b",v1=00", b"t=1,v1=", b"v1=" + OURS.encode(), b"t=,t=1,v0=x"]


def authorization(raw: bytes) -> None:
    """A key or none; a key that is read is read the same from either form, and never shown whole (B-1.1, B-1.3)."""
    key = parse(raw.decode("latin-1"))
    if key is None:
        return
    assert key == key.strip() != ""
    assert parse(f"Bearer {key}") == key
    if ":" not in key:
        assert parse("Basic " + b64encode(key.encode()).decode()) == key
    shown = masked(key)
    assert len(shown) <= len("abcde_test_****1234")
    assert key not in shown or len(key) <= len("abcde_test_")


def proxies(raw: bytes) -> None:
    """The caller's address is the peer's, or one that a named proxy wrote; it is ours only if nobody else is named (S13)."""
    text = raw.decode("latin-1")
    peer, _, forwarded = text.partition("|")
    found = client_address(peer, forwarded, TRUSTED)
    assert len(neighbourhood(found)) <= 100
    entries = [str(known) for each in forwarded.split(",") if (known := address(each))]
    assert found in (str(address(peer) or peer), *entries)
    assert within(peer, TRUSTED) or found == str(address(peer) or peer)
    assert client_address(found, None, TRUSTED) == found
    with suppress(Refused):
        assert networks([text])


def line(raw: bytes) -> None:
    """A request's path, query, version, account and key: taken or refused, and ids are texts without NUL."""
    path, query, version, account, key = (raw.split(b"\0", 4) + [b""] * 4)[:5]
    sent = {b"stripe-version": version, b"stripe-account": account, b"stripe-context": account, b"idempotency-key": key}
    scope = {"method": "POST", "path": "", "raw_path": path, "query_string": query, "headers": [*sent.items()]}
    asked = Asked(scope, None)  # type: ignore[arg-type]  # nothing is received
    for judge in (asked.check_line, asked.check_version, lambda: asked.check_account("acct_1"), asked.idempotency_key):
        with suppress(Refused):
            judge()
    with suppress(Refused):
        found = route("POST", asked.path)
        for id in found[1].values() if found else ():
            assert id
            assert "\0" not in id
            id.encode()


def signature(raw: bytes) -> None:
    """The official SDK takes no header for our body but one that holds the mark which our signer makes (B-5.81)."""
    text = raw.decode("latin-1")
    try:
        stripe.WebhookSignature.verify_header(BODY.decode(), text, SECRET)  # type: ignore[no-untyped-call]
    except (stripe.SignatureVerificationError, ValueError, TypeError):  # the last two are the SDK's own, of junk
        return
    times = [int(found) for found in re.findall(r"t=(\d+)", text)]
    assert any(sign([SECRET], at, BODY).partition(",")[2] in text for at in times)
