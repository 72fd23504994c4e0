"""Which post a person has, and where, as the log last said. Decides no right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.kpi.assessments.sight import post_of
from shared.event_store.stream import Refused

LATEST = """
select distinct on (e.stream_id) e.stream_id as id,
       e.data -> 'standing' ->> 'status' as status,
       (e.data -> 'standing' ->> 'unit_id')::uuid as unit_id,
       array(select jsonb_array_elements_text(e.data -> 'standing' -> 'functions')) as functions
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[]) and e.stream_type = 'person'
 order by e.stream_id, e.version desc
"""


@dataclass(frozen=True, slots=True)
class Post:
    """One person's post; of who left, the last."""

    unit_id: UUID
    post: str
    left: bool


async def posts(pool: Any, tenant_id: UUID, ids: Iterable[UUID]) -> Mapping[UUID, Post]:
    """Those of these who work, or worked, here."""
    found: dict[UUID, Post] = {}
    for row in await pool.fetch(LATEST, tenant_id, sorted(set(ids))):
        if row["unit_id"] is not None:
            unit = UUID(bytes=row["unit_id"].bytes)
            found[UUID(bytes=row["id"].bytes)] = Post(unit, post_of(row["functions"]), row["status"] == "left")
    return found


async def require_post(pool: Any, tenant_id: UUID, person_id: UUID, pointer: str) -> Post:
    """Their post. Raises Refused 422 `unknown_person` for who never worked here."""
    found = (await posts(pool, tenant_id, [person_id])).get(person_id)
    if found is None:
        raise Refused("unknown_person", "there is no such person", status=422, pointer=pointer)
    return found
