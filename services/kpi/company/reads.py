"""Company figures, read: one with its history, the list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field

from services.kpi.acting import RecordShown, in_sight, shown
from services.kpi.asked import Ask
from services.kpi.asking import Sql, money
from services.kpi.company.events import CompanyFigureKind
from services.kpi.company.figure import CompanyFigure, period_of
from services.kpi.company.views import COMPANY_FIGURES
from services.kpi.month import MonthAsked, first_day, later
from services.kpi.views.accounts import ACCOUNTS
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.route import Router
from shared.identity.principal import Principal
from shared.records.asked import TreeAsked, UnitId
from shared.records.pages import listed, page_of
from shared.records.paging import Order, next_of, paged

router = Router(prefix="/v1/company-figures", tags=["company"])

LIST = """
select f.stream_id, f.at, f.kind, f.month, f.months, f.unit_id, f.account_id, f.amount, f.currency, f.system, f.key,
       f.entered_by, {sort_value} as sort_value
  from (select *, entered_by as owner_id from {company_figures}) as f
 where f.tenant_id = $1 and f.at <= {at} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
ORDERS = {"-month": Order("f.month", "date", descending=True), "month": Order("f.month", "date")}


class CompanyFigureRow(BaseModel):
    """One figure of a month, a quarter or a year."""

    id: UUID
    kind: str = Field(description="sales, profit or customer_total.")
    period: str
    from_month: str
    to_month: str
    unit_id: UUID
    unit: str | None
    account_id: UUID | None
    account: str | None
    amount: str = Field(description="Decimal text.")
    currency: str
    system: str | None = Field(description="Which system told it; null: a person.")
    key: str | None
    entered_by: UUID | None
    entered_by_name: str | None
    at: datetime = Field(description="Since when it counts: the end of its period.")


async def sees_figure(kit: Kit, principal: Principal, figure: CompanyFigure) -> bool:
    """Whoever entered it, and who has a function at its unit or above; voided ones too."""
    about = figure.about
    return in_sight(await kit.sight(principal), {"owner_id": about["entered_by"], "unit_id": about["unit_id"]})


@router.get("", operation_id="company_figures.list", response_model=Listed[CompanyFigureRow], responses=refuses(422))
async def figures(
    ask: Ask,
    page: Paged,
    kind: CompanyFigureKind | None = None,
    from_month: MonthAsked = None,
    to_month: MonthAsked = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    account_id: UUID | None = None,
    system: Annotated[str | None, Query(max_length=40)] = None,
    sort: Annotated[str, Query(pattern="^-?month$")] = "-month",
) -> Any:
    """Figures of the company, its units and its customers as a whole, the latest period first."""
    asking = await ask.of(COMPANY_FIGURES, ACCOUNTS)
    sql = Sql(asking)
    wanted = ["true"]
    for column, value in (("kind", kind), ("account_id", account_id), ("system", system)):
        if value is not None:
            wanted.append(f"f.{column} = {sql(value)}")
    if from_month is not None:
        wanted.append(f"f.month + make_interval(months => f.months - 1) >= {sql(first_day(from_month))}::date")
    if to_month is not None:
        wanted.append(f"f.month <= {sql(first_day(to_month))}::date")
    if unit_id is not None:
        wanted.append(sql.below("f.unit_id", unit_id))
    at = page_of(page)
    parts = paged(sql, ORDERS, sort, at, "f.stream_id")
    sight = sql.counted("f", account="null::uuid")
    statement = sql.text(LIST, sight=sight, wanted=" and ".join(wanted), **parts)
    rows, after = next_of(await ask.pool.fetch(statement, *sql.values), at)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    accounts = await ask.labels.accounts(ask.pool, asking, (row["account_id"] for row in rows))
    people = await ask.labels.people(asking.tenant_id, (row["entered_by"] for row in rows))
    items = [
        {
            **{name: row[name] for name in ("kind", "unit_id", "account_id", "currency", "system", "key", "at")},
            "id": row["stream_id"],
            "period": period_of(row["month"], row["months"]),
            "from_month": _said(row["month"]),
            "to_month": _said(later(row["month"], row["months"] - 1)),
            "unit": units.get(row["unit_id"]),
            "account": accounts.get(row["account_id"]),
            "amount": money(row["amount"]),
            "entered_by": row["entered_by"],
            "entered_by_name": people.get(row["entered_by"]),
        }
        for row in rows
    ]
    return listed(page, items, after)


@router.get("/{figure_id}", operation_id="company_figures.read", responses=refuses(404))
async def figure(figure_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One figure as of a day, with its history."""

    def actions(found: CompanyFigure) -> Iterable[str]:
        return ("correct", "void") if found.standing else ()

    return await shown(
        reading, response, CompanyFigure, figure_id, actions=actions, people=("entered_by",), seen=sees_figure
    )


def _said(month: date) -> str:
    return f"{month:%Y-%m}"
