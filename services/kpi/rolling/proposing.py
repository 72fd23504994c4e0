"""What a unit's next rolling version may begin from: the version before, else the targets in force. Records nothing."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.kpi.acting import in_sight
from services.kpi.asked import Ask
from services.kpi.asking import Sql, money
from services.kpi.calendar.working_days import working_days
from services.kpi.month import MonthAsked, first_day, later, said
from services.kpi.plans.targets import TARGET_VIEWS, target_rows
from services.kpi.rolling.policy import RollingPolicy, RollingRules
from services.kpi.rolling.shapes import RollingProposal
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Reading
from shared.http.route import Router

router = Router(prefix="/v1/rolling-plans", tags=["rolling"])

TARGETS = """
select t.*
  from {targets} as t
 where t.month = any({months}::date[]) and t.unit_id = {unit} and t.person_id is null and t.source <> 'leads'
 order by t.month, t.measure, t.product nulls first, t.currency
"""


async def rules_known(reading: Reading) -> RollingRules:
    """The policy of the day asked about, as known then."""
    stored = await reading.kit.store.load(
        reading.tenant_id, RollingPolicy.id_of(reading.tenant_id), until_position=reading.known_at
    )
    return RollingPolicy.on(reading.kit.repository(RollingPolicy).replay(stored), reading.day)


@router.get(
    "/proposal", operation_id="rolling_plans.proposal", response_model=RollingProposal, responses=refuses(404, 422)
)
async def proposal(
    ask: Ask,
    unit_id: Annotated[UUID | None, Query(description="Default your own unit.")] = None,
    base_month: MonthAsked = None,
) -> Any:
    """Rows for the next version of a unit: what the version before said of its months, else the annual plan.

    `base_month`: default the month after that of the day asked about.
    """
    asking = await ask.of(*TARGET_VIEWS)
    unit = unit_id or ask.read.principal.unit_id
    if unit is None or not in_sight(asking.sight, {"unit_id": unit}):
        raise Problem(404, "not_found")
    days = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
    base = later(days.month_of(asking.day)) if base_month is None else first_day(base_month)
    rules = await rules_known(ask.read)
    sql = Sql(asking)
    months = list(rules.months(base))
    text = sql.text(TARGETS, targets=target_rows(sql), months=sql(months), unit=sql(unit))
    rows = await ask.pool.fetch(text, *sql.values)
    units = await ask.labels.units(ask.pool, asking, [unit])
    products = await ask.labels.products(ask.pool, asking, (row["product"] for row in rows))
    firm = set(rules.firm(base))
    shown = [
        {
            "month": said(row["month"]),
            "kind": "firm" if row["month"] in firm else "outlook",
            **{name: row[name] for name in ("measure", "product", "currency", "source")},
            "product_label": products.get(row["product"]),
            "target": _said(row["target"], row["currency"]),
            "stretch": None if row["stretch"] is None else _said(row["stretch"], row["currency"]),
        }
        for row in rows
    ]
    return ask.answer(asking, {"unit_id": unit, "unit": units.get(unit), "base_month": said(base), "rows": shown})


def _said(value: Any, currency: str | None) -> str | None:
    return money(value) if currency is not None else format(value.normalize() if value else value, "f")
