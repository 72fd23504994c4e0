"""The targets in force, read: whose, of which months, from which plan. Computes no attainment."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Depends

from services.kpi.asked import Ask
from services.kpi.asking import Sql, money
from services.kpi.month import MonthAsked, first_day, later, said
from services.kpi.plans.events import PlanMeasure
from services.kpi.plans.shapes import TargetReport
from services.kpi.plans.targets import TARGET_VIEWS, target_rows
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId

router = Router(prefix="/v1/kpi", tags=["plans"], dependencies=[Depends(limited("heavy"))])

YEAR = 12
"""Months a report holds unless told."""
MOST = 36
"""Months a report holds at most."""

TARGETS = """
select t.*
  from (select *, person_id as owner_id from {targets} as given) as t
 where t.month between {since}::date and {until}::date and {sight} and {wanted}
 order by t.month, t.measure, t.unit_id, t.person_id nulls first, t.product nulls first, t.currency
"""


@router.get("/targets", operation_id="plans.targets", response_model=TargetReport, responses=refuses(422))
async def targets(
    ask: Ask,
    from_month: MonthAsked = None,
    to_month: MonthAsked = None,
    measure: PlanMeasure | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    person_id: UUID | None = None,
) -> Any:
    """Targets in force of units and persons: the month's split, else the rolling plan, else the annual plan.

    Default the twelve months from that of the day asked about; at most 36.
    """
    asking = await ask.of(*TARGET_VIEWS)
    since = asking.day.replace(day=1) if from_month is None else first_day(from_month)
    until = later(since, YEAR - 1) if to_month is None else first_day(to_month)
    if until < since or until >= later(since, MOST):
        raise Problem(422, "empty_range", errors=(At("/to_month", "empty_range", where="query"),))
    sql = Sql(asking)
    wanted = ["true"]
    if measure is not None:
        wanted.append(f"t.measure = {sql(measure)}")
    if person_id is not None:
        wanted.append(f"t.person_id = {sql(person_id)}")
    if unit_id is not None:
        wanted.append(sql.below("t.unit_id", unit_id))
    text = sql.text(
        TARGETS,
        targets=target_rows(sql),
        since=sql(since),
        until=sql(until),
        sight=sql.counted("t", account="null::uuid"),
        wanted=" and ".join(wanted),
    )
    rows = await ask.pool.fetch(text, *sql.values)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    people = await ask.labels.people(asking.tenant_id, (row["person_id"] for row in rows))
    products = await ask.labels.products(ask.pool, asking, (row["product"] for row in rows))
    shown = [
        {
            "month": said(row["month"]),
            **{name: row[name] for name in ("measure", "unit_id", "person_id", "product", "currency", "source")},
            "unit": units.get(row["unit_id"]),
            "person": people.get(row["person_id"]),
            "product_label": products.get(row["product"]),
            "target": _amount(row, "target"),
            "stretch": _amount(row, "stretch"),
            "record_id": row["record_id"],
        }
        for row in rows
    ]
    return ask.records(asking, {"rows": shown})


def _amount(row: Any, name: str) -> str | None:
    value = row[name]
    if row["currency"] is not None or value is None:
        return money(value)
    return format(value.normalize() if value else value, "f")
