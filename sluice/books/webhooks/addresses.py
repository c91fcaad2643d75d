"""Where a delivery may go: the address that is really connected to is looked at, at each try (S20)."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from sluice.core.settings import Network

Address = IPv4Address | IPv6Address

# In test mode a shop may stand on this machine or in its network.
LOOPBACK = IPv6Address("::1")
NEAR = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
# What carries an IPv4 address in an IPv6 one (mapped, translated, NAT64, 6to4, Teredo), and the clouds' metadata in fc00::/7.
NEVER = tuple(
    map(
        IPv6Network,
        (
            "::/96",
            "::ffff:0:0/96",
            "::ffff:0:0:0/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2002::/16",
            "2001::/32",
            "fd00:ec2::/32",
        ),
    )
)


class AddressRefused(OSError):
    """The name leads to an address that no delivery goes to."""


def allowed(address: Address, livemode: bool, named: Sequence[Network]) -> bool:
    """Public addresses; in test mode loopback and private ones too; else only networks that the operator named."""
    if any(address in network for network in named):
        return True
    if address == LOOPBACK:  # lies in ::/96
        return not livemode
    if any(address in network for network in NEVER):
        return False
    near = any(address in network for network in NEAR)
    return (near and not livemode) or (address.is_global and not address.is_multicast)


def guard(livemode: bool, named: Sequence[Network]) -> Callable[[Any], socket.socket]:
    """Makes the socket of each connection, unless it would lead where nothing may go. Raises `AddressRefused`."""

    def make(found: Any) -> socket.socket:
        family, kind, protocol, _, where = found
        if not allowed(ip_address(where[0]), livemode, named):
            raise AddressRefused(f"{where[0]} is not an address that webhooks are sent to")
        return socket.socket(family, kind, protocol)

    return make
