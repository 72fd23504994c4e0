"""Company figures: sales, profit, what customers spend with everybody, and our orders beside them. No forecast.

A figure counts where all its months lie in the period, unless a longer one that covers it does. A unit's figure is of
all its business: the one above holds those below, so that the topmost count, or each unit's own where units are told
apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from services.kpi.asking import Reads, Sql
from services.kpi.company.views import COMPANY_FIGURES
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.question import Question
from services.kpi.engine.sources.rows import RowMeasure
from services.kpi.engine.sources.visits_views import OWNED_ACCOUNTS
from services.kpi.engine.sources.windowed import WindowedSource, day, first_day, last_day
from services.kpi.views.funnel import FUNNEL

OF_COMPANY: tuple[Dimension, ...] = ("branch", "region")
OF_CUSTOMERS: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "account_kind", "segment")

SALES = Measure("company", "sales", "money", "closing")
PROFIT = Measure("company", "profit", "money", "closing")
TOTAL = Measure("customer_totals", "total", "money", "closing")
OURS = Measure("customer_totals", "ours", "money", "closing")

_FIRST = "c.month::timestamp at time zone {{zone}}"
_AFTER = "(c.month + c.months * interval '1 month') at time zone {{zone}}"
_AT = f"least({_AFTER} - interval '1 microsecond', {{now}})"
_LIES_IN = "c.tenant_id = $1 and c.at <= {{at}} and c.month between {first} - 366 and {last}"

# `first_at`, `until`: where the figure's months begin and end. `whose`: which units' figures are counted.
FIGURES = f"""(
    select c.tenant_id, c.stream_id, 1 as number, {_AT} as at, null::uuid as owner_id, c.unit_id,
           null::uuid as account_id, null::text as channel, c.currency, null::jsonb as lines, c.kind as step, c.amount,
           c.month, c.months, {_FIRST} as first_at, {_AFTER} as until
      from {{{{company_figures}}}} as c
     where {_LIES_IN} and c.kind in ('sales', 'profit') and {{whose}})"""  # noqa: S608 - constants only
TOTALS = f"""(
    select c.tenant_id, c.stream_id, 1 as number, {_AT} as at, a.owner_id, a.unit_id, c.account_id,
           null::text as channel, c.currency, null::jsonb as lines, c.kind as step, c.amount, c.month, c.months,
           {_FIRST} as first_at, {_AFTER} as until,
           coalesce((select sum(o.amount) from {{{{funnel}}}} as o
                      where o.tenant_id = $1 and o.account_id = c.account_id and o.step = 'ordered'
                        and o.currency = c.currency and o.at >= {_FIRST} and o.at < {_AFTER} and o.at <= {{{{at}}}}), 0)
               as ours
      from {{{{company_figures}}}} as c
      left join {{{{owned_accounts}}}} as a on a.tenant_id = $1 and a.stream_id = c.account_id and a.from_at <= {_AT}
       and (a.to_at is null or a.to_at > {_AT})
     where {_LIES_IN} and c.kind = 'customer_total')"""  # noqa: S608 - constants only

WHOLE = """f.first_at >= w.start and f.until <= w.finish and not exists (
    select from {company_figures} as c
     where c.tenant_id = $1 and c.kind = f.step and c.months > f.months and c.currency = f.currency
       and c.at <= {at} and c.month <= f.month and c.month + c.months * interval '1 month' >= f.month
           + f.months * interval '1 month' and {same}
       and c.month::timestamp at time zone {zone} >= w.start
       and (c.month + c.months * interval '1 month') at time zone {zone} <= w.finish)"""
OF_UNIT = WHOLE.replace("{same}", "c.unit_id = f.unit_id")
OF_ACCOUNT = WHOLE.replace("{same}", "c.account_id = f.account_id")
UNITS = "select u.stream_id as id, u.parent_id from {tree} as u where {holds}"
TOLD = (
    "select distinct c.unit_id as id from {company_figures} as c where c.tenant_id = $1 and c.kind <> 'customer_total'"
)


def _days(question: Question) -> Mapping[str, str]:
    now = f"'{question.asking.at.isoformat()}'::timestamptz"
    return {"first": day(first_day(question)), "last": day(last_day(question)), "now": now}


async def _figures(reads: Reads, question: Question) -> str:
    ids = ", ".join(f"'{id}'" for id in sorted(map(str, await _whose(reads, question))))
    return FIGURES.format(whose=f"c.unit_id = any('{{{{{ids.replace(chr(39), '')}}}}}'::uuid[])", **_days(question))


async def _whose(reads: Reads, question: Question) -> set[UUID]:
    """The units whose own figures make the answer: those of the kind asked for, else the topmost that have one."""
    for dimension in ("branch", "region"):
        if dimension in question.group_by:
            return {unit for unit, place in question.places[dimension].items() if unit == place}
    if (unit_id := question.filters.unit_id) is not None:
        return {unit_id}
    sql = Sql(question.asking)
    relation, holding = sql.tree("u")
    found = await reads.fetch(sql.text(UNITS, tree=relation, holds=holding), *sql.values)
    parents: dict[UUID, UUID | None] = {row["id"]: row["parent_id"] for row in found}
    sql = Sql(question.asking)
    told = {row["id"] for row in await reads.fetch(sql.text(TOLD), *sql.values)}
    sight = question.asking.sight
    seen = told if sight.everything else told & set(sight.unit_ids)
    return {unit for unit in seen if not any(above in seen for above in _above(parents, unit))}


def _above(parents: Mapping[UUID, UUID | None], unit: UUID) -> set[UUID]:
    found: set[UUID] = set()
    at = parents.get(unit)
    while at is not None and at not in found:
        found.add(at)
        at = parents.get(at)
    return found


async def _totals(_: Reads, question: Question) -> str:
    return TOTALS.format(**_days(question))


COMPANY_SOURCE = WindowedSource(
    name="company",
    kind="company_figure",
    make=_figures,
    views=(COMPANY_FIGURES,),
    of={
        "sales": RowMeasure(SALES, "f.amount", steps=("sales",), where=OF_UNIT),
        "profit": RowMeasure(PROFIT, "f.amount", steps=("profit",), where=OF_UNIT),
    },
    there="company_figures",
    dimensions=OF_COMPANY,
)
TOTAL_SOURCE = WindowedSource(
    name="customer_totals",
    kind="company_figure",
    make=_totals,
    views=(COMPANY_FIGURES, FUNNEL, OWNED_ACCOUNTS),
    of={
        "total": RowMeasure(TOTAL, "f.amount", where=OF_ACCOUNT),
        "ours": RowMeasure(OURS, "f.ours", where=OF_ACCOUNT),
    },
    there="company_figures",
    dimensions=OF_CUSTOMERS,
)
