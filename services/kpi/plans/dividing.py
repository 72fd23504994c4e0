"""A plan divided before it is cascaded: what each unit below would get. Records nothing."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from services.kpi.acting import in_sight
from services.kpi.asked import Ask
from services.kpi.asking import money
from services.kpi.month import said
from services.kpi.plans.acting import weights_of
from services.kpi.plans.events import PlanSpread
from services.kpi.plans.lines import divided
from services.kpi.plans.outcomes import OUTCOME_VIEWS, tree_of
from services.kpi.plans.plan import AnnualPlan
from services.kpi.plans.shapes import Parts
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.route import Router

router = Router(prefix="/v1/plans", tags=["plans"])


@router.get("/{plan_id}/parts", operation_id="plans.parts", response_model=Parts, responses=refuses(404))
async def parts(plan_id: UUID, ask: Ask, spread: Literal["last_year", "even"] = "last_year") -> Any:
    """What the units directly below would get by last year's outcome, or evenly: to be edited, stated and cascaded."""
    asking = await ask.of(*OUTCOME_VIEWS)
    read = ask.read
    stored = await read.kit.store.load(asking.tenant_id, plan_id, until_position=asking.known_at)
    found: AnnualPlan | None = read.kit.repository(AnnualPlan).replay(stored)
    current: AnnualPlan | None = await read.kit.repository(AnnualPlan).load(asking.tenant_id, plan_id)
    standing = {} if found is None else found.standing_at(read.as_of)
    if not standing or current is None or not in_sight(asking.sight, current.standing):
        raise Problem(404, "not_found")
    tree = await tree_of(ask.pool, asking)
    units = tree.children(standing["unit_id"])
    weights = await weights_of(ask.pool, asking, standing, units, tree, PlanSpread(spread)) if units else {}
    shares = divided(standing["rows"], weights) if units else {}
    names = await ask.labels.units(ask.pool, asking, units)
    products = await ask.labels.products(ask.pool, asking, (row.product for row in standing["rows"]))
    rows = [
        {
            "unit_id": unit,
            "unit": names.get(unit),
            "month": said(row.month),
            "measure": row.measure,
            "product": row.product,
            "product_label": products.get(row.product or ""),
            "currency": row.currency,
            "target": _said(row.target, row.currency),
            "stretch": None if row.stretch is None else _said(row.stretch, row.currency),
        }
        for unit in units
        for row in shares[unit]
    ]
    return ask.answer(asking, {"spread": spread, "rows": rows})


def _said(value: Any, currency: str | None) -> str | None:
    return format(value, "f") if currency is None else money(value)
