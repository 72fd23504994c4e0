"""How every line of every order stood at every instant: promised, shipped, delivered, installed, cancelled, told.

One row per order, line and interval of business time. Read by the late-delivery list and the page of an order. Knows no
today: what is late is worked out when read.
"""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View

COLUMNS = """
    line int not null,
    from_at timestamptz not null,
    to_at timestamptz,
    status text not null,                    -- ordered, cancelled (the whole order)
    order_ref text,
    currency text,
    product text not null,
    units int not null,
    unit_price numeric,
    shipped int not null,
    delivered int not null,
    installed int not null,
    cancelled int not null,
    open_units int not null,                 -- neither delivered nor cancelled
    promised_on date,                        -- the line's own latest promise, else that of the order
    first_promised_on date,
    times_rescheduled int not null,          -- how often what was promised moved
    new_date_told_on date,                   -- the customer was told of the day now promised
    delay_told_on date                       -- the customer was told, since then, that it comes later
"""

# `lines` of each step; movements and promises are added up over the steps so far, in business order.
ROWS = """
with merged as (
    select tenant_id, stream_id, version, occurred_at, changes -> 'told' as told,
           es.merge(changes) over so_far as standing,
           jsonb_agg(changes -> 'promises') filter (where changes ? 'promises') over so_far as promises,
           jsonb_agg(changes -> 'shipped') filter (where changes ? 'shipped') over so_far as shipments,
           jsonb_agg(changes -> 'delivered') filter (where changes ? 'delivered') over so_far as deliveries,
           jsonb_agg(changes -> 'installed') filter (where changes ? 'installed') over so_far as installations,
           jsonb_agg(changes -> 'cancelled') filter (where changes ? 'cancelled') over so_far as cancellations,
           lead(occurred_at) over steps as next_at
      from corrected_facts
    window so_far as (partition by tenant_id, stream_id order by occurred_at, version),
           steps as (partition by tenant_id, stream_id order by occurred_at, version)
),
lined as (
    select m.tenant_id, m.stream_id, m.version, m.occurred_at, m.next_at,
           m.standing ->> 'status' as status, m.standing ->> 'order_ref' as order_ref,
           m.standing ->> 'currency' as currency,
           l.line, l.product, l.units, l.unit_price,
           {shipments} as shipped, {deliveries} as delivered, {installations} as installed,
           {cancellations} as cancelled,
           coalesce(
               (select (said ->> 'promised_on')::date
                  from jsonb_path_query(m.promises, '$[*][*]') with ordinality as promise(said, place)
                 where (said ->> 'line')::int = l.line
                 order by place desc limit 1),
               (m.standing ->> 'promised_on')::date) as promised_on,
           t.new_date as told_new_date, t.delay as told_delay
      from merged as m
     cross join lateral jsonb_to_recordset(m.standing -> 'lines')
                as l(line int, product text, units int, unit_price numeric)
     cross join lateral (
           select max((said ->> 'on')::date) filter (where (said ->> 'new_date')::boolean) as new_date,
                  max((said ->> 'on')::date) filter (where not (said ->> 'new_date')::boolean) as delay
             from jsonb_array_elements(coalesce(m.told, '[]')) as said
            where (said ->> 'line')::int = l.line) as t
     where m.standing ->> 'status' in ('ordered', 'cancelled')
),
compared as (
    select *, promised_on is distinct from lag(promised_on) over steps as moved,
           lag(promised_on) over steps as promised_before
      from lined
    window steps as (partition by tenant_id, stream_id, line order by occurred_at, version)
),
numbered as (
    select *,
           count(*) filter (where moved) over so_far as promise,
           count(*) filter (where moved and promised_before is not null) over so_far as times_rescheduled,
           (array_agg(promised_on) filter (where promised_on is not null) over so_far)[1] as first_promised_on
      from compared
    window so_far as (partition by tenant_id, stream_id, line order by occurred_at, version)
),
told as (
    select *, max(told_new_date) over since as new_date_told_on, max(told_delay) over since as delay_told_on
      from numbered
    window since as (partition by tenant_id, stream_id, line, promise order by occurred_at, version)
)
select tenant_id, stream_id, line,
       occurred_at as from_at,
       next_at as to_at,
       status, order_ref, currency, product, units, unit_price,
       shipped, delivered, installed, cancelled,
       units - delivered - cancelled as open_units,
       promised_on, first_promised_on,
       times_rescheduled::int as times_rescheduled,
       new_date_told_on, delay_told_on
  from told
 where next_at is distinct from occurred_at
"""
SUM = """coalesce((select sum((move ->> 'units')::int) from jsonb_path_query(m.{movements}, '$[*][*]') as move
                     where (move ->> 'line')::int = l.line), 0)::int"""
for _movements in ("shipments", "deliveries", "installations", "cancellations"):
    ROWS = ROWS.replace(f"{{{_movements}}}", SUM.replace("{movements}", _movements))

ORDER_LINES = View(
    name="opportunities.order_lines",
    version=1,
    stream_types=("opportunity",),
    columns=COLUMNS,
    key=("line", "from_at"),
    indexes=(
        # What is to come, at any instant, the longest promised first.
        "create index on {table} using gist (tenant_id, tstzrange(from_at, to_at), promised_on) where open_units > 0",
    ),
    rows=ROWS,
    facts=(*get_args(events.OpportunityFact), FactCorrected, FactVoided),
    born_of=(events.DealWon, events.UnitsCancelled),
)
