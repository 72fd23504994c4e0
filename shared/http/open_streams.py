"""What open streams have in common: how many there may be, and whether their credential still holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import orjson

from shared.http.call import Call
from shared.http.problem import Problem
from shared.identity.principal import Principal
from shared.identity.scopes import needed

STREAMS_A_PERSON = 8
STREAMS_A_TENANT = 1_500
STREAMS = 2_000
"""Open at a time: of one principal, of one tenant, and of one process."""
LONGEST_SECONDS = 3_600
RETRY_MILLISECONDS = 2_000
"""When to come back after a stream has ended, as it is told in the stream."""

HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""Of an open stream: what is between is to pass it on at once and to keep nothing."""

open_streams: Counter[tuple[UUID, UUID]] = Counter()


def require_room(who: Principal) -> None:
    """Raises Problem `too_many_streams`: 429 for the principal's own and the tenant's, 503 for all of this process."""
    if open_streams[_whose(who)] >= STREAMS_A_PERSON:
        raise Problem(429, "too_many_streams", params={"most": STREAMS_A_PERSON}, headers={"Retry-After": "5"})
    if sum(count for (tenant_id, _), count in open_streams.items() if tenant_id == who.tenant_id) >= STREAMS_A_TENANT:
        raise Problem(429, "too_many_streams", params={"most": STREAMS_A_TENANT}, headers={"Retry-After": "5"})
    if open_streams.total() >= STREAMS:
        raise Problem(503, "too_many_streams", params={"most": STREAMS}, headers={"Retry-After": "5"})


@contextmanager
def counted(who: Principal) -> Iterator[None]:
    """Count one stream of this principal as long as the block runs."""
    whose = _whose(who)
    open_streams[whose] += 1
    try:
        yield
    finally:
        open_streams[whose] -= 1
        if not open_streams[whose]:
            del open_streams[whose]


def framed(event: str, content: object, id: str | int | None = None) -> bytes:
    """One event as it is sent: `content` is its JSON, `id` what comes back as Last-Event-ID."""
    place = b"" if id is None else b"id: %b\n" % str(id).encode()
    return b"event: %b\n%bdata: %b\n\n" % (event.encode(), place, orjson.dumps(content))


async def still(call: Call, who: Principal, path: str) -> Principal:
    """Who the credential of this stream is of now. Raises the Problem the same request would now be answered with."""
    await call.kit.check_standing(who.tenant_id)
    now = await call.kit.sign_in.principal(call.given[b"authorization"])
    scope = needed("GET", path)
    if now.tenant_id != who.tenant_id or (scope is not None and not now.may(scope)):
        raise Problem(403, "scope_missing", params={"scope": scope or ""})
    if who.viewer_id is None:
        return replace(now, on_behalf_of=who.on_behalf_of)
    return await call.kit.sign_in.eyes_of(who.person_id, now)


def _whose(who: Principal) -> tuple[UUID, UUID]:
    return who.tenant_id, who.viewer_id or who.person_id
