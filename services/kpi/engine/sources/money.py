"""What customers owe at the end of a period, and what of it is overdue. Per currency; nothing is due by itself.

Credited to owner and unit of the order at that instant. Due is the invoice's own day, else the terms of the contract
signed last, else so many days after the invoice by the credit policy: the rule of docs/orders.md, applied in SQL.
"""

from __future__ import annotations

from typing import Final

from services.kpi.asking import Reads
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.question import Question
from services.kpi.engine.sources.money_views import AGREED_TERMS, CREDIT_POLICIES, DELIVERED, INVOICES, ORDERS
from services.kpi.engine.sources.rows import RowMeasure
from services.kpi.engine.sources.windowed import WindowedSource, day, ends, instant
from shared.days import day_of

BY: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "account_kind", "segment")

OPEN = Measure("receivables", "open", "money", "closing")
OVERDUE = Measure("receivables", "overdue", "money", "closing")

DUE_DAYS: Final = 30
"""After the day of the invoice, where the tenant published no credit policy: the one shipped."""

# `owed`: each invoice at each end at which something of it is open. `terms`: of the contract signed last, as it stood
# then. Payments fill the instalments in the order due, those that wait for something last; the last part is the rest.
RELATION = """(
with ends(finish, at, day) as (values {ends}),
owed as (
    select e.finish, e.at, e.day, i.stream_id, i.opportunity_id, i.account_id,
           i.currency, i.gross - i.credited as total, i.open_amount, i.issued_on, i.due_on
      from ends as e
      join {{invoices}} as i on i.tenant_id = $1 and i.open_amount <> 0 and tstzrange(i.from_at, i.to_at) @> e.at
),
policies as (
    select finish, array_agg(effective_from order by effective_from) as since,
           array_agg(due_days order by effective_from) as days
      from (select distinct on (e.finish, effective_from) e.finish, effective_from, due_days
              from ends as e
             cross join lateral (
                   select date '2000-01-01' as effective_from, '-infinity'::timestamptz as published_at, 0 as version,
                          {due_days} as due_days
                    union all
                   select p.effective_from, p.published_at, p.version, p.due_days
                     from {{credit_policies}} as p where p.tenant_id = $1 and p.published_at <= e.at) as known
             order by e.finish, effective_from, published_at desc, version desc) as published
     group by finish
),
agreed as (
    select distinct on (o.opportunity_id, o.finish) o.opportunity_id, o.finish, t.signed_on, t.payment_terms,
           (select max(d.delivered_on) from {{delivered}} as d
             where d.tenant_id = $1 and d.stream_id = o.opportunity_id and d.delivered_at <= o.at) as delivered_on
      from owed as o
      join {{agreed_terms}} as t on t.tenant_id = $1 and t.opportunity_id = o.opportunity_id and t.from_at <= o.at
       and (t.to_at is null or t.to_at > o.at)
     where o.due_on is null
     order by o.opportunity_id, o.finish, t.signed_on desc nulls last, t.stream_id
)
select $1 as tenant_id, o.stream_id, 1 as number, o.at, o.finish, s.owner_id, s.unit_id, o.account_id,
       null::text as channel, o.currency, null::jsonb as lines, o.open_amount as amount,
       case when o.due_on is not null then case when o.due_on < o.day then o.open_amount else 0 end
            when jsonb_array_length(a.payment_terms) > 0 then ({parts})
            when o.issued_on + p.days[greatest(width_bucket(o.issued_on, p.since), 1)] < o.day then o.open_amount
            else 0 end as overdue
  from owed as o
  join policies as p on p.finish = o.finish
  left join {{orders}} as s on s.tenant_id = $1 and s.stream_id = o.opportunity_id and s.from_at <= o.at
   and (s.to_at is null or s.to_at > o.at)
  left join agreed as a on a.opportunity_id = o.opportunity_id and a.finish = o.finish)"""
PARTS = """
       select sum(greatest(least(amount, so_far - (o.total - o.open_amount)), 0)) filter (where due_on < o.day)
         from (select due_on, amount, sum(amount) over (order by due_on nulls last, place) as so_far
                 from (select place, {due_on} as due_on,
                              case when place = parts then o.total - coalesce(sum(rounded) over (
                                       order by place rows between unbounded preceding and 1 preceding), 0)
                                   else rounded end as amount
                         from (select place, part, count(*) over () as parts,
                                      round(o.total * (part ->> 'share')::numeric, 2) as rounded
                                 from jsonb_array_elements(a.payment_terms) with ordinality as parts(part, place)
                              ) as rounds) as parts) as paid
"""
DUE_ON = """case part ->> 'after' when 'invoice' then o.issued_on when 'signing' then a.signed_on
                                      when 'delivery' then a.delivered_on end + (part ->> 'days')::int"""


async def _make(_: Reads, question: Question) -> str:
    zone = question.asking.zone
    listed = ", ".join(f"({instant(finish)}, {instant(at)}, {day(day_of(at, zone))})" for finish, at in ends(question))
    return RELATION.format(ends=listed, due_days=DUE_DAYS, parts=PARTS.format(due_on=DUE_ON))


AT_THE_END = "f.finish = w.finish"
"""Where periods overlap, each has an end of its own."""

RECEIVABLES_SOURCE = WindowedSource(
    name="receivables",
    kind="invoice",
    make=_make,
    views=(INVOICES, ORDERS, AGREED_TERMS, CREDIT_POLICIES, DELIVERED),
    of={
        "open": RowMeasure(OPEN, "f.amount", where=AT_THE_END),
        "overdue": RowMeasure(OVERDUE, "f.overdue", where=AT_THE_END),
    },
    there="invoices",
    dimensions=BY,
    bounded=True,
)
