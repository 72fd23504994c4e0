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
with posted as materialized (
    select p.stream_id, p.posting_id, coalesce(k.opportunity_id, p.opportunity_id) as opportunity_id, k.known,
           coalesce(k.order_ref, p.order_ref, p.opportunity_id::text) as order_ref, coalesce(p.line, k.line) as line,
           coalesce(p.product, k.product) as product, p.currency, p.posted_on, p.posted_at, p.units, p.amount
      from {{postings}} as p
      left join lateral (
           select o.stream_id as opportunity_id, true as known, coalesce(o.order_ref, o.stream_id::text) as order_ref,
                  case when count(*) filter (where p.line is null) over () <= 1 then l.line end as line, l.product
             from {{orders}} as o
            cross join lateral jsonb_to_recordset(o.lines) as l(line int, product text)
            where {holds} and o.won
              and (o.stream_id = p.opportunity_id or p.opportunity_id is null and o.order_ref = p.order_ref)
              and (l.line = p.line or p.line is null and l.product = p.product)
            order by o.stream_id, l.line limit 1) as k on true
     where p.tenant_id = $1 and p.posted_at <= {{at}} and p.kind = 'delivery' and {wide}
       and not exists (select from {{postings}} as r
                        where r.tenant_id = $1 and r.reverses = p.posting_id and r.posted_at <= {{at}})
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
      from (select *, coalesce(line::text, product) as place from given) as g
      join wanted using (order_ref)
),
theirs as (
    select p.*, row_number() over (partition by order_ref, place, units, amount, currency
                                   order by posted_on, posting_id) as nth
      from (select *, coalesce(line::text, product) as place from posted) as p
      join wanted using (order_ref)
),
agreed as (
    select o.stream_id, o.version, o.place, o.delivered_on, t.posting_id
      from ours as o
      join theirs as t on t.order_ref = o.order_ref and t.place is not distinct from o.place and t.units = o.units
       and t.amount = o.amount and t.currency = o.currency and t.nth = o.nth
),
left_ours as (
    select o.*, row_number() over (partition by order_ref, place
                                   order by delivered_on, o.stream_id::text, units, version) as rest
      from ours as o
     where not exists (select from agreed as a where a.stream_id = o.stream_id and a.version = o.version
                          and a.place is not distinct from o.place and a.delivered_on = o.delivered_on)
),
left_theirs as (
    select t.*, row_number() over (partition by order_ref, place order by posted_on, posting_id) as rest
      from theirs as t
     where not exists (select from agreed as a where a.posting_id = t.posting_id)
),
entries as (
    select o.stream_id, o.version, o.line, o.delivered_on as day, o.owner_id, o.unit_id, o.account_id,
           a.posting_id is not null as matched
      from ours as o
      left join agreed as a on a.stream_id = o.stream_id and a.version = o.version
       and a.place is not distinct from o.place and a.delivered_on = o.delivered_on
    union all
    select coalesce(t.opportunity_id, t.stream_id), 0, t.line, t.posted_on, s.owner_id, s.unit_id, s.account_id, false
      from left_theirs as t
      left join left_ours as o on o.order_ref = t.order_ref and o.place is not distinct from t.place
       and o.rest = t.rest
      left join {{orders}} as s on t.known and s.tenant_id = $1 and s.stream_id = t.opportunity_id
       and s.from_at <= t.posted_at and (s.to_at is null or s.to_at > t.posted_at)
     where o.stream_id is null
)
select $1 as tenant_id, e.stream_id, row_number() over (partition by e.stream_id order by e.day, e.version, e.line)::int
           as number,
       e.day::timestamp at time zone {{zone}} as at, e.owner_id, e.unit_id, e.account_id, null::text as channel,
       null::text as currency, null::jsonb as lines, e.matched
  from entries as e
 where e.day between {first} and {last})"""


async def _make(_: Reads, question: Question) -> str:
    first, last = day(first_day(question)), day(last_day(question))
    return RELATION.format(
        holds=holds("o"),
        first=first,
        last=last,
        wide=_near("p.opportunity_id", "p.order_ref", first, last),
        wide_delivered=_near("d.stream_id", "d.order_ref", first, last),
    )


def _near(id: str, ref: str, first: str, last: str) -> str:
    """The predicate that an entry is of an order with something in the range."""
    ids = f"""
        select n.stream_id from {{delivered}} as n where n.tenant_id = $1 and n.delivered_on between {first} and {last}
        union select n.opportunity_id from {{postings}} as n
         where n.tenant_id = $1 and n.posted_on between {first} and {last} and n.opportunity_id is not null"""  # noqa: S608 - constants only
    refs = f"""
        select n.order_ref from {{delivered}} as n
         where n.tenant_id = $1 and n.delivered_on between {first} and {last} and n.order_ref is not null
        union select n.order_ref from {{postings}} as n
         where n.tenant_id = $1 and n.posted_on between {first} and {last} and n.order_ref is not null"""  # noqa: S608 - constants only
    return f"({id} in ({ids}) or {ref} in ({refs}))"


LEDGER_SOURCE = WindowedSource(
    name="ledger",
    kind="opportunity",
    make=_make,
    views=(DELIVERED, POSTINGS, ORDERS),
    of={"entries": RowMeasure(ENTRIES), "matched": RowMeasure(MATCHED, where="f.matched")},
    there="delivered",
    dimensions=BY,
)
