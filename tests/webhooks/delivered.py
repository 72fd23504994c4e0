"""Rows as deliveries leave them: flows, lanes, attempts, notices. Only for tests; sends nothing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
SUBJECT = UUID(int=1)

ATTEMPT = """
insert into delivery.attempts (tenant_id, attempt_id, endpoint_id, flow_id, event_id, position, type, subject, lane,
                               number, at, took_ms, status, fault, error, answer, next_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""
FLOW = """
insert into delivery.flows (tenant_id, flow_id, endpoint_id, kind, state, epoch, position, upto, made_at)
values ($1, $2, $3, $4, $5, 1, $6, $7, $8)
"""
LANE = """
with waits as (
    insert into delivery.waiting (tenant_id, flow_id, lane, position)
    select $1, $2, $3, unnest($5::bigint[]))
insert into delivery.lanes (tenant_id, flow_id, lane, endpoint_id, position, event_at, state, attempts, next_at,
                            status, fault)
values ($1, $2, $3, $4, ($5::bigint[])[1], $6, $7, 3, $8, 500, null)
"""


@dataclass(frozen=True)
class Tried:
    """One attempt."""

    status: int | None = 200
    answer: bytes | None = b"ok"
    fault: str | None = None
    error: str | None = None
    position: int = 1
    type: str = "DealWon"
    subject: UUID = SUBJECT
    took_ms: float = 10.0
    next_at: datetime | None = None
    flow_id: UUID | None = None
    at: datetime | None = None
    number: int = 1


async def tried(pool: Any, tenant_id: UUID, endpoint_id: UUID, attempts: Sequence[Tried]) -> list[UUID]:
    """Attempts on file, a second apart unless they say when; their ids."""
    ids = []
    for number, one in enumerate(attempts):
        at = one.at or BEGAN + timedelta(seconds=number)
        ids.append(UUID(int=int(at.timestamp() * 1_000) << 80 | secrets.randbits(80)))
        await pool.execute(
            ATTEMPT,
            tenant_id,
            ids[-1],
            endpoint_id,
            one.flow_id or endpoint_id,
            f"evt_1_{one.position}",
            one.position,
            one.type,
            one.subject,
            one.subject,
            one.number,
            at,
            one.took_ms,
            one.status,
            one.fault,
            one.error,
            one.answer,
            one.next_at,
        )
    return ids


async def flowing(
    pool: Any,
    tenant_id: UUID,
    endpoint_id: UUID,
    *,
    position: int = 0,
    flow_id: UUID | None = None,
    state: str = "running",
    upto: int | None = None,
    at: datetime = BEGAN,
) -> UUID:
    """A live flow, or a replay when it has an end; its id."""
    id = endpoint_id if upto is None else flow_id or uuid4()
    kind = "live" if upto is None else "replay"
    await pool.execute(FLOW, tenant_id, id, endpoint_id, kind, state, position, upto, at)
    return id


async def held_up(
    pool: Any,
    tenant_id: UUID,
    endpoint_id: UUID,
    lane: UUID,
    positions: Sequence[int],
    *,
    state: str = "parked",
    flow_id: UUID | None = None,
    event_at: datetime = BEGAN,
    next_at: datetime = BEGAN,
) -> None:
    """A lane that stands at the first of these positions and waits with all of them."""
    await pool.execute(
        LANE, tenant_id, flow_id or endpoint_id, lane, endpoint_id, list(positions), event_at, state, next_at
    )
