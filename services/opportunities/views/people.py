"""Our own people as this service knows them: one row per person and interval, both edges. Names are in the vault."""

from __future__ import annotations

from typing import get_args

from services.accounts import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.identity.organisation import PEOPLE_INDEXES, deputies_sql
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text,
    functions text[] not null,
    unit_id uuid,                            -- place of work
    reports_to_unit_id uuid,                 -- reporting line: a unit's head, or a person
    reports_to_person_id uuid,
    external_refs jsonb,
    deputies jsonb not null                  -- {person_id: {since, until}}
"""

ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       array(select jsonb_array_elements_text(coalesce(standing -> 'functions', '[]'))) as functions,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'reports_to_unit_id')::uuid as reports_to_unit_id,
       (standing ->> 'reports_to_person_id')::uuid as reports_to_person_id,
       standing -> 'external_refs' as external_refs,
       {DEPUTIES} as deputies
  from merged
 where next_at is distinct from occurred_at
""".replace("{MERGED}", MERGED).replace("{DEPUTIES}", deputies_sql(events.DEPUTY_FIELD))

PEOPLE = View(
    name="opportunities.people",
    version=2,
    stream_types=("person",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=PEOPLE_INDEXES,
    rows=ROWS,
    facts=(*get_args(events.PersonFact), FactCorrected, FactVoided),
)
