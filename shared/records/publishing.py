"""Publishing a tenant's rules over HTTP, and reading which are in force. Knows no rule."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar
from uuid import UUID

from shared.event_store.stream import Stream
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.identity.principal import DIRECTOR, HEAD_OFFICE, INTEGRATION, OPERATIONS

PUBLISHERS = frozenset((DIRECTOR, HEAD_OFFICE, OPERATIONS, INTEGRATION))
"""Publish the rules of the tenant."""

S = TypeVar("S", bound=Stream)


async def publish(
    ctx: CommandContext,
    kind: type[S],
    id: UUID,
    published: Callable[[S | None], S],
    *,
    publishers: Collection[str] = PUBLISHERS,
) -> Receipt:
    """Publish rules of the tenant: `published` makes the stream from what it was. Raises Problem 403, 503."""
    if not ctx.principal.has(*publishers):
        raise Problem(403, "forbidden")

    async def decide(work: Work) -> S:
        stream: S | None = await ctx.kit.repository(kind).load(ctx.tenant_id, id)
        if stream is not None and stream.read_only is not None:
            raise Problem(503, "newer_version", headers={"Retry-After": "30"})
        return work.add(published(stream))

    return await Commands(kind).together(ctx, decide, status=201, location=ctx.call.path)
