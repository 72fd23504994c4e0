"""Organisation units and where they stood: one row per unit and standing. Read by GET /v1/units; gives sight."""

from __future__ import annotations

from typing import get_args

from services.accounts.events import UnitFact
from services.accounts.views.standings import STANDINGS
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    version integer not null, from_at timestamptz not null, to_at timestamptz,
    code text not null, name text not null, kind text not null, parent_id uuid, status text not null
"""

ROWS = f"""
{STANDINGS}
select tenant_id, stream_id, version, from_at, to_at,
       standing ->> 'code', standing ->> 'name', standing ->> 'kind',
       (standing ->> 'parent_id')::uuid, standing ->> 'status'
  from standings
 where standing ? 'code'
"""  # noqa: S608 - constants only

UNITS = View(
    name="accounts.units",
    version=1,
    stream_types=("unit",),
    columns=COLUMNS,
    key=("version",),
    indexes=("create index on {table} (tenant_id, parent_id) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(UnitFact), FactCorrected, FactVoided),
)
