"""One POST to somebody else's address: checked when connecting, bounded in time and bytes, no redirects.

Answers with what came of it and never raises for what a receiver did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, Protocol

Fault = Literal[
    "refused_address",  # not a public address, nor one the operator allows
    "dns",  # no such name
    "connect",  # refused, reset, unreachable
    "tls",
    "timeout",
    "protocol",  # an answer that is not HTTP
    "own_dns",  # our own resolver failed: not the receiver's fault
    "own_proxy",  # our own way out failed: not the receiver's fault
    "unsendable",  # no body could be made of the event: a defect of ours, of this event alone
    "own_network",  # we are out of sockets, or have no network at all: not the receiver's fault
]
UNSENDABLE: Fault = "unsendable"
OURS: frozenset[str] = frozenset(("own_dns", "own_proxy", "own_network"))
"""Faults that are not charged to the receiver."""

USER_AGENT = "Dakehu-Webhooks/1"
"""As whom receivers see us, whatever is sent."""
KEPT_BYTES = 2_048
"""Of an answer so much is kept; more is read up to READ_BYTES and dropped."""
READ_BYTES = 65_536
DEADLINE_SECONDS = 20.0
"""For all of it: name, connection, TLS, request and the answer."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network an operator lets a tenant's endpoints be in. `ports`: those alone; none: any."""

    cidr: IPv4Network | IPv6Network
    ports: frozenset[int] = frozenset()

    @classmethod
    def of(cls, cidr: str, *ports: int) -> Network:
        """Raises ValueError: not a network."""
        return cls(ip_network(cidr), frozenset(ports))


Networks = Collection[Network]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt. Either `status` or `fault`. A status counts however the answer's body ended.

    `body`: its first bytes, to be kept and shown; never of an address inside. `heard`: the same from any address: for
    the proof of control alone, to be neither kept nor shown. `webhook`: headers of the answer whose name begins with
    `webhook-`, in lower case. `retry_after`: as it was sent. `skew`: receiver's clock less ours, in seconds."""

    status: int | None
    took_ms: float
    fault: Fault | None = None
    error: str | None = None
    body: bytes = b""
    heard: bytes = field(default=b"", repr=False)
    webhook: Mapping[str, str] = field(default_factory=dict)
    retry_after: str | None = None
    skew: float | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Sends(Protocol):
    """What posts: the real one, or a test's."""

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        allowed: Networks = (),
        deadline: float = DEADLINE_SECONDS,
    ) -> Answer: ...


class Asks(Sends, Protocol):
    """What posts and also asks beforehand: the handshake of CloudEvents is an OPTIONS to the same address."""

    async def options(
        self, url: str, headers: Mapping[str, str], *, allowed: Networks = (), deadline: float = DEADLINE_SECONDS
    ) -> Answer: ...
