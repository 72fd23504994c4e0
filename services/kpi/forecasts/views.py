"""Forecasts as they stood: one row per interval and figure, the person's and the head's side by side.

`in_force`: the head's figure when it is of the latest call, else the person's.
"""

from __future__ import annotations

from typing import get_args

from services.kpi.forecasts.events import ForecastFact
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    place int not null,                      -- of the figure within the forecast
    month date not null,
    owner_id uuid not null,
    unit_id uuid not null,
    number int not null,                     -- of the person's call
    called_on date not null,
    measure text not null,
    product text,
    currency text,
    called numeric,                          -- the person's; null: the head alone says something
    adjusted numeric,                        -- the head's, of whatever call; null: none
    adjusted_number int,
    adjusted_by uuid,
    adjusted_on date,
    in_force numeric
"""
ROWS = """
{MERGED},
said as (
    select m.*, c.one as called, null::jsonb as adjusted, c.one as line, c.place
      from merged m cross join lateral jsonb_array_elements(m.standing -> 'lines') with ordinality as c(one, place)
    union all
    select m.*, null, a.one, a.one, 1000 + a.place
      from merged m cross join lateral jsonb_array_elements(coalesce(m.standing -> 'adjusted', '[]'))
           with ordinality as a(one, place)
),
lined as (
    select tenant_id, stream_id, version, occurred_at, next_at, standing, line ->> 'measure' as measure,
           line ->> 'product' as product, line ->> 'currency' as currency, min(place) as place,
           sum((called ->> 'figure')::numeric) as called, sum((adjusted ->> 'figure')::numeric) as adjusted,
           coalesce(standing ->> 'adjusted_number' = standing ->> 'number', false) as heard
      from said
     where next_at is distinct from occurred_at and standing ? 'month'
     group by tenant_id, stream_id, version, occurred_at, next_at, standing, measure, product, currency
)
select tenant_id, stream_id,
       occurred_at as from_at,
       next_at as to_at,
       version,
       (row_number() over (partition by tenant_id, stream_id, occurred_at order by place))::int as place,
       (standing ->> 'month')::date as month,
       (standing ->> 'owner_id')::uuid as owner_id,
       (standing ->> 'unit_id')::uuid as unit_id,
       (standing ->> 'number')::int as number,
       (standing ->> 'called_on')::date as called_on,
       measure, product, currency, called, adjusted,
       (standing ->> 'adjusted_number')::int as adjusted_number,
       (standing ->> 'adjusted_by')::uuid as adjusted_by,
       (standing ->> 'adjusted_on')::date as adjusted_on,
       case when heard and adjusted is not null then adjusted else called end as in_force
  from lined
""".replace("{MERGED}", MERGED)

FORECASTS = View(
    name="kpi.forecasts",
    version=1,
    stream_types=("forecast",),
    columns=COLUMNS,
    key=("from_at", "place"),
    indexes=(
        "create index on {table} (tenant_id, month, unit_id)",
        "create index on {table} (tenant_id, owner_id, month)",
    ),
    rows=ROWS,
    facts=(*get_args(ForecastFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (FORECASTS,)
