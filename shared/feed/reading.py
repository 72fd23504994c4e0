"""Pages of the log as one reader is shown them: by rights, by filter, in order. Reads the log, never a view of records.

A page says up to where it has looked (`upto`), shown or not: that is the reader's next place.

Who sees an event: by the scope of its record after it, in the reader's sight of today, it is shown; else, if by the
scope before it the record was in sight, the record has left it, which is told instead (`left_scope`, no data); else it
is not there. The log alone decides: of a record as it stood, not as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.event_store.command import BrokenLog
from shared.feed.envelope import envelope, left_scope
from shared.feed.scopes import Scopes
from shared.feed.seeing import Seeing, fields, lane
from shared.identity.sight import Sight

SPAN = 50_000
"""Positions one page looks through at most."""
IMPORTED = ("import", "import_undo")
"""What the metadata of events say that were taken in from a file, or taken back again with it."""

PAGE = """
select e.position, e.stream_type, e.stream_id, e.version, e.type, e.schema_version, e.data, e.metadata, e.occurred_at,
       e.recorded_at, {left} as has_left, {lane} as lane
  from es.events as e
{seen} where {within}
 order by {order} limit {limit}
"""
# What an event's record stands as is taken out of its data once, however often it is looked at; how it stood before is
# looked up only where that may be another's.
SEEN = """
 cross join lateral (select e.data -> 'standing' as standing, e.data -> 'changes' as changes offset 0) as x
 cross join lateral (select {wanted} as wanted, {moved} as moved offset 0) as w
 cross join lateral (
    select bool_or(p.seen) filter (where s.at = e.position) as after,
           bool_or(p.seen) filter (where s.at < e.position) as before
      from (select e.position as at, e.stream_type, e.stream_id, x.standing where w.wanted or w.moved
            union all
            select e.position - 1, e.stream_type, e.stream_id, b.data -> 'standing' from es.events as b
             where w.moved and b.tenant_id = $1 and b.stream_id = e.stream_id and b.version = e.version - 1) as s
     cross join lateral (select {seen} as seen offset 0) as p) as y
"""
SHOWN_OR_LEFT = "(w.wanted and y.after or w.moved and y.before and not y.after)"
# The scope of a record can only have changed by an event that set one of these fields, or corrected or voided one.
MOVED = "(e.version > 1 and (e.type in ('FactCorrected', 'FactVoided') or x.changes ?| {fields}::text[]))"
# A void changed what the fact it takes back had set.
CHANGED = """(e.data -> 'changes' ?| {fields}::text[] or e.type = 'FactVoided' and exists (
    select from es.events as v
     where v.tenant_id = $1 and v.stream_id = e.stream_id and v.version = (e.data ->> 'version')::int
       and v.data -> 'changes' ?| {fields}::text[]))"""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants of the feed. `sight` is their right; the rest is their wish, each None for all.

    `types`: of these types. `subject`: of this record. `unit_ids`: of records that stand at these units. `changed`:
    that set one of these standing fields. `imported`: with history that was taken in from files. `positions`: at these
    places of the log alone. `lanes`: that keep the order of one of these.

    That a record has left the sight, or the units, is told whatever types and fields are asked for.
    """

    sight: Sight
    types: frozenset[str] | None = None
    subject: UUID | None = None
    unit_ids: frozenset[UUID] | None = None
    changed: frozenset[str] | None = None
    imported: bool = True
    positions: frozenset[int] | None = None
    lanes: frozenset[UUID] | None = None

    @property
    def everything(self) -> bool:
        """Whether nobody is asked whose a record is."""
        return self.sight.everything and self.unit_ids is None


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
    lanes: bool = True,
) -> Page:
    """Events after a position, up to one, at most `limit` and within `SPAN` positions; of one record, or at given
    positions, without that bound. `upto` is at most the head. `lanes`: whether lanes are asked for; without, each
    event's is its own stream.

    Raises BrokenLog when an event is missing, where all are asked for.
    """
    bounded = question.subject is None and question.positions is None
    end = max(after, min(upto, after + SPAN) if bounded else upto)
    statement, given = _statement(question, scopes, lanes=lanes)
    rows = await pool.fetch(statement, tenant_id, after, end, limit, *given)
    if question.sight.everything and question == Question(question.sight):
        expected = min(limit, end - after)
        if len(rows) != expected or (rows and rows[-1]["position"] != after + expected):
            raise BrokenLog(f"events after position {after} of tenant {tenant_id} are missing")
    events = tuple(_shown(row, tenant_id, epoch) for row in rows)
    return Page(events, events[-1].position if len(events) == limit else end)


def _shown(row: Any, tenant_id: UUID, epoch: int) -> Shown:
    body = (left_scope if row["has_left"] else envelope)(row, tenant_id=tenant_id, epoch=epoch)
    return Shown(row["position"], body["type"], row["stream_id"], row["lane"], body)


def _statement(question: Question, scopes: Scopes, *, lanes: bool) -> tuple[str, Sequence[Any]]:
    """The statement and its parameters after the first four: tenant, after, end, limit."""
    given: list[Any] = []

    def put(value: Any) -> str:
        given.append(value)
        return f"${len(given) + 4}"

    within = ["e.tenant_id = $1", "e.position > $2", "e.position <= $3"]
    if question.subject is not None:
        within.append(f"e.stream_id = {put(question.subject)}")
    if question.positions is not None:
        within.append(f"e.position = any({put(sorted(question.positions))}::bigint[])")
    of_lane = lane(scopes, "e") if lanes else "e.stream_id"
    if question.lanes is not None:
        within.append(f"{lane(scopes, 'e')} = any({put(sorted(question.lanes))}::uuid[])")
    wanted = _wanted(question, put)
    if question.everything:
        within += wanted
        seen, left = "", "false"
    else:
        ways = [Seeing(scopes, question.sight, put)]
        if question.unit_ids is not None:
            ways.append(Seeing(scopes, Sight(everything=False, unit_ids=question.unit_ids), put, open=False))
        moved = MOVED.format(fields=put(sorted(fields(scopes))))
        seen = SEEN.format(wanted=_all(wanted), moved=moved, seen=_all([way.event("s", "s.at") for way in ways]))
        within.append(SHOWN_OR_LEFT)
        left = "not y.after"
    order = "e.version" if question.subject is not None else "e.position"
    return PAGE.format(left=left, lane=of_lane, seen=seen, within=" and ".join(within), order=order, limit="$4"), given


def _wanted(question: Question, put: Any) -> list[str]:
    wanted = []
    if question.types is not None:
        wanted.append(f"e.type = any({put(sorted(question.types))}::text[])")
    if not question.imported:
        wanted.append(f"(e.metadata ->> 'origin' = any({put(list(IMPORTED))}::text[])) is not true")
    if question.changed is not None:
        wanted.append(CHANGED.format(fields=put(sorted(question.changed))))
    return wanted


def _all(said: Sequence[str]) -> str:
    return " and ".join(said) if said else "true"
