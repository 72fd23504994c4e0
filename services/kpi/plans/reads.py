"""Annual plans, read: one with its history, the list, months and quarters, a proposal before it is made. No rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from services.kpi import events
from services.kpi.acting import RecordShown, in_sight, shown
from services.kpi.asked import Ask
from services.kpi.asking import Sql
from services.kpi.calendar.working_days import working_days
from services.kpi.plans.commands import RATE
from services.kpi.plans.events import PlanGrowth, PlanStatus
from services.kpi.plans.lines import grown
from services.kpi.plans.outcomes import OUTCOME_VIEWS, SOURCES, bases, tree_of
from services.kpi.plans.plan import ACTIONS, AnnualPlan
from services.kpi.plans.shapes import PlanListed, PlanTable, Proposal, rows_said, side_by_side, year_totals
from services.kpi.plans.views import ANNUAL_PLANS
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.reading import Listed, Paged, Reading, Report
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId
from shared.records.pages import listed, page_of
from shared.records.paging import Order, next_of, paged

router = Router(prefix="/v1/plans", tags=["plans"])

PLANS = """
select p.*, coalesce(root.status, p.status) as root_status, above.unit_id as above_id, {sort_value} as sort_value
  from {annual_plans} as p
  left join {annual_plans} as above
    on above.tenant_id = p.tenant_id and above.stream_id = p.parent_id and {above_holds}
  left join {annual_plans} as root on root.tenant_id = p.tenant_id and root.stream_id = p.root_id and {root_holds}
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
ORDERS = {"-year": Order("p.year", "int", descending=True), "year": Order("p.year", "int")}
Growth = Annotated[str, Query(pattern=RATE.pattern, description="0.10 is a tenth more than last year.")]


def status_of(row: Any) -> str:
    """Of a part handed down: issued once its root is."""
    issued = row["status"] == PlanStatus.HANDED_DOWN and row["root_status"] == PlanStatus.ISSUED
    return str(PlanStatus.ISSUED if issued else row["status"])


@router.get("", operation_id="plans.list", response_model=Listed[PlanListed], responses=refuses(422))
async def plans(
    ask: Ask,
    page: Paged,
    year: Annotated[int | None, Query(ge=2000, le=2199)] = None,
    status: PlanStatus | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    parent_id: Annotated[UUID | None, Query(description="Handed down from this plan, one step.")] = None,
    sort: Literal["-year", "year"] = "-year",
) -> Any:
    """Annual plans as they stood: of the units in sight, with the totals of their years."""
    asking = await ask.of(ANNUAL_PLANS)
    sql = Sql(asking)
    wanted = ["true"]
    if year is not None:
        wanted.append(f"p.year = {sql(year)}")
    if parent_id is not None:
        wanted.append(f"p.parent_id = {sql(parent_id)}")
    if unit_id is not None:
        wanted.append(sql.below("p.unit_id", unit_id))
    if status is not None:
        of_root = "(p.status = 'handed_down' and root.status = 'issued')"
        wanted.append(
            f"(p.status = 'issued' or {of_root})"
            if status is PlanStatus.ISSUED
            else f"p.status = {sql(status)} and not coalesce({of_root}, false)"
        )
    at = page_of(page)
    text = sql.text(
        PLANS,
        sight=sql.counted("p", account="null::uuid"),
        wanted=" and ".join(wanted),
        holds=sql.holds("p"),
        root_holds=sql.holds("root"),
        above_holds=sql.holds("above"),
        **paged(sql, ORDERS, sort, at, "p.stream_id"),
    )
    rows, after = next_of(await ask.pool.fetch(text, *sql.values), at)
    units = await ask.labels.units(ask.pool, asking, (row[name] for row in rows for name in ("unit_id", "above_id")))
    people = await ask.labels.people(
        asking.tenant_id, (row[name] for row in rows for name in ("owner_id", "approved_by"))
    )
    names = ("version", "year", "unit_id", "number", "step", "root_id", "parent_id", "owner_id", "approved_by")
    items = [
        {
            "id": row["stream_id"],
            **{name: row[name] for name in (*names, "change_reason", "comment")},
            "unit": units.get(row["unit_id"]),
            "parent": units.get(row["above_id"]),
            "owner": people.get(row["owner_id"]),
            "approved_by_name": people.get(row["approved_by"]),
            "status": status_of(row),
            **year_totals(rows_said(row["rows"])),
        }
        for row in rows
    ]
    return listed(page, items, after)


@router.get("/proposal", operation_id="plans.proposal", response_model=Proposal, responses=refuses(404, 422))
async def proposal(
    ask: Ask,
    year: Annotated[int, Query(ge=2000, le=2199)],
    unit_id: Annotated[UUID | None, Query(description="Default your own unit.")] = None,
    growth: Growth = "0",
    stretch: Growth | None = None,
) -> Any:
    """What a plan by this growth on last year would say of orders, deliveries and reported; records nothing."""
    asking = await ask.of(*OUTCOME_VIEWS)
    unit = unit_id or ask.read.principal.unit_id
    if unit is None or not in_sight(asking.sight, {"unit_id": unit}):
        raise Problem(404, "not_found")
    days = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
    found = await bases(ask.pool, asking, days, year=year, units=[unit], tree=await tree_of(ask.pool, asking))
    more = None if stretch is None else Decimal(stretch)
    planned = {
        (row.month, row.measure): row
        for row in grown([PlanGrowth(measure, Decimal(growth), more) for measure in SOURCES], found[unit])
    }
    names = await ask.labels.units(ask.pool, asking, [unit])
    rows = [
        {
            "month": f"{one.month:%Y-%m}",
            "measure": one.measure,
            "basis": format(one.outcome, "f"),
            "basis_source": one.source,
            "target": int(planned[one.month, one.measure].target),
            "stretch": _whole(planned[one.month, one.measure].stretch),
        }
        for one in found[unit]
    ]
    return ask.answer(asking, {"year": year, "unit_id": unit, "unit": names.get(unit), "rows": rows})


@router.get("/{plan_id}", operation_id="plans.read", responses=refuses(404))
async def plan(plan_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One plan as of a day, with its reviews, its versions and its history."""
    root = await _root(reading, plan_id)

    def actions(plan: AnnualPlan) -> Iterable[str]:
        """A part is cascaded on until its root is issued, and changed from then on."""
        for name, fact in ACTIONS.items():
            if not plan.can(getattr(events, fact)):
                continue
            if name == "cascade" and root not in (PlanStatus.APPROVED, PlanStatus.ISSUED):
                continue
            if name == "change" and root is not PlanStatus.ISSUED:
                continue
            yield name

    people = ("submitted_by", "returned_by", "approved_by", "issued_by", "changed_by")
    return await shown(reading, response, AnnualPlan, plan_id, actions=actions, people=people)


@router.get("/{plan_id}/table", operation_id="plans.table", response_model=PlanTable, responses=refuses(404))
async def table(plan_id: UUID, ask: Ask) -> Any:
    """Months, quarters and the year of one plan: orders, deliveries (AAK) and reported side by side."""
    asking = await ask.of(ANNUAL_PLANS)
    standing = await _standing(ask.read, plan_id)
    current: AnnualPlan | None = await ask.read.kit.repository(AnnualPlan).load(asking.tenant_id, plan_id)
    if not standing or current is None or not in_sight(asking.sight, current.standing):
        raise Problem(404, "not_found")
    root_id = standing.get("root_id")
    root = standing if root_id is None else await _standing(ask.read, root_id)
    units = await ask.labels.units(ask.pool, asking, [standing["unit_id"]])
    rows = side_by_side(standing["rows"])
    products = await ask.labels.products(ask.pool, asking, (one["product"] for one in rows))
    report = {
        "id": plan_id,
        "unit_id": standing["unit_id"],
        "unit": units.get(standing["unit_id"]),
        "year": standing["year"],
        "status": status_of({"status": standing["status"], "root_status": root.get("status")}),
        "number": standing.get("number", 0),
        "rows": [{**one, "product_label": products.get(one["product"])} for one in rows],
    }
    return ask.answer(asking, report)


async def _standing(reading: Reading, id: UUID) -> Mapping[str, Any]:
    """How a plan stood at the instant asked about, as known then, from the log; empty when it was not there."""
    stored = await reading.kit.store.load(reading.tenant_id, id, until_position=reading.known_at)
    found: AnnualPlan | None = reading.kit.repository(AnnualPlan).replay(stored)
    return {} if found is None else found.standing_at(reading.as_of)


async def _root(reading: Reading, id: UUID) -> PlanStatus | None:
    """How the plan it comes from stands now; its own status when it comes from none."""
    repository = reading.kit.repository(AnnualPlan)
    plan: AnnualPlan | None = await repository.load(reading.tenant_id, id)
    if plan is None:
        return None
    root_id = plan.standing.get("root_id")
    root: AnnualPlan | None = plan if root_id is None else await repository.load(reading.tenant_id, root_id)
    return None if root is None else root.standing["status"]


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
