"""How every prospect stood: a row per prospect and longest interval of the same stock, owner, unit, account and lines.

Read by the figures of opening and closing stock, and to credit what happened to who was responsible then. Depends on no
policy and no day.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities.events import OpportunityFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,                       -- null: still so
    version int not null,                    -- the fact that made it so
    stock text,                              -- open; ordered (not wholly delivered or cancelled); null: neither
    owner_id uuid,
    unit_id uuid,
    account_id uuid,
    channel text,
    units int not null,                      -- of its lines; of an order those neither delivered nor cancelled
    lines jsonb,                             -- the same by product: [{product, units}]; null without lines
    captured_at timestamptz not null,
    won_at timestamptz                       -- the first order after the interval began
"""

# `es.merge` is strict: a null changes nothing, so the lines are worked out only where a fact says something about them.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at as at, changes,
           es.merge(changes - 'delivered' - 'cancelled') over so_far as s,
           jsonb_agg(changes -> 'delivered') filter (where changes ? 'delivered') over so_far as deliveries,
           jsonb_agg(changes -> 'cancelled') filter (where changes ? 'cancelled') over so_far as cancellations,
           min(version) over so_far = 1 as captured,
           min(case when version = 1 then occurred_at end) over so_far as captured_at,
           lead(occurred_at) over so_far as next_at,
           min(case when type = 'DealWon' then occurred_at end) over
               (so_far rows between 1 following and unbounded following) as won_at
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version)
),
lined as (
    select m.*, es.merge(case when changes ?| array['lines', 'delivered', 'cancelled'] then (
               select jsonb_build_object('open', jsonb_agg(jsonb_build_object('product', product, 'units', units)
                                                           order by product),
                                         'ordered', jsonb_agg(jsonb_build_object('product', product, 'units', still)
                                                              order by product))
                 from (
                   select product, sum(units) as units, sum(units - gone) as still
                     from (
                       select product, units,
                              coalesce((select sum((x ->> 'units')::int)
                                          from jsonb_path_query(
                                               coalesce(deliveries, '[]') || coalesce(cancellations, '[]'), '$[*][*]'
                                               ) as x
                                         where (x ->> 'line')::int = line), 0) as gone
                         from jsonb_to_recordset(s -> 'lines') as l(line int, product text, units int)
                     ) as counted
                    group by 1) as by_product) end)
               over (partition by tenant_id, stream_id order by at, version) as figures
      from merged m
     where captured
),
stood as (
    select tenant_id, stream_id, version, at, next_at, captured_at, won_at, s,
           case s ->> 'status' when 'open' then 'open' when 'ordered' then 'ordered' end as stock,
           nullif(figures -> case s ->> 'status' when 'ordered' then 'ordered' else 'open' end, 'null') as lines
      from lined
     where next_at is distinct from at
),
counted as (
    select *, (select sum((l ->> 'units')::int)::int from jsonb_array_elements(lines) as t(l)) as units
      from stood
),
known as (
    select tenant_id, stream_id, version, at, captured_at, won_at,
           case when stock = 'ordered' and units <= 0 then null else stock end as stock,
           (s ->> 'owner_id')::uuid as owner_id, (s ->> 'unit_id')::uuid as unit_id,
           (s ->> 'account_id')::uuid as account_id, s ->> 'channel' as channel, coalesce(units, 0) as units, lines
      from counted
),
changed as (
    select *, (stock, owner_id, unit_id, account_id, channel, lines) is distinct from
              (lag(stock) over steps, lag(owner_id) over steps, lag(unit_id) over steps, lag(account_id) over steps,
               lag(channel) over steps, lag(lines) over steps) or lag(at) over steps is null as anew
      from known
    window steps as (partition by tenant_id, stream_id order by at, version)
)
select tenant_id, stream_id, at as from_at,
       lead(at) over (partition by tenant_id, stream_id order by at) as to_at,
       version, stock, owner_id, unit_id, account_id, channel, units, lines, captured_at, won_at
  from changed
 where anew
"""

STOCK = View(
    name="kpi.stock",
    version=1,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        # The stock at the bounds of many months, by person: one pass over the index alone.
        "create index on {table} (tenant_id, stock, from_at) include (to_at, owner_id, unit_id, channel, account_id,"
        " units, captured_at, won_at) where stock is not null",
    ),
    rows=ROWS,
    facts=(*get_args(OpportunityFact), FactCorrected, FactVoided),
)
