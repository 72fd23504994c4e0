"""Which post a person has, or had on a day, and where. Decides no right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.kpi.assessments.sight import post_of
from services.kpi.views.people import PEOPLE
from shared.event_store.stream import Refused

LATEST = """
select e.data -> 'standing' ->> 'status' as status,
       (e.data -> 'standing' ->> 'unit_id')::uuid as unit_id,
       array(select jsonb_array_elements_text(e.data -> 'standing' -> 'functions')) as functions
  from es.events e
 where e.tenant_id = $1 and e.stream_id = $2 and e.stream_type = 'person'
 order by e.version desc
 limit 1
"""
THEN = f"""
select p.from_at, p.to_at, p.unit_id, p.functions
  from {PEOPLE.table} p
 where p.tenant_id = $1 and p.stream_id = $2
 order by p.from_at
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Post:
    """One person's post."""

    unit_id: UUID
    post: str


@dataclass(frozen=True, slots=True)
class Posts:
    """One person's posts over time; before they came the first, after they left the last."""

    of: Sequence[tuple[datetime, Post]]

    def at(self, at: datetime) -> Post:
        """The post at an instant."""
        return next((post for since, post in reversed(self.of) if since <= at), self.of[0][1])


async def require_post(pool: Any, tenant_id: UUID, person_id: UUID, pointer: str) -> Post:
    """Their post as it stands. Raises Refused 422 `unknown_person` for who never worked here."""
    row = await pool.fetchrow(LATEST, tenant_id, person_id)
    if row is None or row["unit_id"] is None:
        raise Refused("unknown_person", "there is no such person", status=422, pointer=pointer)
    return Post(UUID(bytes=row["unit_id"].bytes), post_of(row["functions"]))


async def require_posts(pool: Any, tenant_id: UUID, person_id: UUID, pointer: str) -> Posts:
    """Their posts over time. Raises Refused 422 `unknown_person`."""
    latest = await require_post(pool, tenant_id, person_id, pointer)
    found = [
        (row["from_at"], Post(UUID(bytes=row["unit_id"].bytes), post_of(row["functions"])))
        for row in await pool.fetch(THEN, tenant_id, person_id)
        if row["to_at"] is None or row["to_at"] > row["from_at"]
    ]
    return Posts(found or [(datetime.min.replace(tzinfo=UTC), latest)])
