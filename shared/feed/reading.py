"""Pages of the log as one reader is shown them: by rights, by filter, in order. Reads the log, never a view of records.

A page says up to where it has looked (`upto`), shown or not: that is the reader's next place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.feed.envelope import envelope
from shared.feed.scopes import Scopes
from shared.identity.sight import Sight

SPAN = 50_000
"""Positions one page looks through at most."""

PAGE = """
select position, stream_type, stream_id, version, type, schema_version, data, metadata, occurred_at, recorded_at
  from es.events
 where tenant_id = $1 and position > $2 and position <= $3
   and ($4::text[] is null or type = any($4)) and ($5::uuid is null or stream_id = $5)
 order by position limit $6
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants of the feed. `sight` is their right; the rest is their wish, each None for all.

    `types`: of these types. `subject`: of this record. `unit_ids`: of records that stand at these units. `changed`:
    that set one of these standing fields. `imported`: with history that was taken in from files. `positions`: at these
    places of the log alone.
    """

    sight: Sight
    types: frozenset[str] | None = None
    subject: UUID | None = None
    unit_ids: frozenset[UUID] | None = None
    changed: frozenset[str] | None = None
    imported: bool = True
    positions: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One event as this reader is shown it. `lane`: the account or opportunity whose order it keeps; else its own
    stream. `body` is the envelope."""

    position: int
    type: str
    subject: UUID
    lane: UUID
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Events in the order of the log, and the position up to which it was looked."""

    events: tuple[Shown, ...]
    upto: int


async def read(
    pool: Any,
    tenant_id: UUID,
    epoch: int,
    question: Question,
    scopes: Scopes,
    *,
    after: int,
    upto: int,
    limit: int,
) -> Page:
    """Events after a position, up to one, at most `limit` and within `SPAN` positions. `upto` is at most the head."""
    end = max(after, min(upto, after + SPAN))
    types = None if question.types is None else sorted(question.types)
    rows = await pool.fetch(PAGE, tenant_id, after, end, types, question.subject, limit)
    events = tuple(
        Shown(
            row["position"],
            row["type"],
            row["stream_id"],
            row["stream_id"],
            envelope(row, tenant_id=tenant_id, epoch=epoch),
        )
        for row in rows
    )
    return Page(events, events[-1].position if len(events) == limit else end)
