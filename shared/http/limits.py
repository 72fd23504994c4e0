"""How much a principal, a tenant and a client address may ask of this process. Counts in memory; knows no route.

Every policy is a bucket that refills evenly (GCRA: one number a key, the instant at which the bucket is full again).
Each process takes its part of a budget: `DAKEHU_LIMIT_PROCESSES` says into how many parts it is cut. See decision 0016.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from math import ceil
from typing import Literal, NamedTuple

from fastapi import Request

from shared.http.call import Call, call_of
from shared.http.problem import Problem
from shared.identity.principal import Principal
from shared.settings import Settings
from shared.telemetry import DENIALS

Kind = Literal["reads", "commands", "heavy", "lookups"]
KINDS: tuple[Kind, ...] = ("reads", "commands", "heavy", "lookups")

WINDOW_SECONDS = 60
MOST_KEYS = 50_000
"""Keys one policy remembers, some 10 MB: beyond it those that are full again go, then those first seen."""
LOOKING = frozenset(("GET", "HEAD", "OPTIONS"))

PRODUCTION: dict[str, int] = {
    "reads": 3_000,
    "tenant_reads": 60_000,
    "commands": 1_800,
    "tenant_commands": 36_000,
    "heavy": 120,
    "tenant_heavy": 1_200,
    "lookups": 30,
    "tenant_lookups": 600,
    "failures": 60,
}
"""Requests a minute where the setting is left out. In development a limit that is left out is off."""


class Policy(NamedTuple):
    """At most `quota` at once, and as many again evenly over the window."""

    name: str
    quota: int
    window: int = WINDOW_SECONDS

    @property
    def said(self) -> str:
        """As `RateLimit-Policy` has it."""
        return f'"{self.name}";q={self.quota};w={self.window}'


class Buckets:
    """One policy's bucket for each key."""

    def __init__(self, policy: Policy, *, most: int = MOST_KEYS) -> None:
        self.policy = policy
        self.most = most
        self._step = policy.window / policy.quota
        self._full_at: dict[bytes, float] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def wait(self, key: bytes, now: float) -> float:
        """Seconds until one more may be taken; 0 when now."""
        full_at = self._full_at.get(key, now)
        return max(0.0, full_at + self._step - now - self.policy.window) if full_at > now else 0.0

    def take(self, key: bytes, now: float, count: int = 1) -> tuple[int, int]:
        """Take one, or several. How many are left, and in how many seconds the bucket is full again."""
        known = self._full_at.get(key)
        full_at = (known if known is not None and known > now else now) + self._step * count
        if known is None and len(self._full_at) >= self.most:
            self._make_room(now)
        self._full_at[key] = full_at
        return self.left(full_at - now), ceil(full_at - now)

    def left(self, until_full: float) -> int:
        return max(0, int((self.policy.window - until_full) / self._step + 1e-9))

    def _make_room(self, now: float) -> None:
        kept = [(key, full_at) for key, full_at in self._full_at.items() if full_at > now]
        self._full_at = dict(kept[-(self.most // 2) :])


class Limits:
    """The policies of one service in one process."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kinds: dict[str, tuple[Buckets | None, Buckets | None, bytes]] = {}
        for kind in KINDS:
            one = _buckets(settings, kind)
            all_ = _buckets(settings, f"tenant_{kind}")
            if one is not None or all_ is not None:
                said = ", ".join(buckets.policy.said for buckets in (one, all_) if buckets is not None)
                self._kinds[kind] = one, all_, said.encode()
        self._failures = _buckets(settings, "failures")

    def admit(self, call: Call, principal: Principal) -> None:
        """Count one request, a read or a command by its method. Raises Problem (429)."""
        if self._kinds:
            self.spend("reads" if call.scope["method"] in LOOKING else "commands", call, principal)

    def spend(self, kind: Kind, call: Call, principal: Principal) -> None:
        """Take one of this kind from the principal's bucket and the tenant's, or of neither. Raises Problem (429)."""
        found = self._kinds.get(kind)
        if found is None or call.counted:
            return
        one, all_, said = found
        now = self._clock()
        tenant = principal.tenant_id.bytes
        person = tenant + (principal.viewer_id or principal.person_id).bytes
        call.headers.append((b"ratelimit-policy", said))
        for buckets, key in ((one, person), (all_, tenant)):
            if buckets is not None and (wait := buckets.wait(key, now)):
                call.headers.append((b"ratelimit", b'"%b";r=0;t=%d' % (buckets.policy.name.encode(), ceil(wait))))
                DENIALS.labels(call.kit.service, "too_many_requests").inc()
                raise too_many(buckets.policy, wait)
        name = kind.encode()
        left, reset = one.take(person, now) if one is not None else (None, 0)
        if all_ is not None:
            of_all, reset_of_all = all_.take(tenant, now)
            if left is None or of_all < left:  # the one that ends first is the one to know
                name, left, reset = b"tenant-" + name, of_all, reset_of_all
        call.headers.append((b"ratelimit", b'"%b";r=%d;t=%d' % (name, left or 0, reset)))

    def charge(self, kind: Kind, principal: Principal, count: int) -> None:
        """Take so many more for a request that is admitted and holds several: the next ones wait for them."""
        one, all_, _ = self._kinds.get(kind, (None, None, b""))
        now, tenant = self._clock(), principal.tenant_id.bytes
        for buckets, key in ((one, tenant + (principal.viewer_id or principal.person_id).bytes), (all_, tenant)):
            if buckets is not None and count > 0:
                buckets.take(key, now, count)

    async def trying(self, call: Call, authenticate: Callable[[Call], Awaitable[Principal]]) -> Principal:
        """Authenticate, unless this client address has failed too often of late. Raises Problem (429)."""
        failures = self._failures
        given = call.given.get(b"authorization")
        if failures is None or given is None or given in call.kit.principals:
            return await authenticate(call)  # who shows nothing costs nothing, and guesses nothing
        address = of_address(call)
        if wait := failures.wait(address, self._clock()):
            DENIALS.labels(call.kit.service, "too_many_failures").inc()
            raise too_many(failures.policy, wait)
        try:
            return await authenticate(call)
        except Problem as problem:
            if problem.status == 401:
                failures.take(address, self._clock())
            raise

    def open_to(self, call: Call) -> None:
        """For what is told without a credential. Raises Problem (429) to an address that guessed too often of late."""
        if self._failures is not None and (wait := self._failures.wait(of_address(call), self._clock())):
            DENIALS.labels(call.kit.service, "too_many_failures").inc()
            raise too_many(self._failures.policy, wait)

    def guessed(self, call: Call) -> None:
        """What was asked for without a credential is not there: it counts like a credential that is refused."""
        if self._failures is not None:
            self._failures.take(of_address(call), self._clock())


def limited(kind: Kind) -> Callable[[Request], Awaitable[None]]:
    """A dependency that counts the request under this kind as well: `dependencies=[Depends(limited("lookups"))]`."""

    async def counted(request: Request) -> None:
        call = call_of(request.scope)
        call.kit.limits.spend(kind, call, call.who)

    return counted


def too_many(policy: Policy, wait: float) -> Problem:
    seconds = ceil(wait)
    return Problem(
        429,
        "too_many_requests",
        params={"policy": policy.name, "quota": policy.quota, "window": policy.window, "seconds": seconds},
        headers={"Retry-After": str(seconds)},
        extra={"violated-policies": [policy.name], "retry_after": seconds},
    )


def of_address(call: Call) -> bytes:
    """The client's address: of IPv6 its /64, which is what one client has."""
    client = call.scope.get("client") or ("",)
    try:
        address = ip_address(client[0])
    except ValueError:  # a socket of the file system has none
        return str(client[0]).encode()
    return address.packed[:8] if address.version == 6 else address.packed


def _buckets(settings: Settings, name: str) -> Buckets | None:
    given: int | None = getattr(settings, f"limit_{name}")
    quota = given if given is not None else PRODUCTION[name] if settings.env == "production" else 0
    if not quota:
        return None
    return Buckets(Policy(name.replace("_", "-"), max(1, quota // settings.limit_processes)))
