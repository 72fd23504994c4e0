"""Where webhooks may go: which addresses are public, what a URL may look like. Pure: resolves and connects nothing.

A name says nothing about where it leads, so `permitted` is asked of the address a socket is made for, each time.
What can be seen of a URL itself is refused when an endpoint is made, too (`check_url`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from yarl import URL

from shared.webhooks.sending import Network, Networks

Address = IPv4Address | IPv6Address
Refusal = Literal[
    "webhook_url_malformed",
    "webhook_url_needs_https",
    "webhook_url_holds_credentials",
    "webhook_url_host",
    "webhook_url_port",
    "webhook_address_refused",
]
HTTPS_PORT = 443
URL_CHARACTERS = 2_048


def _blocks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks in the first word of each line."""
    return tuple(ip_network(line.split()[0]) for line in text.strip().splitlines())


SPECIAL = _blocks("""
0.0.0.0/8           this network
10.0.0.0/8          private
100.64.0.0/10       carriers' NAT; Alibaba's metadata
127.0.0.0/8         loopback
168.63.129.16/32    Azure's host, although the address is a public one
169.254.0.0/16      link-local; the metadata of nearly every cloud
172.16.0.0/12       private
192.0.0.0/24        protocol assignments; Oracle's metadata
192.0.2.0/24        documentation
192.31.196.0/24     AS112
192.52.193.0/24     AMT
192.88.99.0/24      6to4 relays
192.168.0.0/16      private
192.175.48.0/24     AS112
198.18.0.0/15       benchmarks
198.51.100.0/24     documentation
203.0.113.0/24      documentation
224.0.0.0/4         multicast
240.0.0.0/4         reserved, broadcast
::/3                unspecified, loopback, v4-mapped and -compatible, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), discard
2001::/23           protocol assignments: Teredo, ORCHID, benchmarks
2001:db8::/32       documentation
2002::/16           6to4
2620:4f:8000::/48   AS112
3fff::/20           documentation
4000::/2            not given out; SRv6
8000::/1            not given out; unique local, link-local, site-local, multicast
""")
"""Addresses that are not public: only an operator opens them. IANA's registries of November 2026; of IPv6 only
2000::/3 is given out at all."""

NEVER = _blocks("""
0.0.0.0/8
100.100.100.200/32  Alibaba's metadata
168.63.129.16/32    Azure's host
169.254.0.0/16      metadata of AWS, Azure, Google, Tencent, Huawei
192.0.0.0/24
224.0.0.0/4
240.0.0.0/4
::/128
fd00:ec2::/32       AWS's metadata
fd20:ce::/32        Google's metadata
fe80::/10
ff00::/8
""")
"""No operator opens these: nothing that takes webhooks lives there, and credentials of the machine do."""

_V4_INSIDE: tuple[tuple[IPv6Network, int], ...] = (
    (ip_network("::/96"), 0),  # type: ignore[assignment]
    (ip_network("::ffff:0:0:0/96"), 0),  # SIIT
    (ip_network("64:ff9b::/96"), 0),
    (ip_network("64:ff9b:1::/48"), 0),
    (ip_network("2002::/16"), 80),
)
"""Networks whose addresses lead to an IPv4 address, and how many bits follow it. Teredo's is inverted."""
_TEREDO = IPv6Network("2001::/32")

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNSEEMLY = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"{}|^`]")
_OURSELVES = ("localhost", "local", "internal")
"""Names that never lead to the public. What else does not is refused when connecting."""


read_address = lru_cache(maxsize=4_096)(ip_address)
"""Of text. Raises ValueError. What is asked of every message sent is answered from memory."""


def special(address: Address) -> bool:
    """Not a public address."""
    return _special(_plain(address))


def permitted(address: Address, port: int, allowed: Networks = (), *, secure: bool = True) -> bool:
    """Whether a connection may be made there: the port of https anywhere in public; elsewhere what an operator opened.

    A network that holds public addresses opens only those: 0.0.0.0/0 does not open the inside.
    """
    return _permitted(_plain(address), port, frozenset(allowed), secure)


@lru_cache(maxsize=65_536)
def _permitted(place: Address, port: int, allowed: frozenset[Network], secure: bool) -> bool:
    if any(place in block for block in NEVER):
        return False
    inner = _inner(place)
    if inner is not None and not (not special(inner) or any(_holds(network, inner) for network in allowed)):
        return False
    if any(_holds(network, place) and _opens(network, port) for network in allowed):
        return True
    return secure and port == HTTPS_PORT and not _special(place)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart once: what is judged is what is sent to. `address`: when the host is one, not a name."""

    url: URL
    host: str
    port: int
    secure: bool
    address: Address | None


def check_url(url: str, allowed: Networks = ()) -> Refusal | None:
    """What can be seen to be wrong without asking for the name; None: nothing. Where it leads is seen when sending."""
    target = target_of(url)
    if not isinstance(target, Target):
        return target
    if target.address is not None:
        if permitted(target.address, target.port, allowed, secure=target.secure):
            return None
        public = not special(target.address)
        return _of_port(target) if public else "webhook_address_refused"
    if allowed and any(_opens(network, target.port) for network in allowed):
        return None
    if target.host.rpartition(".")[2] in _OURSELVES or "." not in target.host:
        return "webhook_address_refused"
    return None if target.secure and target.port == HTTPS_PORT else _of_port(target)


@lru_cache(maxsize=4_096)
def target_of(url: str) -> Target | Refusal:
    """Taken apart, its name in the form of IDNA; or why not. Names that read like numbers are refused: what one
    library takes for a name is 127.0.0.1 to another."""
    if len(url) > URL_CHARACTERS or _UNSEEMLY.search(url):
        return "webhook_url_malformed"
    try:
        read = URL(url)
        exact = URL(url, encoded=url.isascii())  # a path with a token in it is sent as it was written
    except (ValueError, LookupError):  # `https://[]@` ends in an IndexError of yarl's
        return "webhook_url_malformed"
    if read.scheme not in ("http", "https") or not read.raw_host or "#" in url:
        return "webhook_url_malformed"
    if "@" in read.raw_authority or "@" in re.split(r"[/?]", url.partition("://")[2], maxsplit=1)[0]:
        return "webhook_url_holds_credentials"
    if not read.port:
        return "webhook_url_port"
    host = read.raw_host
    address = _literal(host)
    if address is None and not _seemly(host):
        return "webhook_url_host"
    whole = URL.build(
        scheme=read.scheme,
        host=f"[{host}]" if ":" in host else host,
        port=read.explicit_port,
        path=exact.raw_path,
        query_string=exact.raw_query_string,
        encoded=True,
    )
    return Target(whole, host, read.port, read.scheme == "https", address)


def _of_port(target: Target) -> Refusal:
    return "webhook_url_port" if target.secure else "webhook_url_needs_https"


def _literal(host: str) -> Address | None:
    try:
        return read_address(host)
    except ValueError:
        return None


def _seemly(host: str) -> bool:
    """A name of the internet's letters, that no library reads as an address; without the root's dot."""
    labels = host.split(".")
    return (
        len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels) and _NUMERIC.fullmatch(labels[-1]) is None
    )


def _plain(address: Address) -> Address:
    """A v4-mapped address is the IPv4 address: the socket goes there."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=65_536)
def _special(place: Address) -> bool:
    return any(place in block for block in SPECIAL)


def _inner(place: Address) -> IPv4Address | None:
    """The IPv4 address a translator or tunnel would send it to."""
    if isinstance(place, IPv4Address):
        return None
    if place in _TEREDO:
        return IPv4Address(~int(place) & 0xFFFFFFFF)
    for block, behind in _V4_INSIDE:
        if place in block:
            return IPv4Address(int(place) >> behind & 0xFFFFFFFF)
    return None


def _holds(network: Network, place: Address) -> bool:
    if place not in network.cidr:
        return False
    return not _special(place) or any(
        network.cidr.version == block.version and network.cidr.subnet_of(block)  # type: ignore[arg-type]
        for block in SPECIAL
    )


def _opens(network: Network, port: int) -> bool:
    return not network.ports or port in network.ports
