"""API keys: what is made, what is read from a header, what of it may be shown, and how one follows another."""

import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sluice.books.audit.entries import Who
from sluice.core.errors import Refused
from sluice.merchants.keys import OVERLAP_MOST, ApiKey, Kind, digest, make, masked, parse, revoke, roll

NOW = 1_800_000_000
WHO = Who("person", "owner", "desk")


@pytest.mark.shows("S8")
@pytest.mark.parametrize("kind", ["sk", "rk", "pk", "ek"])
@pytest.mark.parametrize(("livemode", "mode"), [(False, "test"), (True, "live")])
def test_a_key_has_the_wires_form(kind: Kind, livemode: bool, mode: str) -> None:
    """B-1.2: prefix of kind and mode, then at least 24 of [A-Za-z0-9]. S8: kept as a hash, 128 bits at least."""
    text, row = make(kind, livemode, NOW)
    assert re.fullmatch(f"{kind}_{mode}_[A-Za-z0-9]{{24,}}", text)
    assert row.hash == digest(text)
    assert row.last4 == text[-4:]
    assert text[8:-4] not in repr(row) + repr(text)
    assert len(text[8:]) * 5.95 >= 128


def test_no_two_keys_are_alike() -> None:
    made = [make("sk", False, NOW) for _ in range(1000)]
    assert len({text for text, _ in made}) == len({row.id for _, row in made}) == 1000


@pytest.mark.parametrize("allowed", ["10.0.0.0/8,x", "10.0.0.1/8", "300.1.1.1", ""])
def test_a_network_that_is_none_is_refused(allowed: str) -> None:
    with pytest.raises(Refused) as refused:
        make("sk", False, NOW, allowed=allowed.split(","))
    assert refused.value.param == "networks"


def test_a_key_that_is_over_is_not_made() -> None:
    with pytest.raises(Refused) as refused:
        make("sk", False, NOW, expires=NOW)
    assert refused.value.param == "expires"


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


HEADERS = {
    "Bearer sk_test_1": "sk_test_1",
    "bearer sk_test_1": "sk_test_1",
    "BEARER   sk_test_1  ": "sk_test_1",
    basic("sk_test_1:"): "sk_test_1",
    basic("sk_test_1:a:password"): "sk_test_1",
    basic("sk_test_1"): "sk_test_1",
    basic("sk_test_1:").replace("Basic", "basic"): "sk_test_1",
    "Bearer not a key": "not a key",
    "Bearer": None,
    "Bearer ": None,
    "Basic": None,
    "Basic !!!": None,
    "Basic gICA": None,  # not UTF-8
    basic(":password"): None,
    "Digest sk_test_1": None,
    "sk_test_1": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize("header", HEADERS)
def test_the_key_of_a_header(header: str | None) -> None:
    """B-1.1: Bearer, or Basic with the key as the user and any password."""
    assert parse(header) == HEADERS[header]


@given(st.text())
def test_any_header_is_read(header: str) -> None:
    """B-1.1: whatever stands there, it is a key, shown by no repr, or none."""
    found = parse(header)
    assert found is None or (found and repr(found) == "Secret(…)")


MASKED = {
    "sk_test_" + "abcdefghijklmnopqrstuvwx1234": "sk_test_****1234",
    "rk_live_" + "abcdefghijklmnopqrstuvwx_234": "rk_live_****_234",
    "whsec_" + "abcdefghijklmnopqrstuvwx1234": "****1234",
    "sk_test_short": "sk_test_****",
    "sk_test_": "sk_test_****",
    "4242424242424242": "****4242",
    "abc": "****",
    "": "****",
    "ключ-ключ-ключ-ключ": "****",
    "sk_test_" + "abcdefghijkl\nmnopqrst": "sk_test_****",
}


@pytest.mark.parametrize("text", MASKED)
def test_a_key_is_shown_masked(text: str) -> None:
    """B-1.3: all but prefix and last four masked."""
    assert masked(text) == MASKED[text]


@given(st.text())
def test_no_key_is_echoed(text: str) -> None:
    """B-1.3: of any text no more than a mode's prefix and four characters is shown."""
    head, _, tail = masked(text).rpartition("****")
    assert len(tail) <= 4
    assert re.fullmatch("([a-z]{2,5}_(test|live)_)?", head)
    assert len(text) == 0 or text not in masked(text) or text in "****"


def test_rolled_with_an_overlap() -> None:
    """The old key is good for so long, the new one can do the same."""
    _, old = make("rk", True, NOW, name="shop", permissions={"charge": "read"}, allowed=["10.0.0.0/8"])
    text, fact = roll(WHO, 7, old, True, 3600, NOW)
    (saved,), new = fact.saved, fact.new[0]
    assert isinstance(new, ApiKey)
    assert fact.scope == 7
    assert saved == replace(old, expires=NOW + 3600, rolled_to=new.id)
    assert text.startswith("rk_live_")
    assert new.hash == digest(text) != old.hash
    kept = ("kind", "name", "permissions", "networks", "expires", "revoked", "rolled_to")
    assert all(getattr(new, name) == getattr(old, name) for name in kept)


@pytest.mark.parametrize(("expires", "ends"), [(None, NOW + 60), (NOW + 59, NOW + 59), (NOW + 61, NOW + 60)])
def test_rolling_prolongs_nothing(expires: int | None, ends: int) -> None:
    """The old key ends no later than it would have; the new one keeps that end."""
    _, old = make("sk", False, NOW, expires=expires)
    _, fact = roll(WHO, 1, old, False, 60, NOW)
    (saved,), new = fact.saved, fact.new[0]
    assert isinstance(saved, ApiKey)
    assert isinstance(new, ApiKey)
    assert (saved.expires, new.expires) == (ends, expires)


@pytest.mark.parametrize("change", [{"revoked": NOW}, {"rolled_to": "key_2"}, {"expires": NOW}])
def test_a_key_that_is_over_is_not_rolled(change: dict[str, object]) -> None:
    _, old = make("sk", False, NOW)
    with pytest.raises(Refused):
        roll(WHO, 1, replace(old, **change), False, 60, NOW)


@pytest.mark.parametrize("overlap", [-1, OVERLAP_MOST + 1])
def test_an_overlap_has_a_limit(overlap: int) -> None:
    _, old = make("sk", False, NOW)
    with pytest.raises(Refused) as refused:
        roll(WHO, 1, old, False, overlap, NOW)
    assert refused.value.param == "overlap"


def test_revoked_once() -> None:
    _, key = make("sk", False, NOW)
    (gone,) = revoke(WHO, 1, key, NOW).saved
    assert gone == replace(key, revoked=NOW)
    assert isinstance(gone, ApiKey)
    assert revoke(WHO, 1, gone, NOW + 9).saved == ()
