"""How a command starts an operation: once, however often it is sent with the same key. No route, and no work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from shared.http.context import CommandContext
from shared.http.problem import Problem
from shared.jobs.operations import Operation, create_operation, get_operation


async def started_before(ctx: CommandContext, operation_id: UUID) -> Operation | None:
    """The operation this key began before; None the first time. Raises Problem 422 when it was for something else."""
    known = await get_operation(ctx.kit.pool, ctx.tenant_id, operation_id)
    if known is not None:
        if known.parameters.get("fingerprint") != ctx.fingerprint.hex():
            raise Problem(422, "idempotency_key_reused")
        ctx.call.headers.append((b"idempotency-replayed", b"true"))
    return known


async def start_operation(
    ctx: CommandContext,
    operation_id: UUID,
    kind: str,
    parameters: Mapping[str, Any],
    attached: Mapping[str, bytes | AsyncIterator[bytes]] | None = None,
) -> Operation:
    """Queue it as the principal is now. Beside its own parameters it keeps instant, zone and fingerprint."""
    principal = ctx.principal
    return await create_operation(
        ctx.kit.pool,
        tenant_id=ctx.tenant_id,
        operation_id=operation_id,
        kind=kind,
        principal_id=principal.person_id,
        principal={
            "functions": sorted(principal.functions),
            "unit_id": None if principal.unit_id is None else str(principal.unit_id),
            "on_behalf_of": None if principal.on_behalf_of is None else str(principal.on_behalf_of),
        },
        parameters={
            "at": ctx.now.isoformat(),
            "zone": principal.zone.key,
            "fingerprint": ctx.fingerprint.hex(),
            **parameters,
        },
        attached=attached,
    )
