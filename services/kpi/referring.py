"""Whether the units and persons a command names are there. Reads the log, as the latest facts say; decides no right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.event_store.stream import Refused

LATEST = """
select distinct on (e.stream_id) e.stream_id as id, e.stream_type,
       e.data -> 'standing' ->> 'status' as status,
       (e.data -> 'standing' ->> 'unit_id')::uuid as unit_id,
       (e.data -> 'standing' ->> 'reports_to_unit_id')::uuid as reports_to_unit_id,
       (e.data -> 'standing' ->> 'parent_id')::uuid as parent_id
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[]) and e.stream_type in ('person', 'unit')
 order by e.stream_id, e.version desc
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What the log last said of a unit or a person. `unit_id`, `reports_to_unit_id`: of a person."""

    stream_type: str
    status: str | None
    unit_id: UUID | None
    reports_to_unit_id: UUID | None
    parent_id: UUID | None


async def known(pool: Any, tenant_id: UUID, ids: Iterable[UUID | None]) -> Mapping[UUID, Known]:
    """Those of these that there are, whatever they are."""
    wanted = sorted({id for id in ids if id is not None})
    if not wanted:
        return {}
    rows = await pool.fetch(LATEST, tenant_id, wanted)
    return {
        UUID(bytes=row["id"].bytes): Known(
            row["stream_type"], row["status"], row["unit_id"], row["reports_to_unit_id"], row["parent_id"]
        )
        for row in rows
    }


def require_unit_known(found: Mapping[UUID, Known], unit_id: UUID, pointer: str) -> Known:
    """Raises Refused 422 `unknown_unit` unless it is an open unit."""
    unit = found.get(unit_id)
    if unit is None or unit.stream_type != "unit" or unit.status == "closed":
        raise Refused("unknown_unit", "there is no such unit", status=422, pointer=pointer)
    return unit


def require_person_known(found: Mapping[UUID, Known], person_id: UUID, pointer: str) -> Known:
    """Raises Refused 422 `unknown_person` unless they work here."""
    person = found.get(person_id)
    if person is None or person.stream_type != "person" or person.status == "left":
        raise Refused("unknown_person", "there is no such person", status=422, pointer=pointer)
    return person
