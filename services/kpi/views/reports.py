"""Retail reports to the manufacturer: one row per unit and interval, how its report stood. Copies what figures need."""

from __future__ import annotations

from typing import get_args

from services.opportunities.events import FilingFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    vin text not null,
    from_at timestamptz not null,
    to_at timestamptz,
    number int not null,                     -- tells the units of an order apart
    state text not null,
    opportunity_id uuid,
    product text,
    reported_on date,
    reported_at timestamptz                  -- the business time of the report: credit is of then
"""

ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at, changes,
           es.merge(changes - 'reports') over so_far ->> 'opportunity_id' as opportunity_id
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
told as (
    select f.tenant_id, f.stream_id, f.version, f.occurred_at, f.opportunity_id, s.place, s.step ->> 'vin' as vin,
           s.step ->> 'state' as state,
           es.merge(case when s.step ->> 'state' = 'reported'
                         then s.step || jsonb_build_object('at', f.occurred_at) end) over so_far as report,
           lead(f.occurred_at) over so_far as next_at
      from merged f
     cross join lateral jsonb_array_elements(coalesce(f.changes -> 'reports', '[]'))
           with ordinality as s(step, place)
    window so_far as (partition by f.tenant_id, f.stream_id, s.step ->> 'vin'
                      order by f.occurred_at, f.version, s.place)
)
select tenant_id, stream_id, vin,
       occurred_at as from_at,
       next_at as to_at,
       (hashtext(stream_id::text || vin) & 2147483647) as number,
       state,
       opportunity_id::uuid,
       report ->> 'product' as product,
       (report ->> 'on')::date as reported_on,
       (report ->> 'at')::timestamptz as reported_at
  from told
 where next_at is distinct from occurred_at
"""

REPORTED = View(
    name="kpi.reported",
    version=1,
    stream_types=("filing",),
    columns=COLUMNS,
    key=("vin", "from_at"),
    indexes=("create index on {table} (tenant_id, reported_on) where state = 'accepted' and to_at is null",),
    rows=ROWS,
    facts=(*get_args(FilingFact), FactCorrected, FactVoided),
)
