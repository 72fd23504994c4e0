"""Our own people as this service knows them: one row per person and interval, both edges. Names are in the vault."""

from __future__ import annotations

from services.accounts import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text,
    functions text[] not null,
    unit_id uuid,                            -- place of work
    reports_to_unit_id uuid,                 -- reporting line: a unit's head, or a person
    reports_to_person_id uuid,
    external_refs jsonb
"""

ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over steps as standing,
           lead(occurred_at) over steps as next_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       array(select jsonb_array_elements_text(coalesce(standing -> 'functions', '[]'))) as functions,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'reports_to_unit_id')::uuid as reports_to_unit_id,
       (standing ->> 'reports_to_person_id')::uuid as reports_to_person_id,
       standing -> 'external_refs' as external_refs
  from merged
 where next_at is distinct from occurred_at
"""

PEOPLE = View(
    name="opportunities.people",
    version=1,
    stream_types=("person",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, unit_id) where to_at is null",),
    rows=ROWS,
    facts=(
        events.PersonJoined,
        events.PersonReportsTo,
        events.PersonPostedTo,
        events.FunctionsChanged,
        events.PersonLeft,
        FactCorrected,
        FactVoided,
    ),
)
