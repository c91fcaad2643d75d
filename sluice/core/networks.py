"""Where a call comes from: the peer's address, and what a proxy says only if we named that proxy (S13)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from sluice.core.errors import Refused

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
LONGEST = 100  # characters of an address, with a zone and a port: a stranger's header does not fill our memory


def networks(texts: Iterable[str], param: str = "networks") -> tuple[Network, ...]:
    """`10.0.0.0/8`, `2001:db8::1`: each a network or one address; anything else is refused by `param`."""
    try:
        return tuple(ip_network(text.strip()) for text in texts)
    except ValueError as error:
        raise Refused(f"Not an IP network: {error}.", param=param) from None


def address(text: str) -> Address | None:
    """The address in `text`, an IPv4 one that came over IPv6 as IPv4; None if there is none (a socket file has no address)."""
    return parsed(text) if len(text) <= LONGEST else None


@lru_cache(4096)
def parsed(text: str) -> Address | None:
    try:
        found = ip_address(bare(text.strip()))
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def bare(text: str) -> str:
    """Without a port: some proxies write `192.0.2.1:443` and `[2001:db8::1]:443`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def within(text: str, allowed: Sequence[Network]) -> bool:
    found = address(text)
    return found is not None and any(found in network for network in allowed)


def neighbourhood(text: str) -> str:
    """Whom a call is held against: an IPv4 address; of IPv6 the /64, in which one caller may take any; else the text itself."""
    found = address(text)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found or text[:LONGEST])


def client_address(peer: str, forwarded: str | None, trusted: Sequence[Network]) -> str:
    """The caller's address. `forwarded` is X-Forwarded-For, several headers joined by commas.

    Read from the right, where our own proxies write: the first address that is not one of theirs is the caller; what
    stands further left is the caller's own word. An entry that is no address ends the walk at the proxy that wrote it.
    """
    client = str(address(peer) or peer)
    for entry in reversed((forwarded or "").split(",")):
        if not within(client, trusted) or not (before := address(entry)):
            return client
        client = str(before)
    return client
