"""This service's copy of staff, both edges and deputies: one row per person and standing, no names. Gives sight."""

from __future__ import annotations

from typing import get_args

from services.accounts.events import DEPUTY_FIELD, PersonFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.identity.organisation import deputies_sql
from shared.projections.view import View

COLUMNS = """
    version integer not null, from_at timestamptz not null, to_at timestamptz,
    functions text[] not null, unit_id uuid not null, reports_to_unit_id uuid, reports_to_person_id uuid,
    status text not null, deputies jsonb not null
"""

ROWS = f"""
with standings as (
    select tenant_id, stream_id, version, occurred_at as from_at,
           lead(occurred_at) over (partition by tenant_id, stream_id order by occurred_at, version) as to_at,
           es.merge(changes) over (partition by tenant_id, stream_id order by occurred_at, version
                                   rows unbounded preceding) as standing
      from corrected_facts
)
select tenant_id, stream_id, version, from_at, to_at,
       array(select jsonb_array_elements_text(standing -> 'functions')), (standing ->> 'unit_id')::uuid,
       (standing ->> 'reports_to_unit_id')::uuid, (standing ->> 'reports_to_person_id')::uuid,
       standing ->> 'status', {deputies_sql(DEPUTY_FIELD)}
  from standings
 where standing ? 'functions'
"""  # noqa: S608 - constants only

PEOPLE = View(
    name="kpi.people",
    version=1,
    stream_types=("person",),
    columns=COLUMNS,
    key=("version",),
    indexes=(
        "create index on {table} (tenant_id, unit_id) where to_at is null",
        "create index on {table} (tenant_id, reports_to_unit_id) where to_at is null",
        "create index on {table} (tenant_id, reports_to_person_id) where to_at is null",
        "create index on {table} (tenant_id) where to_at is null and deputies <> '{{}}'",
    ),
    rows=ROWS,
    facts=(*get_args(PersonFact), FactCorrected, FactVoided),
)
