"""Ledger match (物资台帐与财务帐目吻合度): our deliveries beside the ERP's postings, entry by entry. Stores no match.

The rule of docs/orders.md: two are one when order, line, units and amount agree; what is left of an order and line is
paired by day and differs; what has no other side counts too. An entry belongs to our day, else to theirs, and to who
had the order then.
"""

from __future__ import annotations

from services.kpi.asking import Reads
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.question import Question
from services.kpi.engine.sources.money_views import DELIVERED, ORDERS, POSTINGS
from services.kpi.engine.sources.rows import RowMeasure
from services.kpi.engine.sources.windowed import WindowedSource, day, first_day, holds, last_day

BY: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "account_kind", "segment")

ENTRIES = Measure("ledger", "entries", "entries", "entry")
MATCHED = Measure("ledger", "matched", "entries", "entry")

# Both sides of every order with something in the range: its other side may lie outside. `nth`: entries that agree, and
# then those of one order and line, go together in the order of days. A posting that was reversed is out of the books.
RELATION = """(
with ids as materialized ({ids}),
refs as materialized ({refs}),
told as materialized (
    select p.* from {{postings}} as p
     where p.tenant_id = $1 and p.posted_at <= {{at}} and p.kind = 'delivery' and {wide}
       and not exists (select from {{postings}} as r
                        where r.tenant_id = $1 and r.reverses = p.posting_id and r.posted_at <= {{at}})
),
posted as materialized (
    select p.stream_id, p.posting_id, p.opportunity_id, o.stream_id is not null as known,
           case when o.stream_id is null then p.opportunity_id::text
                else coalesce(o.order_ref, o.stream_id::text) end as order_ref,
           p.line, p.product, p.currency, p.posted_on, p.posted_at, p.units, p.amount
      from told as p
      left join {{orders}} as o on o.stream_id = p.opportunity_id and {holds} and o.won
       and o.lines @> jsonb_build_array(jsonb_build_object('line', p.line))
     where p.opportunity_id is not null and p.order_ref is null and p.line is not null
    union all
    select p.stream_id, p.posting_id, coalesce(k.opportunity_id, p.opportunity_id) as opportunity_id,
           k.known is not null,
           coalesce(k.order_ref, p.order_ref, p.opportunity_id::text) as order_ref, coalesce(p.line, k.line) as line,
           coalesce(p.product, k.product) as product, p.currency, p.posted_on, p.posted_at, p.units, p.amount
      from told as p
      left join lateral (
           select o.stream_id as opportunity_id, true as known, coalesce(o.order_ref, o.stream_id::text) as order_ref,
                  case when count(*) filter (where p.line is null) over () <= 1 then l.line end as line, l.product
             from {{orders}} as o
            cross join lateral jsonb_to_recordset(o.lines) as l(line int, product text)
            where {holds} and o.won
              and (o.stream_id = p.opportunity_id or p.opportunity_id is null and o.order_ref = p.order_ref)
              and (l.line = p.line or p.line is null and l.product = p.product)
            order by o.stream_id, l.line limit 1) as k on true
     where p.opportunity_id is null or p.order_ref is not null or p.line is null
),
given as materialized (
    select d.stream_id, d.version, coalesce(d.order_ref, d.stream_id::text) as order_ref, d.line, d.product,
           d.currency, d.delivered_on, d.units, d.amount, d.owner_id, d.unit_id, d.account_id
      from {{delivered}} as d
     where d.tenant_id = $1 and d.delivered_at <= {{at}} and {wide_delivered}
),
wanted as (
    select order_ref from posted where posted_on between {first} and {last}
    union
    select order_ref from given where delivered_on between {first} and {last}
),
ours as (
    select g.*, row_number() over (partition by order_ref, place, units, amount, currency
                                   order by delivered_on, g.stream_id::text, units, version) as nth
      from (select *, coalesce(line::text, product, '') as place from given) as g
      join wanted using (order_ref)
),
theirs as (
    select p.*, row_number() over (partition by order_ref, place, units, amount, currency
                                   order by posted_on, posting_id) as nth
      from (select *, coalesce(line::text, product, '') as place from posted) as p
      join wanted using (order_ref)
),
both_sides as materialized (
    select order_ref, place, o.stream_id, o.version, o.line, o.delivered_on, o.units, o.owner_id, o.unit_id,
           o.account_id, t.posting_id, t.stream_id as posting, t.opportunity_id, t.known, t.line as posted_line,
           t.posted_on, t.posted_at
      from ours as o
      full join theirs as t using (order_ref, place, units, amount, currency, nth)
),
left_ours as (
    select order_ref, place, row_number() over (partition by order_ref, place
                                                order by delivered_on, stream_id::text, units, version) as rest
      from both_sides where posting_id is null
),
left_theirs as (
    select *, row_number() over (partition by order_ref, place order by posted_on, posting_id) as rest
      from both_sides where stream_id is null
),
entries as (
    select stream_id, version, line, delivered_on as day, owner_id, unit_id, account_id,
           posting_id is not null as matched
      from both_sides where stream_id is not null
    union all
    select coalesce(t.opportunity_id, t.posting), 0, t.posted_line, t.posted_on, s.owner_id, s.unit_id, s.account_id,
           false
      from left_theirs as t
      left join left_ours as o on o.order_ref = t.order_ref and o.place = t.place and o.rest = t.rest
      left join {{orders}} as s on t.known and s.tenant_id = $1 and s.stream_id = t.opportunity_id
       and s.from_at <= t.posted_at and (s.to_at is null or s.to_at > t.posted_at)
     where o.order_ref is null
)
select $1 as tenant_id, e.stream_id, row_number() over (partition by e.stream_id order by e.day, e.version, e.line)::int
           as number,
       e.day::timestamp at time zone {{zone}} as at, e.owner_id, e.unit_id, e.account_id, null::text as channel,
       null::text as currency, null::jsonb as lines, e.matched
  from entries as e
 where e.day between {first} and {last})"""


# An entry is of an order with something in the range, by the order's id or by its number in the ERP.
NEAR = "({id} in (select stream_id from ids) or {ref} in (select order_ref from refs))"
IDS = """
    select n.stream_id from {{delivered}} as n where n.tenant_id = $1 and n.delivered_on between {first} and {last}
     union select n.opportunity_id from {{postings}} as n
     where n.tenant_id = $1 and n.posted_on between {first} and {last} and n.opportunity_id is not null"""
REFS = """
    select n.order_ref from {{delivered}} as n
     where n.tenant_id = $1 and n.delivered_on between {first} and {last} and n.order_ref is not null
     union select n.order_ref from {{postings}} as n
     where n.tenant_id = $1 and n.posted_on between {first} and {last} and n.order_ref is not null"""


async def _make(_: Reads, question: Question) -> str:
    first, last = day(first_day(question)), day(last_day(question))
    return RELATION.format(
        holds=holds("o"),
        first=first,
        last=last,
        wide=NEAR.format(id="p.opportunity_id", ref="p.order_ref"),
        wide_delivered=NEAR.format(id="d.stream_id", ref="d.order_ref"),
        ids=IDS.format(first=first, last=last),
        refs=REFS.format(first=first, last=last),
    )


LEDGER_SOURCE = WindowedSource(
    name="ledger",
    kind="opportunity",
    make=_make,
    views=(DELIVERED, POSTINGS, ORDERS),
    of={"entries": RowMeasure(ENTRIES), "matched": RowMeasure(MATCHED, where="f.matched")},
    there="delivered",
    dimensions=BY,
    bounded=True,
)
