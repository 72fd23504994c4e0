"""How good rolling plans were: what versions said of a month, by lead time, against what came. Computes only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from services.kpi.asking import Asking, Reads, Row, Sql, rounded
from services.kpi.calendar.working_days import WorkingDays
from services.kpi.engine.computing import points
from services.kpi.month import said
from services.kpi.plans.events import PlanMeasure
from services.kpi.plans.outcomes import SOURCES, Cell, outcomes, tree_of
from services.kpi.plans.shapes import rows_said

VERSIONS = """
select v.stream_id, v.unit_id, v.number, v.at, v.base_month, v.firm_months, v.rows
  from {rolling_versions} as v
 where v.tenant_id = $1 and v.at <= {at} and {sight} and {wanted}
 order by v.unit_id, v.base_month, v.at, v.version
"""


class Said(NamedTuple):
    """What a version said of one month and measure."""

    number: int
    at: Any
    firm: bool
    planned: Decimal


def lead(base: date, month: date) -> int:
    """How many months ahead a version that begins with `base` plans a month."""
    return (month.year - base.year) * 12 + month.month - base.month


async def accuracy(
    reads: Reads,
    asking: Asking,
    days: WorkingDays,
    *,
    since: date,
    until: date,
    wanted: str,
    sql: Sql,
    measures: Collection[PlanMeasure],
) -> list[Row]:
    """A row per unit, month that is over, measure and lead time. `wanted` is of `v`, its parameters in `sql`."""
    text = sql.text(VERSIONS, sight=sql.counted("v", account="null::uuid"), wanted=wanted)
    told = said_of(await reads.fetch(text, *sql.values), since, until, measures)
    over = {month for (_, month, _, _) in told if days.month_bounds(month)[1] < asking.day}
    units = {unit for (unit, _, _, _) in told}
    tree = await tree_of(reads, asking)
    came = await outcomes(reads, asking, days, over, units, tree)
    return [
        _row(unit, month, measure, ahead, one, came[unit])
        for (unit, month, measure, ahead), one in sorted(told.items(), key=lambda item: _order(item[0]))
        if month in over
    ]


def said_of(
    versions: Iterable[Any], since: date, until: date, measures: Collection[PlanMeasure]
) -> dict[tuple[UUID, date, PlanMeasure, int], Said]:
    """By unit, month, measure and lead time what the last such version said of all products together."""
    found: dict[tuple[UUID, date, PlanMeasure, int], Said] = {}
    for version in versions:
        unit = UUID(bytes=version["unit_id"].bytes)
        for row in rows_said(version["rows"]):
            if row.measure not in measures or row.product is not None or not since <= row.month <= until:
                continue
            ahead = lead(version["base_month"], row.month)
            firm = ahead < version["firm_months"]
            found[unit, row.month, row.measure, ahead] = Said(version["number"], version["at"], firm, row.target)
    return found


def totals(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """By measure and lead time."""
    found: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        sums = found.setdefault((row["measure"], row["lead_months"]), [0, 0, 0, 0])
        for place, amount in enumerate((1, row["planned"], row["actual"], abs(row["difference"]))):
            sums[place] += amount
    order = list(SOURCES)
    return [
        {
            "measure": measure,
            "lead_months": ahead,
            "rows": count,
            "planned": planned,
            "actual": actual,
            **_shares(missed, actual),
        }
        for (measure, ahead), (count, planned, actual, missed) in sorted(
            found.items(), key=lambda item: (order.index(PlanMeasure(item[0][0])), item[0][1])
        )
    ]


def _row(
    unit: UUID, month: date, measure: PlanMeasure, ahead: int, one: Said, came: Mapping[Cell, Decimal]
) -> dict[str, Any]:
    planned, actual = int(one.planned), int(came.get((month, measure), Decimal(0)))
    return {
        "unit_id": unit,
        "month": said(month),
        "measure": measure,
        "lead_months": ahead,
        "number": one.number,
        "published_at": one.at,
        "firm": one.firm,
        "planned": planned,
        "actual": actual,
        "difference": planned - actual,
        **_shares(abs(planned - actual), actual),
        "points": points(planned, actual),
    }


def _shares(missed: int, actual: int) -> dict[str, float | None]:
    """Null without anything to compare with."""
    deviation = None if not actual else Decimal(missed) / actual
    good = None if deviation is None else max(Decimal(0), 1 - deviation)
    return {"deviation_rate": rounded(deviation), "accuracy_rate": rounded(good)}


def _order(key: tuple[UUID, date, PlanMeasure, int]) -> tuple[Any, ...]:
    unit, month, measure, ahead = key
    return month, str(unit), list(SOURCES).index(measure), ahead
