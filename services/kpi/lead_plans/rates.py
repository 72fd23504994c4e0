"""The rates a lead plan goes by: counted at the unit, else at the nearest unit above that has them, or stated by hand.

They are the figures of the KPIs over whole months, as who plans may see them: nobody learns rates out of their sight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.engine.period import Months, Period, shifted
from services.kpi.engine.question import Filters, Question, Use
from services.kpi.engine.sources import leads, steps, stock
from services.kpi.engine.values import count
from services.kpi.lead_plans.commands import RateGiven
from services.kpi.lead_plans.events import LeadRate
from services.kpi.lead_plans.working_back import rate_of
from shared.event_store.stream import Refused

UP: Final = """
with recursive up as (
    select {unit}::uuid as unit_id, 0 as distance
    union all
    select u.parent_id, up.distance + 1
      from up join {units} as u on u.stream_id = up.unit_id and {holds}
     where u.parent_id is not null and up.distance < 30
)
select unit_id from up order by distance
"""
STOCK = "select count(*)::int from {stock} as s where {holds} and s.stock = 'open' and {sight} and {below}"
OF_CHANNEL: Final = frozenset({"lead_to_record", "record_mix"})


def window(month: date, months_back: int, months: Months) -> Sequence[Period]:
    """The months before a month, as periods."""
    found = []
    for back in range(months_back, 0, -1):
        anchor = shifted(month, -back)
        first, last = months.month_bounds(anchor)
        found.append(Period(first, last, f"{anchor:%Y-%m}", "month", anchor))
    return found


async def counted_rates(
    reads: Reads, asking: Asking, unit_id: UUID, periods: Sequence[Period], months: Months
) -> list[LeadRate]:
    """Every rate that can be counted, each at the nearest unit that has it."""
    found: dict[str, list[LeadRate]] = {}
    for unit in await _up(reads, asking, unit_id):
        if len(found) == 3:
            break
        for name, rates in (await _at(reads, asking, unit, periods, months)).items():
            found.setdefault(name, rates)
    return [rate for rates in found.values() for rate in rates]


async def _at(
    reads: Reads, asking: Asking, unit: UUID, periods: Sequence[Period], months: Months
) -> Mapping[str, list[LeadRate]]:
    question = Question(asking, tuple(periods), filters=Filters(unit_id=unit), months=months)
    won, units, captured, opening = map(Use, (steps.WON, steps.ORDERED_UNITS, steps.CAPTURED, stock.OPENING))
    tables = (await count(reads, question, (won, units, captured, opening))).of

    def total(*uses: Use) -> Decimal:
        return sum((Decimal(amount) for use in uses for amount in tables[use].values()), Decimal(0))

    found: dict[str, list[LeadRate]] = {}
    if total(won) > 0 and total(units) > 0:
        found["units_per_order"] = [rate_of("units_per_order", total(units), total(won), unit_id=unit)]
    if total(won) > 0 and total(captured, opening) > 0:
        conversion = rate_of("prospect_conversion", total(won), total(captured, opening), unit_id=unit)
        found["prospect_conversion"] = [conversion]
    if channels := await _channels(reads, asking, unit, periods, months):
        found["channels"] = channels
    return found


async def _channels(
    reads: Reads, asking: Asking, unit: UUID, periods: Sequence[Period], months: Months
) -> list[LeadRate]:
    """Of the leads received: by channel how many became a record, and the channel's part of those records."""
    question = Question(asking, tuple(periods), ("channel",), Filters(unit_id=unit), months=months)
    received, recorded = Use(leads.RECEIVED), Use(leads.RECORDED)
    tables = (await count(reads, question, (received, recorded))).of
    sums: dict[Use, defaultdict[str, Decimal]] = {}
    for use in (received, recorded):
        sums[use] = defaultdict(Decimal)
        for (_, (channel,), _), amount in tables[use].items():
            if channel is not None:
                sums[use][channel] += Decimal(amount)
    whole = sum(sums[recorded].values(), Decimal(0))
    found = []
    for channel in sorted(sums[recorded]):
        became, came = sums[recorded][channel], sums[received][channel]
        if became > 0 and came > 0:
            found.append(rate_of("record_mix", became, whole, unit_id=unit, channel=channel))
            found.append(rate_of("lead_to_record", became, came, unit_id=unit, channel=channel))
    return found


async def _up(reads: Reads, asking: Asking, unit_id: UUID) -> list[UUID]:
    sql = Sql(asking)
    rows = await reads.fetch(sql.text(UP, unit=sql(unit_id), holds=sql.holds("u")), *sql.values)
    return [UUID(bytes=row["unit_id"].bytes) for row in rows]


async def open_stock(reads: Reads, asking: Asking, unit_id: UUID) -> int:
    """Prospects of the unit and below that are open now."""
    sql = Sql(asking)
    statement = sql.text(
        STOCK,
        holds=sql.holds("s"),
        sight=sql.counted("s", account="s.account_id"),
        below=sql.below("s.unit_id", unit_id),
    )
    return int(await reads.fetchval(statement, *sql.values))


def with_stated(counted: Sequence[LeadRate], stated: Sequence[RateGiven]) -> tuple[LeadRate, ...]:
    """The counted rates, and in their place those stated. A stated mix of channels is the whole mix.

    Raises Refused 422 `channel_of_rate`, `rate_twice`.
    """
    said: dict[tuple[str, str | None], LeadRate] = {}
    for index, one in enumerate(stated):
        if (one.name in OF_CHANNEL) != (one.channel is not None):
            raise Refused("channel_of_rate", "rates of channels", status=422, pointer=f"/rates/{index}/channel")
        if (one.name, one.channel) in said:
            raise Refused("rate_twice", "a rate is given twice", status=422, pointer=f"/rates/{index}")
        said[one.name, one.channel] = LeadRate(one.name, one.value, one.channel)
    mixed = any(name == "record_mix" for name, _ in said)
    kept = [
        rate for rate in counted if (rate.name, rate.channel) not in said and not (mixed and rate.name == "record_mix")
    ]
    return (*kept, *said.values())
