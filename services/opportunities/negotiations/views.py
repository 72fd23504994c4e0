"""The view of negotiations: one row per negotiation and interval of business time."""

from __future__ import annotations

from typing import get_args

from services.opportunities import events
from shared.event_store.stream import FactCorrected, FactVoided
from shared.projections.view import View
from shared.records.intervals import MERGED

COLUMNS = """
    from_at timestamptz not null,
    to_at timestamptz,
    version int not null,
    status text not null,
    opportunity_id uuid not null,
    subject text,
    opened_by uuid,
    opened_on date,
    rounds int not null,
    outcome text,
    last_round_on date,
    open_points jsonb not null,              -- [{number, text, owner_id, due_on}], not settled
    next_due_on date,                        -- of these, the earliest
    price_status text,
    price_lines jsonb not null,              -- [{product, units, unit_price, list_price, discount}]
    price_currency text,
    price_discount numeric,
    price_amount numeric,
    price_needs text,
    price_reason text,
    price_requested_by uuid,
    price_requested_on date,
    price_requested_at timestamptz,          -- of the price asked for last
    price_passed_by uuid,
    price_decided_by uuid,
    price_decided_on date,
    price_comment text,
    price_within_own_limit boolean,
    concluded_on date,
    conclusion text
"""

# Rounds and settled points are added up: a late one takes its place among the others.
ROWS = """
{MERGED},
told as (
    select tenant_id, stream_id, version,
           jsonb_agg(changes -> 'rounds') filter (where changes ? 'rounds') over steps as held,
           jsonb_agg(changes -> 'points_closed') filter (where changes ? 'points_closed') over steps as settled,
           max(occurred_at) filter (where type = 'PriceRequested') over steps as price_requested_at
      from corrected_facts
    window steps as (partition by tenant_id, stream_id order by occurred_at, version)
)
select tenant_id, stream_id,
       m.occurred_at as from_at,
       m.next_at as to_at,
       version,
       m.standing ->> 'status' as status,
       (m.standing ->> 'opportunity_id')::uuid as opportunity_id,
       m.standing ->> 'subject' as subject,
       (m.standing ->> 'opened_by')::uuid as opened_by,
       (m.standing ->> 'opened_on')::date as opened_on,
       (select count(*)::int
          from jsonb_array_elements(coalesce(t.held, '[]')) as h(rounds)
         cross join lateral jsonb_array_elements(h.rounds)) as rounds,
       m.standing ->> 'outcome' as outcome,
       (m.standing ->> 'last_round_on')::date as last_round_on,
       open.points as open_points,
       open.next_due_on,
       m.standing ->> 'price_status' as price_status,
       coalesce(m.standing -> 'price_lines', '[]') as price_lines,
       m.standing ->> 'price_currency' as price_currency,
       (m.standing ->> 'price_discount')::numeric as price_discount,
       (select sum((l.line ->> 'units')::numeric * (l.line ->> 'unit_price')::numeric)
          from jsonb_array_elements(coalesce(m.standing -> 'price_lines', '[]')) as l(line)) as price_amount,
       m.standing ->> 'price_needs' as price_needs,
       m.standing ->> 'price_reason' as price_reason,
       (m.standing ->> 'price_requested_by')::uuid as price_requested_by,
       (m.standing ->> 'price_requested_on')::date as price_requested_on,
       t.price_requested_at,
       (m.standing ->> 'price_passed_by')::uuid as price_passed_by,
       (m.standing ->> 'price_decided_by')::uuid as price_decided_by,
       (m.standing ->> 'price_decided_on')::date as price_decided_on,
       m.standing ->> 'price_comment' as price_comment,
       (m.standing ->> 'price_within_own_limit')::boolean as price_within_own_limit,
       (m.standing ->> 'concluded_on')::date as concluded_on,
       m.standing ->> 'conclusion' as conclusion
  from merged m
  join told t using (tenant_id, stream_id, version)
 cross join lateral (
    select coalesce(jsonb_agg(p.point order by (p.point ->> 'number')::int), '[]') as points,
           min((p.point ->> 'due_on')::date) as next_due_on
      from jsonb_array_elements(coalesce(t.held, '[]')) as h(rounds)
     cross join lateral jsonb_array_elements(h.rounds) as r(round)
     cross join lateral jsonb_array_elements(coalesce(r.round -> 'open_points', '[]')) as p(point)
     where not exists (
           select from jsonb_array_elements(coalesce(t.settled, '[]')) as s(points)
            cross join lateral jsonb_array_elements(s.points) as c(point)
            where c.point -> 'number' = p.point -> 'number')
 ) as open
 where m.next_at is distinct from m.occurred_at
   and m.standing ->> 'opportunity_id' is not null
""".replace("{MERGED}", MERGED.rstrip())

NEGOTIATIONS = View(
    name="opportunities.negotiations",
    version=1,
    stream_types=("negotiation",),
    columns=COLUMNS,
    key=("from_at",),
    indexes=(
        "create index on {table} (tenant_id, opportunity_id) where to_at is null",
        "create index on {table} (tenant_id, price_status) where to_at is null",
    ),
    rows=ROWS,
    facts=(*get_args(events.NegotiationFact), FactCorrected, FactVoided),
)

VIEWS: tuple[View, ...] = (NEGOTIATIONS,)
