"""Where deliveries may go (S20)."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis.strategies import ip_addresses

from sluice.books.webhooks.addresses import AddressRefused, allowed, guard

NEVER = [
    "0.0.0.0", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    "192.0.2.1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "fe80::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
]  # fmt: skip
NEAR = ["127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "fd12::1"]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111"]


@pytest.mark.shows("S20")
@pytest.mark.parametrize("text", NEVER)
@pytest.mark.parametrize("livemode", [False, True])
def test_what_no_webhook_reaches(text: str, livemode: bool) -> None:
    """S20: mapped, link-local, metadata, CGNAT, NAT64 in both modes, unless the operator names them."""
    address = ip_address(text)
    assert not allowed(address, livemode, ())
    assert allowed(address, livemode, [ip_network(text)])


@pytest.mark.shows("S20")
@pytest.mark.parametrize("text", NEAR)
def test_this_machine_and_its_network_are_for_test_mode(text: str) -> None:
    """S20: in live mode only if the operator names the network."""
    assert allowed(ip_address(text), False, ())
    assert not allowed(ip_address(text), True, ())
    assert allowed(ip_address(text), True, [ip_network(text)])


@pytest.mark.parametrize("text", PUBLIC)
@pytest.mark.parametrize("livemode", [False, True])
def test_the_public_network_is_open(text: str, livemode: bool) -> None:
    """S20."""
    assert allowed(ip_address(text), livemode, ())


@pytest.mark.shows("S20")
@given(ip_addresses())
def test_live_mode_reaches_public_addresses_only(address: object) -> None:
    """S20, for all addresses."""
    known = ip_address(str(address))
    if allowed(known, True, ()):
        assert known.is_global
        assert allowed(known, False, ())


@pytest.mark.shows("S20")
def test_the_socket_is_refused_not_the_name() -> None:
    """S20: the address that is connected to, at each try."""
    make = guard(True, ())
    with pytest.raises(AddressRefused):
        make((2, 1, 6, "", ("127.0.0.1", 80)))
    make((2, 1, 6, "", ("8.8.8.8", 80))).close()
