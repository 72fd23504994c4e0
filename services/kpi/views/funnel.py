"""What happened to prospects, credited to owner and unit at that time: one row per countable step.

Read by GET /v1/kpi/funnel. docs/kpi.md says what each step counts. Orders carry their units as signed, amendments the
difference they made; a prospect is delivered when its last open unit was handed over.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities.events import OpportunityFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

STEPS = ("captured", "qualified", "ordered", "delivered", "cancelled", "defeated", "frozen", "lost_contact", "revived")
"""Columns of the report, in the order of a prospect's life."""

COLUMNS = """
    version integer not null, step text not null, at timestamptz not null, owner_id uuid, unit_id uuid,
    account_id uuid, prospects integer not null, units integer not null
"""

# facts: each with what stood after it (`s`) and before it (`b`).
# moves: units that left an order, by line. open_units: what an order still owed after each of its facts.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at as at, changes,
           es.merge(changes - 'delivered' - 'cancelled')
               over (partition by tenant_id, stream_id order by occurred_at, version rows unbounded preceding) as s,
           row_number() over (partition by tenant_id, stream_id, type order by occurred_at, version) as nth
      from corrected_facts
),
facts as (
    select m.*, lag(s) over (partition by tenant_id, stream_id order by at, version) as b,
           (select coalesce(sum((l ->> 'units')::int), 0)::int
              from jsonb_array_elements(m.s -> 'lines') as t(l)) as line_units
      from merged m
),
moves as (
    select f.tenant_id, f.stream_id, f.at, f.version, (x ->> 'line')::int as line, (x ->> 'units')::int as units
      from facts f
      cross join lateral (
        select x from jsonb_array_elements(f.changes -> 'delivered') x
        union all
        select x from jsonb_array_elements(f.changes -> 'cancelled') x
      ) y
     where f.type in ('UnitsDelivered', 'UnitsCancelled')
),
open_units as (
    select f.tenant_id, f.stream_id, f.at, f.version, f.type, f.s, f.changes,
           f.line_units - coalesce(sum(m.units), 0) as still_open
      from facts f
      left join moves m
        on m.tenant_id = f.tenant_id and m.stream_id = f.stream_id and (m.at, m.version) <= (f.at, f.version)
       and f.s -> 'lines' @> jsonb_build_array(jsonb_build_object('line', m.line))
     where f.type in ('DealWon', 'OrderAmended', 'UnitsDelivered', 'UnitsCancelled')
     group by f.tenant_id, f.stream_id, f.at, f.version, f.type, f.s, f.changes, f.line_units
),
handovers as (
    select o.*,
           (still_open <= 0 and s ->> 'status' = 'ordered'
            and lag(still_open) over (partition by tenant_id, stream_id order by at, version) > 0)::int as completed,
           (select coalesce(sum((x ->> 'units')::int), 0)::int
              from jsonb_array_elements(o.changes -> 'delivered') x) as handed_over
      from open_units o
)
select tenant_id, stream_id, version, step, at, (s ->> 'owner_id')::uuid, (s ->> 'unit_id')::uuid,
       (s ->> 'account_id')::uuid, prospects, units
  from (
    select tenant_id, stream_id, version, at, s,
           case type when 'ProspectCaptured' then 'captured'
                     when 'ProspectQualified' then 'qualified'
                     when 'DealLost' then 'defeated'
                     when 'ProspectFrozen' then 'frozen'
                     when 'ContactLost' then 'lost_contact'
                     else 'revived' end as step, 1 as prospects, 0 as units
      from facts
     where type in ('ProspectCaptured', 'DealLost', 'ProspectFrozen', 'ContactLost')
        or (type = 'ProspectQualified' and nth = 1)
        or (type = 'DealReopened' and b ->> 'status' = 'defeated')
    union all
    select tenant_id, stream_id, version, at, s, 'ordered', 1, line_units
      from facts
     where type = 'DealWon'
    union all
    select f.tenant_id, f.stream_id, f.version, f.at, f.s, 'ordered', 0, f.line_units - o.units
      from facts f
      cross join lateral (
        select coalesce(sum((l ->> 'units')::int), 0)::int as units from jsonb_array_elements(f.b -> 'lines') l) o
     where f.type = 'OrderAmended' and f.line_units <> o.units
    union all
    select tenant_id, stream_id, version, at, s, 'delivered', completed, handed_over
      from handovers
     where type = 'UnitsDelivered' or completed > 0
    union all
    select tenant_id, stream_id, version, at, s, 'cancelled', (s ->> 'status' = 'cancelled')::int,
           (select coalesce(sum((x ->> 'units')::int), 0)::int from jsonb_array_elements(changes -> 'cancelled') x)
      from facts
     where type = 'UnitsCancelled'
  ) steps
"""

FUNNEL = View(
    name="kpi.funnel",
    version=2,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("version", "step"),
    indexes=(
        "create index on {table} (tenant_id, at) include (step, owner_id, unit_id, prospects, units)",
        "create index on {table} (tenant_id, unit_id, at)",
    ),
    rows=ROWS,
    facts=(*get_args(OpportunityFact), FactCorrected, FactVoided),
)
