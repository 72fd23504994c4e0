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

MOST_LOOKED_AT = 5_000
"""Records one page looks through at most, whether they are shown or not."""

BORN = """
select b.stream_id from es.events as b
 where b.tenant_id = $1 and b.version = 1 and b.position <= $2 and ($3::uuid is null or b.stream_id > $3)
   and ($4::text[] is null or b.stream_type = any($4))
 order by b.stream_id limit $5
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
    looked = limit if question.everything else MOST_LOOKED_AT
    types = None if kinds is None else sorted(kinds)
    born = [row["stream_id"] for row in await pool.fetch(BORN, tenant_id, at, after, types, looked)]
    given: list[Any] = []

    def put(value: Any) -> str:
        given.append(value)
        return f"${len(given) + 4}"

    ways = [] if question.sight.everything else [Seeing(scopes, question.sight, put)]
    if question.unit_ids is not None:
        ways.append(Seeing(scopes, Sight(everything=False, unit_ids=question.unit_ids), put, open=False))
    seen = " and ".join(way.event("s", "$3") for way in ways) or "true"
    rows = await pool.fetch(STOOD.format(seen=seen), tenant_id, born, at, limit, *given)
    if len(rows) == limit < len(born) or len(born) == looked:
        return Standings(rows, rows[-1]["stream_id"] if len(rows) == limit else born[-1])
    return Standings(rows, None)
