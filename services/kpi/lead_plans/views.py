"""Views of lead plans: how each stood, and the lead targets of issued ones. Weeks are worked out when read."""

from __future__ import annotations

from typing import get_args

from services.kpi.lead_plans.events import LeadPlanFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

PLAN_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text not null,
    month date not null,
    unit_id uuid not null,
    owner_id uuid not null,
    number int not null,
    required jsonb not null,                 -- {units, source, orders, prospects, stock, records, leads}
    rates jsonb not null,                    -- [{name, value, channel, numerator, denominator, unit_id}]
    rates_from date not null,
    rates_to date not null,
    channels jsonb not null,                 -- [{channel, leads, records, budget, currency}]
    reviews jsonb not null                   -- [{week, on, by, position, findings}], in business order
"""
PLAN_ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at,
           es.merge(changes) over steps as standing,
           lead(occurred_at) over steps as next_at,
           jsonb_agg(changes -> 'reviews') filter (where changes ? 'reviews') over steps as reviews
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       standing ->> 'status' as status,
       (standing ->> 'month')::date as month,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'number')::int as number,
       standing -> 'required' as required,
       standing -> 'rates' as rates,
       (standing ->> 'rates_from')::date as rates_from,
       (standing ->> 'rates_to')::date as rates_to,
       standing -> 'channels' as channels,
       coalesce(jsonb_path_query_array(reviews, '$[*][*]'), '[]') as reviews
  from merged
 where next_at is distinct from occurred_at and standing ? 'month'
"""
TARGET_COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    channel text not null,
    month date not null,
    unit_id uuid not null,
    leads numeric not null,
    budget numeric,
    currency text
"""
TARGET_ROWS = """
{MERGED}
select m.tenant_id, m.stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       m.version,
       c.one ->> 'channel' as channel,
       (m.standing ->> 'month')::date as month,
       (m.standing ->> 'unit_id')::uuid as unit_id,
       (c.one ->> 'leads')::numeric as leads,
       (c.one ->> 'budget')::numeric as budget,
       c.one ->> 'currency' as currency
  from merged m cross join lateral jsonb_array_elements(m.standing -> 'channels') as c(one)
 where m.next_at is distinct from m.occurred_at and m.standing ->> 'status' = 'issued' and m.standing ? 'month'
""".replace("{MERGED}", MERGED)

LEAD_PLANS = View(
    name="kpi.lead_plans",
    version=1,
    stream_types=("lead_plan",),
    columns=PLAN_COLUMNS,
    key=("from_at",),
    indexes=("create index on {table} (tenant_id, month, unit_id) where to_at is null",),
    rows=PLAN_ROWS,
    facts=(*get_args(LeadPlanFact), FactCorrected, FactVoided),
)
LEAD_TARGETS = View(
    name="kpi.lead_targets",
    version=1,
    stream_types=("lead_plan",),
    columns=TARGET_COLUMNS,
    key=("from_at", "channel"),
    indexes=("create index on {table} (tenant_id, month, unit_id)",),
    rows=TARGET_ROWS,
    facts=(*get_args(LeadPlanFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (LEAD_PLANS, LEAD_TARGETS)
