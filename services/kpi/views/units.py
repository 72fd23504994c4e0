"""This service's copy of the organisation: one row per unit and standing. Gives sight and names to figures."""

from __future__ import annotations

from typing import get_args

from services.accounts.events import UnitFact
from services.kpi.views.standings import standings
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version integer not null, from_at timestamptz not null, to_at timestamptz,
    code text not null, name text not null, kind text not null, parent_id uuid, status text not null
"""

ROWS = f"""{standings()}
select tenant_id, stream_id, version, from_at, to_at,
       standing ->> 'code', standing ->> 'name', standing ->> 'kind',
       (standing ->> 'parent_id')::uuid, standing ->> 'status'
  from standings
 where standing ? 'code'
"""  # noqa: S608 - constants only

UNITS = View(
    name="kpi.units",
    version=1,
    stream_types=("unit",),
    columns=COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, parent_id) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(UnitFact), FactCorrected, FactVoided),
)
