"""A log of plain facts, made up and kept in memory, and what holds of it at any position. Only for tests of views.

It knows nothing of aggregates: facts come in any order, as late and as often corrected as chance will have it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from shared.testing.database import BY_HAND

RECORDED = datetime(2026, 1, 1, tzinfo=UTC)
INSERT = """
insert into es.events (tenant_id, position, stream_type, stream_id, version, type, schema_version, data, metadata,
                       occurred_at, recorded_at, hash)
values ($1, $2, $3, $4, $5, $6, 1, $7::text::jsonb, '{}', $8, $9, '')
"""


@dataclass(frozen=True)
class Told:
    """One event of the log."""

    position: int
    stream_type: str
    stream_id: UUID
    version: int
    type: str
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True)
class Counts:
    """A fact that counts, as corrected."""

    version: int
    type: str
    at: datetime
    changes: dict[str, Any]
    data: dict[str, Any]


@dataclass
class Log:
    """All facts of a tenant."""

    tenant_id: UUID
    told: list[Told] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)

    def tell(
        self, stream_type: str, stream_id: UUID, type: str, at: datetime, changes: dict[str, Any], **data: Any
    ) -> int:
        """Append a fact; its version."""
        return self._append(stream_type, stream_id, type, at, {**data, "changes": changes})

    def correct(
        self, stream_type: str, stream_id: UUID, version: int, changes: dict[str, Any], at: datetime | None = None
    ) -> int:
        said = {"version": version, "changes": changes, "reason": "wrong"}
        said["occurred_at"] = at.isoformat() if at else None
        return self._append(stream_type, stream_id, "FactCorrected", RECORDED, said)

    def void(self, stream_type: str, stream_id: UUID, version: int) -> int:
        return self._append(stream_type, stream_id, "FactVoided", RECORDED, {"version": version, "reason": "never was"})

    def _append(self, stream_type: str, stream_id: UUID, type: str, at: datetime, data: dict[str, Any]) -> int:
        version = self.versions[stream_id] = self.versions.get(stream_id, 0) + 1
        self.told.append(Told(len(self.told) + 1, stream_type, stream_id, version, type, at, data))
        return version

    def streams(self, stream_type: str, upto: int | None = None) -> Iterator[tuple[UUID, list[Counts]]]:
        """Each stream's facts that count at a position, by business time and version."""
        by_stream: dict[UUID, list[Told]] = {}
        for event in self.told[:upto]:
            if event.stream_type == stream_type:
                by_stream.setdefault(event.stream_id, []).append(event)
        for stream_id, events in by_stream.items():
            yield stream_id, sorted(_counting(events), key=lambda fact: (fact.at, fact.version))

    async def write(self, pool: asyncpg.Pool, first: int = 1, last: int | None = None) -> None:
        """Put these positions into the table."""
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(BY_HAND)
            await connection.execute("insert into es.heads values ($1) on conflict do nothing", self.tenant_id)
            await connection.executemany(
                INSERT,
                [
                    (
                        self.tenant_id, event.position, event.stream_type, event.stream_id, event.version, event.type,
                        json.dumps(event.data), event.at, RECORDED + timedelta(seconds=event.position),
                    )
                    for event in self.told[first - 1 : last]
                ],
            )  # fmt: skip


def _counting(events: list[Told]) -> Iterator[Counts]:
    voided = {event.data["version"] for event in events if event.type == "FactVoided"}
    for event in events:
        if event.type in ("FactVoided", "FactCorrected") or event.version in voided:
            continue
        at, changes = event.at, dict(event.data["changes"])
        for fix in events:
            if fix.type == "FactCorrected" and fix.data["version"] == event.version and fix.version not in voided:
                changes |= fix.data["changes"]
                at = datetime.fromisoformat(fix.data["occurred_at"]) if fix.data["occurred_at"] else at
        yield Counts(event.version, event.type, at, changes, event.data)
