"""Budgets, read: one with its history, the list, use by category, last year's use as a proposal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field

from services.kpi import events
from services.kpi.acting import RecordShown, shown
from services.kpi.asked import Ask
from services.kpi.asking import Sql, money, rounded
from services.kpi.budgets.budget import ACTIONS, Budget
from services.kpi.budgets.events import BudgetStatus
from services.kpi.budgets.use import proposal_of, use_of
from services.kpi.budgets.views import BUDGETS, EXPENSE_CLAIMS
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId
from shared.records.fields import Share
from shared.records.pages import listed, page_of
from shared.records.paging import Order, next_of, paged

router = Router(prefix="/v1/budgets", tags=["budgets"])

YearAsked = Annotated[int | None, Query(ge=2000, le=2199, description="Default the year of the day asked about.")]
LIST = """
select b.stream_id, b.status, b.year, b.unit_id, b.owner_id, b.currency, b.amount, b.used_amount, b.number,
       b.inquired_on, b.approved_on, b.approved_by, {sort_value} as sort_value
  from {budgets} b
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
ORDERS = {"-year": Order("b.year", "int", descending=True), "year": Order("b.year", "int")}


class BudgetRow(BaseModel):
    """One budget of a unit and year."""

    id: UUID
    status: BudgetStatus
    year: int
    unit_id: UUID
    unit: str | None
    owner_id: UUID = Field(description="Who proposed it.")
    owner: str | None
    amount: str = Field(description="Decimal text.")
    used_amount: str = Field(description="By approved claims.")
    currency: str
    number: int = Field(title="调整次数", description="0 before it is approved; each amendment has the next.")
    inquired_on: date | None = Field(title="质询日期")
    approved_on: date | None
    approved_by: UUID | None
    approved_by_name: str | None


class UseRow(BaseModel):
    """One category of a budget: what was planned, claimed, used, paid; what is left."""

    budget_id: UUID
    unit_id: UUID
    unit: str | None
    year: int
    category: str
    currency: str
    budgeted: str = Field(title="预算数", description="0.00 before the budget is approved.")
    claimed: str = Field(description="Claims waiting for a decision.")
    used: str = Field(description="Claims approved, paid or not.")
    paid: str
    left: str = Field(title="余额", description="budgeted − used.")
    share: float | None = Field(description="used / budgeted; null without a budget.")


class BudgetUses(BaseModel):
    """How the budgets of a year are used, category by category."""

    rows: Sequence[UseRow]
    year: int


class ProposalRow(BaseModel):
    """What last year's use would give for a category."""

    unit_id: UUID
    unit: str | None
    category: str
    currency: str
    budgeted_before: str = Field(title="上年预算")
    used_before: str
    proposed: str = Field(description="used_before × (1 + growth).")
    intelligence_items: int = Field(
        title="情报条数", description="Collected in that unit in the year before: what it may rest on."
    )


class BudgetProposal(BaseModel):
    """A starting point for the budgets of a year; nothing is recorded."""

    rows: Sequence[ProposalRow]
    year: int


@router.get("", operation_id="budgets.list", response_model=Listed[BudgetRow], responses=refuses(422))
async def budgets(
    ask: Ask,
    page: Paged,
    year: Annotated[int | None, Query(ge=2000, le=2199)] = None,
    status: BudgetStatus | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Annotated[str, Query(pattern="^-?year$")] = "-year",
) -> Any:
    """Budgets as they stood, the latest year first."""
    asking = await ask.of(BUDGETS)
    sql = Sql(asking)
    wanted = ["true"]
    for column, value in (("year", year), ("status", status)):
        if value is not None:
            wanted.append(f"b.{column} = {sql(value)}")
    if unit_id is not None:
        wanted.append(sql.below("b.unit_id", unit_id))
    at = page_of(page)
    parts = paged(sql, ORDERS, sort, at, "b.stream_id")
    sight = sql.counted("b", account="null::uuid")
    statement = sql.text(LIST, holds=sql.holds("b"), sight=sight, wanted=" and ".join(wanted), **parts)
    rows, after = next_of(await ask.pool.fetch(statement, *sql.values), at)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    people = await ask.labels.people(
        asking.tenant_id, {row[name] for row in rows for name in ("owner_id", "approved_by")}
    )
    items = [
        {
            **{name: row[name] for name in BudgetRow.model_fields if name in row},
            "id": row["stream_id"],
            "unit": units.get(row["unit_id"]),
            "owner": people.get(row["owner_id"]),
            "amount": money(row["amount"]),
            "used_amount": money(row["used_amount"]),
            "approved_by_name": people.get(row["approved_by"]),
        }
        for row in map(dict, rows)
    ]
    return listed(page, items, after)


@router.get(
    "/use",
    operation_id="budgets.use",
    response_model=BudgetUses,
    responses=refuses(422),
    dependencies=[Depends(limited("heavy"))],
)
async def use(ask: Ask, year: YearAsked = None, unit_id: UnitId = None, tree: TreeAsked = "then") -> Any:
    """Budget against use by category: budgeted, claimed, used, paid, left."""
    asking = await ask.of(BUDGETS, EXPENSE_CLAIMS)
    of = year or asking.day.year
    found = await use_of(ask.pool, asking, of, unit_id)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in found))
    rows = [
        {
            **{name: row[name] for name in ("budget_id", "unit_id", "year", "category", "currency")},
            "unit": units.get(row["unit_id"]),
            **{name: money(row[name]) for name in ("budgeted", "claimed", "used", "paid")},
            "left": _signed(row["budgeted"] - row["used"]),
            "share": rounded(row["used"] / row["budgeted"]) if row["budgeted"] else None,
        }
        for row in found
    ]
    return ask.records(asking, {"rows": rows, "year": of})


@router.get("/proposal", operation_id="budgets.proposal", response_model=BudgetProposal, responses=refuses(422))
async def proposal(
    ask: Ask,
    year: YearAsked = None,
    growth: Annotated[Share, Query(description="0.1: ten percent more than was used last year.")] = Decimal(),
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
) -> Any:
    """What last year's use and a growth would give: a starting point for a proposal; nothing is recorded."""
    asking = await ask.of(BUDGETS, EXPENSE_CLAIMS)
    of = year or asking.day.year
    found = await proposal_of(ask.pool, asking, of, growth, unit_id)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in found))
    rows = [
        {
            **{name: row[name] for name in ("unit_id", "category", "currency", "intelligence_items")},
            "unit": units.get(row["unit_id"]),
            **{name: money(row[name]) for name in ("budgeted_before", "used_before", "proposed")},
        }
        for row in found
    ]
    return ask.answer(asking, {"rows": rows, "year": of})


@router.get("/{budget_id}", operation_id="budgets.read", responses=refuses(404))
async def budget(budget_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One budget as of a day, with its inquiries, its uses and its history."""

    def actions(found: Budget) -> Iterable[str]:
        return (name for name, fact in ACTIONS.items() if found.can(getattr(events, fact)))

    return await shown(reading, response, Budget, budget_id, actions=actions, people=("approved_by",))


def _signed(amount: Decimal) -> str:
    said = money(abs(amount)) or ""
    return f"-{said}" if amount < 0 else said
