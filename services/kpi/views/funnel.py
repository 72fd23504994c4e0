"""What happened to prospects, credited to owner and unit at that time: one row per countable step.

Read by GET /v1/kpi/funnel and by the figures. docs/kpi.md says what each step counts. Orders carry units and amount as
signed, amendments the difference they made; a prospect is delivered when its last open unit was handed over.
"""

from __future__ import annotations

from typing import get_args

from services.kpi.views.amounts import BY_PRODUCT, MOVED
from services.opportunities.events import OpportunityFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

STEPS = ("captured", "qualified", "ordered", "delivered", "cancelled", "defeated", "frozen", "lost_contact", "revived")
"""Columns of the report, in the order of a prospect's life."""

COLUMNS = """
    version integer not null,
    number smallint not null,                -- of an amendment to another currency 1 is what went, 2 what came; else 1
    step text not null,                      -- one of STEPS, defeat_requested, defeat_rejected
    at timestamptz not null,
    owner_id uuid,
    unit_id uuid,
    account_id uuid,
    channel text,
    prospects integer not null,
    units integer not null,
    amount numeric,                          -- of what was ordered
    currency text,
    lines jsonb,                             -- by product: [{product, units, amount}], the same in parts
    before_at timestamptz,                   -- of an order (a defeat): the order (defeat) before it
    won_at timestamptz,                      -- the next order after it
    reopened_at timestamptz,                 -- of a defeat: when it came to life again
    category text,                           -- of the main reason of a defeat or a request
    verdict text                             -- of a defeat: of the latest call-back before it
"""

# facts: each with what stood after it (`s`) and before it (`b`); `sold`, `was`: their lines by product, where an order
# says so. moves: units that left an order, by line. open_units: what an order still owed after each of its facts.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, type, occurred_at as at, changes,
           es.merge(changes - 'delivered' - 'cancelled') over (steps rows unbounded preceding) as s,
           row_number() over (partition by tenant_id, stream_id, type order by occurred_at, version) as nth,
           case type when 'DealWon' then max(case when type = 'DealWon' then occurred_at end) over before
                     when 'DealLost' then max(case when type = 'DealLost' then occurred_at end) over before
                     end as before_at,
           min(case when type = 'DealWon' then occurred_at end) over later as won_at,
           case when type = 'DealLost'
                then min(case when type = 'DealReopened' then occurred_at end) over later end as reopened_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version),
           before as (steps rows between unbounded preceding and 1 preceding),
           later as (steps rows between 1 following and unbounded following)
),
facts as (
    select m.*, lag(s) over (partition by tenant_id, stream_id order by at, version) as b,
           (select coalesce(sum((l ->> 'units')::int), 0)::int
              from jsonb_array_elements(m.s -> 'lines') as t(l)) as line_units
      from merged m
),
orders as (
    select f.*, sold.lines as sold, sold.amount as sold_amount, f.s ->> 'currency' as currency,
           was.lines as was, was.units as was_units, was.amount as was_amount, f.b ->> 'currency' as was_currency
      from facts f
     cross join lateral ({SOLD}) as sold
     cross join lateral ({WAS}) as was
     where f.type in ('DealWon', 'OrderAmended')
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
           coalesce(still_open <= 0 and s ->> 'status' = 'ordered' and lag(still_open)
               over (partition by tenant_id, stream_id order by at, version) > 0, false)::int as completed
      from open_units o
)
select tenant_id, stream_id, version, number::smallint, step, at, (s ->> 'owner_id')::uuid, (s ->> 'unit_id')::uuid,
       (s ->> 'account_id')::uuid, s ->> 'channel', prospects, units, amount, steps.currency,
       coalesce(steps.lines, (
           select jsonb_agg(distinct jsonb_build_object('product', l ->> 'product', 'units', 0))
             from jsonb_array_elements(s -> 'lines') as t(l))),
       before_at, won_at, reopened_at,
       case when step in ('defeated', 'defeat_requested') then s ->> 'defeat_category' end,
       case when step = 'defeated' then s ->> 'verdict' end
  from (
    select tenant_id, stream_id, version, at, s, 1 as number,
           case type when 'ProspectCaptured' then 'captured'
                     when 'ProspectQualified' then 'qualified'
                     when 'DealLost' then 'defeated'
                     when 'DefeatRequested' then 'defeat_requested'
                     when 'DefeatRejected' then 'defeat_rejected'
                     when 'ProspectFrozen' then 'frozen'
                     when 'ContactLost' then 'lost_contact'
                     else 'revived' end as step, 1 as prospects, 0 as units, null::numeric as amount,
           null as currency, null::jsonb as lines, before_at, won_at, reopened_at
      from facts
     where type in ('ProspectCaptured', 'DealLost', 'ProspectFrozen', 'ContactLost')
        or type in ('DefeatRequested', 'DefeatRejected')
        or (type = 'ProspectQualified' and nth = 1)
        or (type = 'DealReopened' and b ->> 'status' = 'defeated')
    union all
    select tenant_id, stream_id, version, at, s, 1, 'ordered', 1, line_units, sold_amount, currency, sold,
           before_at, won_at, null
      from orders
     where type = 'DealWon'
    union all
    select o.tenant_id, o.stream_id, o.version, o.at, o.s, 1, 'ordered', 0, o.line_units - o.was_units,
           coalesce(o.sold_amount, 0) - coalesce(o.was_amount, 0), o.currency, c.lines, null, null, null
      from orders o
     cross join lateral (
        select jsonb_agg(jsonb_build_object('product', product, 'units', units, 'amount', amount::text)
                         order by product) as lines
          from (select product, sum(units) as units, coalesce(sum(amount), 0) as amount
                  from (select product, units, amount
                          from jsonb_to_recordset(o.sold) as t(product text, units int, amount numeric)
                         union all
                        select product, -units, -amount
                          from jsonb_to_recordset(o.was) as t(product text, units int, amount numeric)) as both_of
                 group by 1) as changed
         where units <> 0 or amount <> 0
       ) as c
     where o.type = 'OrderAmended' and o.currency is not distinct from o.was_currency and c.lines is not null
    union all
    select o.tenant_id, o.stream_id, o.version, o.at, o.s, t.number, 'ordered', 0, t.units, t.amount, t.currency,
           t.lines, null, null, null
      from orders o
     cross join lateral (values
        (1, -o.was_units, -coalesce(o.was_amount, 0), o.was_currency,
         (select jsonb_agg(jsonb_build_object('product', product, 'units', -units, 'amount', (-amount)::text))
            from jsonb_to_recordset(o.was) as t(product text, units int, amount numeric))),
        (2, o.line_units, coalesce(o.sold_amount, 0), o.currency, o.sold)) as t(number, units, amount, currency, lines)
     where o.type = 'OrderAmended' and o.currency is distinct from o.was_currency
    union all
    select h.tenant_id, h.stream_id, h.version, h.at, h.s, 1, 'delivered', h.completed, gone.units, null, null,
           gone.lines, null, null, null
      from handovers h
     cross join lateral ({DELIVERED}) as gone
     where h.type = 'UnitsDelivered' or h.completed > 0
    union all
    select f.tenant_id, f.stream_id, f.version, f.at, f.s, 1, 'cancelled',
           coalesce(f.s ->> 'status' = 'cancelled', false)::int, gone.units, null, null, gone.lines, null, null, null
      from facts f
     cross join lateral ({CANCELLED}) as gone
     where f.type = 'UnitsCancelled'
  ) steps
"""
ROWS = ROWS.format(
    SOLD=BY_PRODUCT.format(s="f.s"),
    WAS=BY_PRODUCT.format(s="f.b"),
    DELIVERED=MOVED.format(s="h.s", moves="h.changes -> 'delivered'"),
    CANCELLED=MOVED.format(s="f.s", moves="f.changes -> 'cancelled'"),
)

FUNNEL = View(
    name="kpi.funnel",
    version=4,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("version", "step", "number"),
    indexes=(
        # Figures of years, by month and person: read from the index alone.
        "create index on {table} (tenant_id, step, at) include (owner_id, unit_id, channel, account_id, prospects,"
        " units, amount, currency, before_at, won_at, reopened_at, category, verdict)",
        "create index on {table} (tenant_id, at) include (step, owner_id, unit_id, prospects, units)",
        "create index on {table} (tenant_id, unit_id, at)",
    ),
    rows=ROWS,
    facts=(*get_args(OpportunityFact), FactCorrected, FactVoided),
)
