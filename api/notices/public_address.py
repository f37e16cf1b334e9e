"""Rejects addresses that are not public: this machine's and those of private networks."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NOT_FOR_HOSTS = [
    ip_network(network)
    for network in (
        *("192.0.0.0/24", "192.88.99.0/24"),
        *("2002::/16", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23"),
    )
]
"""Reserved for protocols, or ways to other addresses (IANA's special-purpose registries)."""


class NotPublic(Exception):
    """Raised if a host is, or is a name of, an address that is not public."""


def addresses_of(host: str, port: int, *, private_allowed: bool = False) -> list[str]:
    """The addresses of a host, to connect to directly: a second lookup may give others.

    Raises NotPublic where any of them is not public, OSError where the name is not known.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private_allowed:
        for address in addresses:
            if not is_public(ip_address(address)):
                raise NotPublic(f"{host} is not a public address")
    return addresses


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address, or the IPv4 address mapped in it, is public."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.is_site_local:
            return False
    if any(address in network for network in _NOT_FOR_HOSTS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_known_not_public(host: str) -> bool:
    """Whether a host is known not to be public without a DNS lookup."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(ip_address(name.strip("[]")))
    except ValueError:
        return False
