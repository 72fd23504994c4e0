"""Leads by the day they came in, visitors by the day they came, spend spread day by day. Judges nothing as good or bad.

A cohort: of the leads received in a period, what became of them up to the instant asked about. Each figure is credited
to who was responsible when it happened: a lead that came in to its first assignee and the unit it came to, the answer
to who was responsible then, the record to who disposed of it, the order to who had it when it was won. Visitors and
spend belong to a unit and to nobody.
"""

from __future__ import annotations

from typing import Final

from services.kpi.asking import Reads
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.question import Question
from services.kpi.engine.sources.leads_views import CHANNEL_SPEND, LEADS, VISITOR_COUNTS
from services.kpi.engine.sources.money_views import ORDERS
from services.kpi.engine.sources.rows import RowMeasure, RowSource
from services.kpi.engine.sources.windowed import WindowedSource, day, first_day, holds, instant, last_day

NAME: Final = "leads"
BY: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "channel", "account_kind", "segment")
BY_UNIT: tuple[Dimension, ...] = ("unit", "branch", "region", "channel")

RECEIVED = Measure(NAME, "received", "leads", "receipt")
PROMISED = Measure(NAME, "promised", "leads", "receipt")
IN_TIME = Measure(NAME, "in_time", "leads", "receipt")
RECORDED = Measure(NAME, "recorded", "leads", "receipt")
RECORDS = Measure(NAME, "records", "records", "receipt")
WON = Measure(NAME, "won", "deals", "receipt")
VISITORS = Measure("visitors", "visitors", "leads", "receipt")
SPEND = Measure("spend", "spend", "money", "spend")

_OF = """
    select l.tenant_id, l.stream_id, {number} as number, l.received_at as at, {owner}, {unit}, l.account_id, l.channel,
           null::text as currency, null::jsonb as lines, '{step}'::text as step
      from {{leads}} as l {joined}
     where {holds} and {which}"""


def _lead(number: int, step: str, credit: tuple[str, str], which: str = "true", joined: str = "") -> str:
    owner, unit = f"{credit[0]} as owner_id", f"{credit[1]} as unit_id"
    return _OF.format(number=number, step=step, owner=owner, unit=unit, which=which, joined=joined, holds=holds("l"))


CAME = ("l.assigned_owner_id", "l.received_unit_id")
RELATION = (
    "("
    + "\n    union all".join(
        (
            _lead(1, "received", CAME),
            _lead(2, "promised", CAME, "l.answer_hours is not null"),
            _lead(
                3, "in_time", ("l.contacted_owner_id", "l.contacted_unit_id"),
                "l.contacted_at <= l.received_at + l.answer_hours * interval '1 hour'",
            ),
            _lead(4, "recorded", ("l.disposed_owner_id", "l.disposed_unit_id"), "l.status = 'record'"),
            _lead(
                5, "won", ("o.won_owner_id", "o.won_unit_id"), "l.status = 'record' and o.won",
                f"join {{orders}} as o on o.stream_id = l.opportunity_id and {holds('o')}",
            ),
        )
    )
    + ")"
)  # fmt: skip

LEAD_SOURCE = RowSource(
    name=NAME,
    kind="lead",
    relation=RELATION,
    views=(LEADS, ORDERS),
    of={
        "received": RowMeasure(RECEIVED, steps=("received",)),
        "promised": RowMeasure(PROMISED, steps=("promised",)),
        "in_time": RowMeasure(IN_TIME, steps=("in_time",)),
        "recorded": RowMeasure(RECORDED, steps=("recorded",)),
        "records": RowMeasure(RECORDS, steps=("recorded",)),
        "won": RowMeasure(WON, steps=("won",)),
    },
    dimensions=BY,
)

# -- visitors and spend ------------------------------------------------------------------------------------

CAME_BY = """(
    select v.tenant_id, v.stream_id, 1 as number, v.day::timestamp at time zone {{zone}} as at, null::uuid as owner_id,
           v.unit_id, null::uuid as account_id, v.channel, null::text as currency, null::jsonb as lines,
           v.count as visitors
      from {{visitor_counts}} as v
     where {holds} and v.day between {first} and {last})"""
# The part of an amount that falls into a period, day by day: parts of adjoining periods sum to the whole, to the cent.
SPENT = """(
    select s.tenant_id, s.stream_id, 1 as number, greatest(s.day, p.first)::timestamp at time zone {{zone}} as at,
           p.finish, null::uuid as owner_id, s.unit_id, null::uuid as account_id, s.channel, s.currency,
           null::jsonb as lines, round(s.amount * least(p.last - s.day + 1, s.days) / s.days, 2)
                                 - round(s.amount * greatest(p.first - s.day, 0) / s.days, 2) as amount
      from {{channel_spend}} as s
      join (values {periods}) as p(first, last, finish) on s.day <= p.last and s.day + s.days > p.first
     where {holds} and s.day between {first} - 31 and {last})"""


async def _visitors(_: Reads, question: Question) -> str:
    return CAME_BY.format(holds=holds("v"), first=day(first_day(question)), last=day(last_day(question)))


async def _spend(_: Reads, question: Question) -> str:
    last = last_day(question)
    asked = zip(question.periods, question.ends, strict=True)
    periods = ", ".join(
        f"({day(period.first)}, {day(min(period.last, last))}, {instant(end)})"
        for period, end in asked
        if period.first <= last
    )
    return SPENT.format(holds=holds("s"), periods=periods, first=day(first_day(question)), last=day(last))


VISITOR_SOURCE = WindowedSource(
    name="visitors",
    kind="visitor_count",
    make=_visitors,
    views=(VISITOR_COUNTS,),
    of={"visitors": RowMeasure(VISITORS, "f.visitors")},
    there="leads",  # without any no visitor makes a rate
    dimensions=BY,
)
SPEND_SOURCE = WindowedSource(
    name="spend",
    kind="channel_spend",
    make=_spend,
    views=(CHANNEL_SPEND,),
    of={"spend": RowMeasure(SPEND, "f.amount", where="f.finish = w.finish")},
    there="channel_spend",
    dimensions=BY_UNIT,
)
