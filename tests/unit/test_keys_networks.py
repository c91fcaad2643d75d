"""Where a call comes from: what the peer says of others counts only if we named that peer."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.errors import Refused
from sluice.core.networks import address, client_address, networks, parsed, within

PROXIES = networks(["10.0.0.0/8", "fd00::/8"])
CLIENTS = st.ip_addresses().map(str).filter(lambda text: not within(text, PROXIES))

CASES = [
    # peer, X-Forwarded-For, the caller
    ("192.0.2.1", None, "192.0.2.1"),
    ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # not a proxy of ours: its word is nothing
    ("10.0.0.1", None, "10.0.0.1"),
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
    ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),  # the left one is the caller's own invention
    ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
    ("10.0.0.1", "10.0.0.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
    ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    ("10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"),
    ("10.0.0.1", "198.51.100.7, nonsense, 10.0.0.2", "10.0.0.2"),
    ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
    ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
    ("10.0.0.1", "2001:DB8:0::1", "2001:db8::1"),
    ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
    ("::ffff:192.0.2.1", None, "192.0.2.1"),
    ("fd00::1", "::ffff:198.51.100.7", "198.51.100.7"),
    ("", "198.51.100.7", ""),  # a socket file
]


@pytest.mark.shows("S13")
@pytest.mark.parametrize(("peer", "forwarded", "client"), CASES)
def test_the_callers_address(peer: str, forwarded: str | None, client: str) -> None:
    """S13."""
    assert client_address(peer, forwarded, PROXIES) == client


@pytest.mark.shows("S13")
@given(CLIENTS, st.text())
def test_no_word_of_a_stranger_counts(peer: str, forwarded: str) -> None:
    """S13: from a peer that is no proxy of ours nothing in the header changes the address."""
    assert client_address(peer, forwarded, PROXIES) == client_address(peer, None, PROXIES)


@pytest.mark.shows("S13")
@given(CLIENTS, st.text(), st.lists(st.sampled_from(["10.0.0.2", "fd00::2"])))
def test_what_the_caller_writes_himself_never_counts(client: str, written: str, path: list[str]) -> None:
    """S13: our first proxy appends the caller's address; whatever stood before it stays without effect."""
    forwarded = ", ".join([written, client, *path])
    assert ipaddress.ip_address(client_address("10.0.0.1", forwarded, PROXIES)) == plain(client)


def plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text)
    return getattr(found, "ipv4_mapped", None) or found


@given(CLIENTS)
def test_without_named_proxies_the_peer_is_the_caller(forwarded: str) -> None:
    assert client_address("10.0.0.1", forwarded, ()) == "10.0.0.1"


@pytest.mark.parametrize("text", ["", "x", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0-10.0.0.9"])
def test_a_network_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        networks([text], "trusted_proxies")
    assert refused.value.param == "trusted_proxies"


def test_what_is_too_long_is_no_address() -> None:
    """S13: and is not remembered."""
    known = parsed.cache_info().currsize
    assert address("192.0.2.1" + " " * 1_000) is None
    assert parsed.cache_info().currsize == known
