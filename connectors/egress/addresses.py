"""Which IP addresses a tool may connect to: the public internet, and where an admin declared it the inside network.

Sources: IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and its successors), RFC 6052
(NAT64), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP), and the clouds' pages on their metadata services.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


_METADATA = _networks(
    "169.254.169.254/32",  # nearly every cloud
    "169.254.170.0/24",  # credentials of containers
    "100.100.100.200/32",  # Alibaba
    "168.63.129.16/32",  # Azure's own agent, an address that looks public
    "192.0.0.192/32",  # Oracle
    "fd00:ec2::/32",  # Amazon over IPv6
    "fd20:ce::/32",  # Google over IPv6
)
_NEVER = _networks(
    "0.0.0.0/8",  # this network: many systems take it for themselves
    "169.254.0.0/16",  # link-local
    "192.0.0.0/24",
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",  # 6to4 relays
    "192.175.48.0/24",
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
)
_INSIDE = _networks("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_INSIDE_6 = _networks("::1/128", "fc00::/7")
_PUBLIC_6 = ip_network("2000::/3")
_NEVER_6 = _networks(
    "2001::/23",  # protocols of the IETF: Teredo, ORCHID, benchmarks
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4
    "2620:4f:8000::/48",
    "3fff::/20",  # documentation
)
_ISATAP = (0x5EFE, 0x02005EFE)


def forbidden(address: Address, *, internal: bool) -> str:
    """Why a tool may not connect there; empty when it may. `internal`: an admin declared the host to be inside.

    Forms of IPv6 that carry an IPv4 address (mapped, compatible, 6to4, NAT64, Teredo, ISATAP) are refused whatever they
    carry: nobody needs them, and each is a second spelling of an address that this file would refuse.
    """
    if getattr(address, "scope_id", None):
        return "it names a zone of this machine"
    if _in(address, _METADATA):
        return "it gives a machine its own credentials"
    if isinstance(address, IPv4Address):
        return _forbidden_4(address, internal)
    return _forbidden_6(address, internal)


def checked(texts: Iterable[str], *, internal: bool) -> tuple[str, list[Address]]:
    """Why none of these may be used, or the addresses in their order, each once. One bad address spoils all: who
    answers for a name with a good and a bad one is trying which of them we take."""
    found: list[Address] = []
    for text in texts:
        try:
            address = ip_address(text)
        except ValueError:
            return "it has an address that is none", []
        if why := forbidden(address, internal=internal):
            return why, []
        if address not in found:
            found.append(address)
    return ("", found) if found else ("it has no address", [])


def _forbidden_4(address: IPv4Address, internal: bool) -> str:
    if _in(address, _NEVER):
        return "it is no address of a host"
    if _in(address, _INSIDE):
        return "" if internal else "it is an address inside, and the host is not declared to be there"
    return "" if address.is_global else "it is no public address"


def _forbidden_6(address: IPv6Address, internal: bool) -> str:
    if _in(address, _INSIDE_6):
        return "" if internal else "it is an address inside, and the host is not declared to be there"
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return "it carries another address"
    if address not in _PUBLIC_6 or _in(address, _NEVER_6):
        return "it is no address of a host, or carries another address"
    return "" if address.is_global else "it is no public address"


def _in(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
