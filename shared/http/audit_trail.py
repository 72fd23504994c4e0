"""Who did what, newest first: from the log and from the record of reads. Holds no route and judges no right.

Both are read backwards in bounded spans: a filter that fits little ends a page early, with a place to go on from,
instead of walking a log of any length in one statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

SPAN = 100_000
"""Positions, or reads, looked through for one page."""
LAST_READ = UUID(int=2**128 - 1)

# Names of what changed, never what it was changed to. A correction's fields are those it corrects.
FIELDS = """
       array(select jsonb_object_keys(case jsonb_typeof(e.data -> 'changes')
                                           when 'object' then e.data -> 'changes' else '{}' end)
             union all
             select jsonb_array_elements_text(case jsonb_typeof(e.data -> 'personal')
                                                   when 'array' then e.data -> 'personal' else '[]' end)) as fields
"""
CHANGES = f"""
select e.position, e.stream_type, e.stream_id, e.version, e.type, e.occurred_at, e.recorded_at, e.metadata, {FIELDS}
  from es.events e
 where e.tenant_id = $1 and e.position < $2 and e.position > $3
   and ($4::text is null or e.metadata ->> 'actor' = $4)
   and ($5::text is null or e.metadata ->> 'on_behalf_of' = $5)
   and ($6::text[] is null or e.type = any($6))
 order by e.position desc
 limit $7
"""  # noqa: S608 - constants only
CHANGES_OF_ONE = CHANGES.replace("order by e.position desc", "and e.stream_id = $8 order by e.version desc")

READS_EDGE = """
select at, read_id from privacy.reads
 where tenant_id = $1 and (at, read_id) < ($2, $3) and at >= $4
 order by at desc, read_id desc offset $5 limit 1
"""
READS = """
select at, read_id, actor, on_behalf_of, viewer, machine, action, subjects, fields, route, purpose, trace
  from privacy.reads
 where tenant_id = $1 and (at, read_id) < ($2, $3) and at >= $4
   and ($5::timestamptz is null or (at, read_id) >= ($5, $6))
   and ($7::uuid is null or actor = $7 or viewer = $7)
   and ($8::uuid is null or on_behalf_of = $8)
   and ($9::uuid is null or $9 = any(subjects))
   and ($10::text[] is null or action = any($10))
 order by at desc, read_id desc
 limit $11
"""
NOW = "select clock_timestamp()"
BEGINNING = datetime.fromisoformat("1900-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries. Changes are of positions (`after`, `upto`], reads of instants [`since`, `until`)."""

    changes: bool = True
    reads: bool = True
    after: int = 0
    upto: int = 0
    since: datetime = BEGINNING
    until: datetime | None = None
    actor: UUID | None = None
    on_behalf_of: UUID | None = None
    subject: UUID | None = None
    actions: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page begins: changes below this position, reads before this one."""

    position: int
    at: datetime
    read_id: UUID = LAST_READ


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing somebody did. `position` and what goes with it are of changes, `read_id` and `route` of reads."""

    at: datetime
    action: str
    actor: UUID | None
    on_behalf_of: UUID | None
    viewer: UUID | None
    machine: bool
    subjects: Sequence[UUID]
    fields: Sequence[str]
    trace: str | None
    position: int | None = None
    occurred_at: datetime | None = None
    subject_type: str | None = None
    version: int | None = None
    key: str | None = None
    correlation: str | None = None
    read_id: UUID | None = None
    route: str | None = None
    purpose: str | None = None


@dataclass(slots=True)
class _Part:
    """Entries of one source, newest first. `edge`: how far it was looked through; None: to its end."""

    entries: list[Entry] = field(default_factory=list)
    edge: Any = None


async def begin(pool: Any, wanted: Wanted) -> Place:
    """The place of the first page: what is recorded later is not in any of them."""
    return Place(wanted.upto + 1, wanted.until or await pool.fetchval(NOW))


async def entries(
    pool: Any, tenant_id: UUID, wanted: Wanted, place: Place, limit: int
) -> tuple[list[Entry], Place | None]:
    """Up to `limit` entries from a place on, and the place after them; None at the end.

    Fewer than `limit` with a place: nothing more in the span looked through, ask on.
    """
    changes = await _changes(pool, tenant_id, wanted, place, limit) if wanted.changes else _Part()
    reads = await _reads(pool, tenant_id, wanted, place, limit) if wanted.reads else _Part()
    both = sorted((*changes.entries, *reads.entries), key=_newest, reverse=True)
    # An entry older than what the other source was looked through to may have newer ones before it: not yet.
    oldest = max((edge for edge in (_edge(changes), _edge(reads)) if edge is not None), default=None)
    ready = both if oldest is None else [entry for entry in both if entry.at >= oldest]
    shown = ready[:limit]
    if len(shown) == len(both) and oldest is None:
        return shown, None
    return shown, _after(place, changes, reads, shown)


def _after(place: Place, changes: _Part, reads: _Part, shown: Sequence[Entry]) -> Place:
    """Where to go on: after what was shown, or, for a source all of whose entries were, after its span."""
    position, read = place.position, (place.at, place.read_id)
    for entry in shown:
        if entry.position is not None:
            position = entry.position
        elif entry.read_id is not None:
            read = (entry.at, entry.read_id)
    seen = set(map(id, shown))
    if changes.edge is not None and all(id(entry) in seen for entry in changes.entries):
        position = min(position, changes.edge[1])
    if reads.edge is not None and all(id(entry) in seen for entry in reads.entries):
        read = min(read, reads.edge)
    return Place(position, *read)


def _newest(entry: Entry) -> tuple[datetime, int, int]:
    return entry.at, entry.position or 0, 0 if entry.read_id is None else entry.read_id.int


def _edge(part: _Part) -> datetime | None:
    return None if part.edge is None else part.edge[0]


async def _changes(pool: Any, tenant_id: UUID, wanted: Wanted, place: Place, limit: int) -> _Part:
    floor = wanted.after if wanted.subject is not None else max(wanted.after, place.position - 1 - SPAN)
    actor, behalf = (None if id is None else str(id) for id in (wanted.actor, wanted.on_behalf_of))
    given: tuple[Any, ...] = (tenant_id, place.position, floor, actor, behalf, wanted.actions, limit + 1)
    statement = CHANGES if wanted.subject is None else CHANGES_OF_ONE
    rows = await pool.fetch(statement, *given, *(() if wanted.subject is None else (wanted.subject,)))
    part = _Part([_change(row) for row in rows])
    if len(rows) > limit:  # there is more: seen down to the last one fetched
        part.edge = (rows[-1]["recorded_at"], rows[-1]["position"] + 1)
    elif floor > wanted.after:
        at = await pool.fetchval(
            "select recorded_at from es.events where tenant_id = $1 and position = $2", tenant_id, floor + 1
        )
        part.edge = (at, floor + 1)
    return part


async def _reads(pool: Any, tenant_id: UUID, wanted: Wanted, place: Place, limit: int) -> _Part:
    begins = (tenant_id, place.at, place.read_id, wanted.since)
    edge = await pool.fetchrow(READS_EDGE, *begins, SPAN - 1)
    down_to = (None, None) if edge is None else (edge["at"], edge["read_id"])
    rows = await pool.fetch(
        READS, *begins, *down_to, wanted.actor, wanted.on_behalf_of, wanted.subject, wanted.actions, limit + 1
    )
    part = _Part([_read(row) for row in rows])
    if len(rows) > limit:
        part.edge = (rows[-1]["at"], rows[-1]["read_id"])
    elif edge is not None:
        part.edge = (edge["at"], edge["read_id"])
    return part


def _change(row: Any) -> Entry:
    said = row["metadata"]
    return Entry(
        at=row["recorded_at"],
        action=row["type"],
        actor=_uuid(said.get("actor")),
        on_behalf_of=_uuid(said.get("on_behalf_of")),
        viewer=None,
        machine=bool(said.get("machine", False)),
        subjects=(row["stream_id"],),
        fields=sorted(set(row["fields"])),
        trace=said.get("trace"),
        position=row["position"],
        occurred_at=row["occurred_at"],
        subject_type=row["stream_type"],
        version=row["version"],
        key=said.get("key"),
        correlation=said.get("correlation"),
    )


def _read(row: Any) -> Entry:
    return Entry(
        at=row["at"],
        action=row["action"],
        actor=row["actor"],
        on_behalf_of=row["on_behalf_of"],
        viewer=row["viewer"],
        machine=row["machine"],
        subjects=row["subjects"],
        fields=sorted(set(row["fields"])),
        trace=row["trace"],
        read_id=row["read_id"],
        route=row["route"],
        purpose=row["purpose"],
    )


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
