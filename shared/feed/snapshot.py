"""The records of a tenant as they stood when the log ended at a position, page by page. Reads the log, never a view.

Who sees a record: by its scope as it stood there, in the reader's sight of today; as the feed tells it. So a copy that
begins with these and goes on with the events after that position is what the events alone would have made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.feed.reading import Question
from shared.feed.scopes import Scopes
from shared.feed.seeing import Seeing
from shared.identity.sight import Sight

MOST_LOOKED_AT = 10_000
"""Records one page goes by at most, of whatever type."""
MOST_JUDGED = 2_000
"""Of those, how many it asks at most whether the reader sees them: a look at each, and at what it hangs on."""

BORN = """
with next as materialized (
    select b.stream_id, b.stream_type, b.position from es.events as b
     where b.tenant_id = $1 and b.version = 1 and b.stream_id > $3
     order by b.stream_id limit $5)
select count(*) as looked_at, (array_agg(stream_id order by stream_id desc))[1] as last,
       array_agg(stream_id order by stream_id) filter (
           where position <= $2 and ($4::text[] is null or stream_type = any($4))) as born
  from next
"""
# Down from its newest event: few came after the position, as a rule.
STOOD = """
select s.stream_id, s.stream_type, s.version, s.position, s.occurred_at, s.recorded_at, s.standing
  from unnest($2::uuid[]) as given (id)
 cross join lateral (
       select e.tenant_id, e.stream_id, e.stream_type, e.version, e.position, e.occurred_at, e.recorded_at,
              e.data -> 'standing' as standing
         from es.events as e
        where e.tenant_id = $1 and e.stream_id = given.id and e.position <= $3
        order by e.version desc limit 1) as s
 where {seen}
 order by s.stream_id limit $4
"""


@dataclass(frozen=True, slots=True)
class Standings:
    """Records in the order of their ids, and after which id to go on; None: these were the last."""

    items: Sequence[Mapping[str, Any]]
    after: UUID | None


async def standings(
    pool: Any,
    tenant_id: UUID,
    question: Question,
    scopes: Scopes,
    *,
    at: int,
    kinds: frozenset[str] | None,
    after: UUID | None,
    limit: int,
) -> Standings:
    """At most `limit` records after an id, as they stood at a position. Of the question, sight and units count.

    A page may hold few, or none, and yet not be the last.
    """
    most = limit if question.everything else MOST_JUDGED
    looked = most if kinds is None else MOST_LOOKED_AT
    begin = after or UUID(int=0)
    found = await pool.fetchrow(BORN, tenant_id, at, begin, None if kinds is None else sorted(kinds), looked)
    born, last = (found["born"] or [])[:most], found["last"] if found["looked_at"] == looked else None
    if len(born) < len(found["born"] or ()):
        last = born[-1]
    given: list[Any] = []

    def put(value: Any) -> str:
        given.append(value)
        return f"${len(given) + 4}"

    ways = [] if question.sight.everything else [Seeing(scopes, question.sight, put)]
    if question.unit_ids is not None:
        ways.append(Seeing(scopes, Sight(everything=False, unit_ids=question.unit_ids), put, open=False))
    seen = " and ".join(way.event("s", "$3") for way in ways) or "true"
    rows = await pool.fetch(STOOD.format(seen=seen), tenant_id, born, at, limit, *given)
    return Standings(rows, rows[-1]["stream_id"] if len(rows) == limit < len(born) else last)
