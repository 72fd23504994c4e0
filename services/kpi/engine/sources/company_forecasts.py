"""What was forecast for a month: the call in force at the end of a day of it, the head's figure or the person's own.

Only of whole months that lie in the period. No actual: that is what was ordered.
"""

from __future__ import annotations

from datetime import timedelta

from services.kpi.asking import Reads
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.period import shifted
from services.kpi.engine.question import Question
from services.kpi.engine.sources.rows import RowMeasure
from services.kpi.engine.sources.windowed import WindowedSource, day, first_day, instant, last_day
from services.kpi.forecasts.views import FORECASTS
from shared.days import start_of

BY: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "product")

FORECAST = Measure("forecasts", "orders", "units", "forecast", ("call_days",))

RELATION = """(
    select c.tenant_id, c.stream_id, c.version * 1000 + c.place as number,
           least(m.until - interval '1 microsecond', {now}) as at, c.owner_id, c.unit_id, null::uuid as account_id,
           null::text as channel, null::text as currency,
           jsonb_build_array(jsonb_build_object('product', c.product, 'units', c.in_force)) as lines,
           c.in_force as units, c.from_at, c.to_at, m.start as first_at, m.until
      from (values {months}) as m(month, start, until)
      join {{forecasts}} as c on c.tenant_id = $1 and c.month = m.month and c.measure = 'orders'
       and c.in_force is not null and {which})"""
TOTALS = """(c.product is null or not exists (
               select from {{forecasts}} as o where o.tenant_id = $1 and o.stream_id = c.stream_id
                  and o.from_at = c.from_at and o.measure = 'orders' and o.product is null
                  and o.in_force is not null))"""
CALLED = """f.first_at >= w.start and f.until <= w.finish
   and f.from_at <= least(f.first_at + {call_days} * interval '1 day' - interval '1 microsecond', {at})
   and (f.to_at is null
        or f.to_at > least(f.first_at + {call_days} * interval '1 day' - interval '1 microsecond', {at}))"""


async def _make(_: Reads, question: Question) -> str:
    asking, months = question.asking, []
    month, last = question.months.month_of(first_day(question)), last_day(question)
    while (bounds := question.months.month_bounds(month))[0] <= last:
        start, until = start_of(bounds[0], asking.zone), start_of(bounds[1] + timedelta(days=1), asking.zone)
        months.append(f"({day(month)}, {instant(start)}, {instant(until)})")
        month = shifted(month, 1)
    by_product = "product" in question.group_by or question.filters.product is not None
    which = "c.product is not null" if by_product else TOTALS.format()
    return RELATION.format(months=", ".join(months), now=instant(asking.at), which=which)


FORECAST_SOURCE = WindowedSource(
    name="forecasts",
    kind="forecast",
    make=_make,
    views=(FORECASTS,),
    of={"orders": RowMeasure(FORECAST, "f.units", "p.units", where=CALLED)},
    there="forecasts",
    dimensions=BY,
)
