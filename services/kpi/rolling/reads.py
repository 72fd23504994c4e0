"""Rolling plans, read: one with its history, the list, versions, the months side by side, accuracy by lead time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from services.kpi import events
from services.kpi.acting import RecordShown, in_sight, shown
from services.kpi.asked import Ask
from services.kpi.asking import Sql
from services.kpi.calendar.working_days import working_days
from services.kpi.month import MonthAsked, first_day, later, said
from services.kpi.plans.events import PlanMeasure
from services.kpi.plans.outcomes import OUTCOME_VIEWS, SOURCES, Cell, outcomes, tree_of
from services.kpi.plans.shapes import rows_said, side_by_side, year_totals
from services.kpi.rolling import accuracy
from services.kpi.rolling.events import RollingStatus
from services.kpi.rolling.plan import RollingPlan
from services.kpi.rolling.proposing import rules_known
from services.kpi.rolling.shapes import (
    AccuracyReport,
    RollingPlanListed,
    RollingPolicyShown,
    RollingTable,
    RollingVersions,
)
from services.kpi.rolling.views import ROLLING_PLANS, ROLLING_VERSIONS
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import Listed, Paged, Reading, Report
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId
from shared.records.pages import listed, page_of
from shared.records.paging import Order, next_of, paged

router = Router(prefix="/v1/rolling-plans", tags=["rolling"])
reports = Router(prefix="/v1/kpi", tags=["rolling"], dependencies=[Depends(limited("heavy"))])

LIST = """
select p.*, {sort_value} as sort_value
  from {rolling_plans} as p
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
ORDERS = {"-base_month": Order("coalesce(p.base_month, date '1900-01-01')", "date", descending=True)}
VERSIONS = """
select v.* from {rolling_versions} as v
 where v.tenant_id = $1 and v.stream_id = {id} and v.at <= {at}
 order by v.at desc, v.version desc
"""
YEAR = 12
"""Months a report holds unless told."""
MOST = 36
ACTIONS = {"approve": True, "refuse": True, "publish": False}
"""Commands beside corrections, and whether they need a version that waits."""
CORRECTIONS = {"correct": "FactCorrected", "void": "FactVoided"}
SEEN = ("owner_id", "published_by", "approved_by", "requested_by", "refused_by")


@router.get("", operation_id="rolling_plans.list", response_model=Listed[RollingPlanListed], responses=refuses(422))
async def plans(
    ask: Ask,
    page: Paged,
    status: RollingStatus | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Literal["-base_month"] = "-base_month",
) -> Any:
    """Rolling plans of the units in sight, as they stood; the furthest first."""
    asking = await ask.of(ROLLING_PLANS)
    sql = Sql(asking)
    wanted = ["true"]
    if status is not None:
        wanted.append(f"p.status = {sql(status)}")
    if unit_id is not None:
        wanted.append(sql.below("p.unit_id", unit_id))
    at = page_of(page)
    text = sql.text(
        LIST,
        holds=sql.holds("p"),
        sight=sql.counted("p", account="null::uuid"),
        wanted=" and ".join(wanted),
        **paged(sql, ORDERS, sort, at, "p.stream_id"),
    )
    rows, after = next_of(await ask.pool.fetch(text, *sql.values), at)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    people = await ask.labels.people(
        asking.tenant_id, (row[name] for row in rows for name in ("owner_id", "requested_by"))
    )
    names = ("version", "unit_id", "owner_id", "status", "number", "firm_months", "outlook_months", "requested_by")
    items = [
        {
            "id": row["stream_id"],
            **{name: row[name] for name in (*names, "requested_reason")},
            "unit": units.get(row["unit_id"]),
            "owner": people.get(row["owner_id"]),
            "requested_by_name": people.get(row["requested_by"]),
            "base_month": _month(row["base_month"]),
            "requested_month": _month(row["requested_month"]),
        }
        for row in rows
    ]
    return listed(page, items, after)


@router.get("/policies", operation_id="rolling_policies.read")
async def policy(reading: Report) -> RollingPolicyShown:
    """How the company rolls its plans on a day, as known then: closed, firm and outlook months."""
    rules = await rules_known(reading)
    return RollingPolicyShown(
        on=reading.day,
        effective_from=rules.effective_from,
        closed_months=rules.closed_months,
        firm_months=rules.firm_months,
        outlook_months=rules.outlook_months,
    )


@router.get("/{rolling_id}", operation_id="rolling_plans.read", responses=refuses(404))
async def plan(rolling_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One unit's rolling plan as of a day, with its history: every version published, every change asked for."""

    def actions(plan: RollingPlan) -> Iterable[str]:
        yield from (name for name, waits in ACTIONS.items() if waits == plan.pending)
        yield from (name for name, fact in CORRECTIONS.items() if plan.can(getattr(events, fact)))

    return await shown(reading, response, RollingPlan, rolling_id, actions=actions, people=SEEN[1:])


@router.get(
    "/{rolling_id}/versions",
    operation_id="rolling_plans.versions",
    response_model=RollingVersions,
    responses=refuses(404),
)
async def versions(rolling_id: UUID, ask: Ask) -> Any:
    """Every version published, the latest first."""
    asking = await ask.of(ROLLING_VERSIONS)
    await _seen(ask.read, rolling_id)
    sql = Sql(asking)
    rows = await ask.pool.fetch(sql.text(VERSIONS, id=sql(rolling_id)), *sql.values)
    people = await ask.labels.people(
        asking.tenant_id, (row[name] for row in rows for name in ("published_by", "approved_by"))
    )
    shown = [
        {
            **{name: row[name] for name in ("number", "firm_months", "outlook_months", "reason")},
            "published_at": row["at"],
            "base_month": said(row["base_month"]),
            "to_month": said(later(row["base_month"], row["firm_months"] + row["outlook_months"] - 1)),
            "published_by": row["published_by"],
            "published_by_name": people.get(row["published_by"]),
            "approved_by": row["approved_by"],
            "approved_by_name": people.get(row["approved_by"]),
            **year_totals(rows_said(row["rows"])),
        }
        for row in rows
    ]
    return ask.answer(asking, {"rows": shown})


@router.get(
    "/{rolling_id}/table", operation_id="rolling_plans.table", response_model=RollingTable, responses=refuses(404)
)
async def table(rolling_id: UUID, ask: Ask) -> Any:
    """Closed, firm and outlook months side by side: orders, deliveries (AAK), reported, and what came out."""
    asking = await ask.of(*OUTCOME_VIEWS)
    plan = await _seen(ask.read, rolling_id)
    standing = plan.standing_at(ask.read.as_of)
    base = standing.get("base_month")
    rules = await rules_known(ask.read)
    planned = plan.months(ask.read.as_of)
    days = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
    closed = rules.closed(base) if base is not None else ()
    months = sorted({*(month for month in planned if base is not None and month >= base), *closed})
    begun = [month for month in months if days.month_bounds(month)[0] <= asking.day]
    unit = standing["unit_id"]
    came = await outcomes(ask.pool, asking, days, begun, [unit], await tree_of(ask.pool, asking))
    rows: list[dict[str, Any]] = []
    for month in months:
        ahead = 0 if base is None else accuracy.lead(base, month)
        kind = "closed" if ahead < 0 else "firm" if ahead < standing["firm_months"] else "outlook"
        found = [one for one in side_by_side(planned.get(month, ())) if one.pop("kind") == "month"] or [
            {"product": None}
        ]
        for one in found:
            one.pop("period", None)
            came_of = _came(month, came[unit]) if month in begun and one["product"] is None else {}
            rows.append({"month": said(month), "kind": kind, **one, **came_of})
    units = await ask.labels.units(ask.pool, asking, [unit])
    products = await ask.labels.products(ask.pool, asking, (one["product"] for one in rows))
    report = {
        "id": rolling_id,
        "unit_id": unit,
        "unit": units.get(unit),
        "number": standing.get("number", 0),
        "base_month": _month(base),
        "closed_months": rules.closed_months,
        "firm_months": standing.get("firm_months", 0),
        "outlook_months": standing.get("outlook_months", 0),
        "rows": [{**one, "product_label": products.get(one["product"])} for one in rows],
    }
    return ask.answer(asking, report)


@reports.get(
    "/rolling-accuracy",
    operation_id="rolling_plans.accuracy",
    response_model=AccuracyReport,
    responses=refuses(422),
)
async def accuracy_report(
    ask: Ask,
    from_month: MonthAsked = None,
    to_month: MonthAsked = None,
    measure: Annotated[Literal["orders", "deliveries", "reported"] | None, Query()] = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
) -> Any:
    """What each version said of a month, by how many months ahead, against what came; of months that are over.

    Default the twelve months before that of the day asked about; at most 36.
    """
    asking = await ask.of(*OUTCOME_VIEWS, ROLLING_VERSIONS)
    until = later(asking.day.replace(day=1), -1) if to_month is None else first_day(to_month)
    since = later(until, 1 - YEAR) if from_month is None else first_day(from_month)
    if until < since or until >= later(since, MOST):
        raise Problem(422, "empty_range", errors=(At("/to_month", "empty_range", where="query"),))
    sql = Sql(asking)
    wanted = "true" if unit_id is None else sql.below("v.unit_id", unit_id)
    rows = await accuracy.accuracy(
        ask.pool,
        asking,
        await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at),
        since=since,
        until=until,
        wanted=wanted,
        sql=sql,
        measures=tuple(SOURCES) if measure is None else (PlanMeasure(measure),),
    )
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    shown = [{**row, "unit": units.get(row["unit_id"])} for row in rows]
    return ask.records(asking, {"rows": shown, "totals": accuracy.totals(rows)})


async def _seen(reading: Reading, id: UUID) -> RollingPlan:
    """The plan as known then, for who sees it as it stands. Raises Problem 404."""
    stored = await reading.kit.store.load(reading.tenant_id, id, until_position=reading.known_at)
    found: RollingPlan | None = reading.kit.repository(RollingPlan).replay(stored)
    current: RollingPlan | None = await reading.kit.repository(RollingPlan).load(reading.tenant_id, id)
    if found is None or current is None or not found.standing_at(reading.as_of):
        raise Problem(404, "not_found")
    if not in_sight(await reading.sight(), current.standing):
        raise Problem(404, "not_found")
    return found


def _came(month: date, came: Mapping[Cell, Decimal]) -> dict[str, int]:
    return {f"{measure}_outcome": int(came.get((month, measure), Decimal(0))) for measure in SOURCES}


def _month(month: date | None) -> str | None:
    return None if month is None else said(month)
