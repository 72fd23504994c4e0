"""One attempt to deliver one event: what is kept of it. Reads and writes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

COLUMNS: Mapping[str, str] = {
    "attempt_id": "uuid",
    "endpoint_id": "uuid",
    "event_id": "text",
    "position": "bigint",
    "type": "text",
    "subject": "uuid",
    "lane": "uuid",
    "number": "int",
    "at": "timestamptz",
    "took_ms": "float4",
    "status": "int",
    "fault": "text",
    "error": "text",
    "answer": "bytea",
    "next_at": "timestamptz",
}
"""Of `delivery.attempts`, beside tenant and flow."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A row of `delivery.attempts`. `number`: of this event in this flow. `next_at` None: delivered, or parked."""

    attempt_id: UUID
    endpoint_id: UUID
    event_id: str
    position: int
    type: str
    subject: UUID
    lane: UUID
    number: int
    at: datetime
    took_ms: float
    status: int | None
    fault: str | None
    error: str | None
    answer: bytes | None
    next_at: datetime | None


def new_id(at: datetime) -> UUID:
    """An id that is ordered by time (RFC 9562, version 7)."""
    milliseconds = int(at.timestamp() * 1_000) & (1 << 48) - 1
    return UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))


def values(attempt: Attempt) -> tuple[Any, ...]:
    """In the order of COLUMNS."""
    return tuple(getattr(attempt, name) for name in COLUMNS)
