"""This service's copy of staff, both edges and deputies: one row per person and standing, no names. Gives sight."""

from __future__ import annotations

from typing import get_args

from services.accounts.events import DEPUTY_FIELD, PersonFact
from services.kpi.views.standings import standings
from shared.event_store.stream import FactCorrected, FactVoided
from shared.identity.organisation import PEOPLE_INDEXES, deputies_sql
from shared.projections.view import View

COLUMNS = """
    version integer not null, from_at timestamptz not null, to_at timestamptz,
    functions text[] not null, unit_id uuid not null, reports_to_unit_id uuid, reports_to_person_id uuid,
    status text not null, deputies jsonb not null
"""

ROWS = f"""{standings()}
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
    indexes=PEOPLE_INDEXES,
    rows=ROWS,
    facts=(*get_args(PersonFact), FactCorrected, FactVoided),
)
