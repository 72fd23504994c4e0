"""Units whose report to the manufacturer was accepted, on the report's date, credited as of the report. No view."""

from __future__ import annotations

from services.kpi.engine.definition import Measure
from services.kpi.engine.sources.rows import RowMeasure, RowSource
from services.kpi.views.reports import REPORTED
from services.kpi.views.stock import STOCK

NAME = "reported"
REPORTED_UNITS = Measure(NAME, "reported_units", "units", "report")

RELATION = """(
    select r.tenant_id, r.opportunity_id as stream_id, r.number,
           r.reported_on::timestamp at time zone {zone} as at,
           s.owner_id, s.unit_id, s.account_id, s.channel, null::text as currency,
           jsonb_build_array(jsonb_build_object('product', r.product, 'units', 1)) as lines, 'reported' as step
      from {reported} as r
      join {stock} as s on s.tenant_id = $1 and s.stream_id = r.opportunity_id and s.from_at <= r.reported_at
       and (s.to_at is null or s.to_at > r.reported_at)
     where r.tenant_id = $1 and r.state = 'accepted' and r.from_at <= {at} and (r.to_at is null or r.to_at > {at})
    )"""

REPORTS = RowSource(
    name=NAME,
    kind="opportunity",
    relation=RELATION,
    views=(REPORTED, STOCK),
    of={REPORTED_UNITS.name: RowMeasure(REPORTED_UNITS, "1", "p.units")},
)
