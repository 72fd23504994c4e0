"""The organisation's units as this service knows them: one row per unit and interval. Folded from accounts' facts."""

from __future__ import annotations

from typing import get_args

from services.accounts import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    code text,
    name text,
    kind text,
    parent_id uuid,
    status text
"""

ROWS = """
{MERGED}
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'code' as code,
       standing ->> 'name' as name,
       standing ->> 'kind' as kind,
       (standing ->> 'parent_id')::uuid as parent_id,
       standing ->> 'status' as status
  from merged
 where next_at is distinct from occurred_at
""".replace("{MERGED}", MERGED)

UNITS = View(
    name="opportunities.units",
    version=1,
    stream_types=("unit",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, parent_id) where to_at is null",),
    rows=ROWS,
    facts=(*get_args(events.UnitFact), FactCorrected, FactVoided),
)
