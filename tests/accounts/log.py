"""A log of real streams kept in memory and written to the table as the store would. Only for tests of views."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec

from shared.event_store.stream import AnyFact, Entry, FactCorrected, FactVoided, Stream
from shared.testing.database import BY_HAND

INSERT = """
insert into es.events (tenant_id, position, stream_type, stream_id, version, type, schema_version, data, metadata,
                       occurred_at, recorded_at, hash)
values ($1, $2, $3, $4, $5, $6, 1, $7::text::jsonb, '{}', $8, clock_timestamp(), '')
"""


@dataclass
class Log:
    """The log of one tenant: streams as they are, and their facts in the order they were told."""

    tenant_id: UUID
    streams: dict[UUID, Stream] = field(default_factory=dict)
    entries: list[tuple[Stream, AnyFact]] = field(default_factory=list)
    written: int = 0

    def take(self, stream: Stream) -> None:
        """Append what the stream recorded since."""
        self.streams[stream.id] = stream
        self.entries += [(stream, cast(AnyFact, fact)) for fact in stream.collect_events()]

    async def write(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        """Put what is new into the table."""
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(BY_HAND)
            await connection.execute("insert into es.heads values ($1) on conflict do nothing", self.tenant_id)
            rows = [self._row(at + 1) for at in range(self.written, len(self.entries))]
            await connection.executemany(INSERT, rows)
        self.written = len(self.entries)

    def known_at(self, position: int) -> Log:
        """The log when it ended at this position: its streams replayed by their own rules."""
        streams: dict[UUID, Stream] = {}
        for stream, fact in self.entries[:position]:
            streams[stream.id] = cast(Any, fact).mutate(streams.get(stream.id))
        return Log(self.tenant_id, streams)

    def _row(self, position: int) -> tuple[Any, ...]:
        stream, fact = self.entries[position - 1]
        version = fact.originator_version
        match fact:
            case FactCorrected():
                occurred_at = fact.occurred_at.isoformat() if fact.occurred_at else None
                data: dict[str, Any] = {"version": fact.version, "changes": fact.changes, "occurred_at": occurred_at}
            case FactVoided():
                data = {"version": fact.version, "reason": fact.reason}
            case _:
                data = {"changes": msgspec.to_builtins(stream.changes_of(version))}
        type_name = type(fact).__name__
        text = json.dumps(data)
        return (self.tenant_id, position, stream.stream_type, stream.id, version, type_name, text, fact.timestamp)


def in_order(stream: Stream) -> list[Entry]:
    """The facts that count, by business time."""
    return sorted(stream.entries(), key=lambda entry: (entry.occurred_at, entry.version))


def standings(stream: Stream) -> list[tuple[Entry, datetime | None, dict[str, Any]]]:
    """Each fact that counts, until when it was the latest, and all that stood with it, in JSON form."""
    entries = in_order(stream)
    standing: dict[str, Any] = {}
    found = []
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        standing = standing | entry.changes
        found.append(
            (entry, following.occurred_at if following else None, msgspec.json.decode(msgspec.json.encode(standing)))
        )
    return found
