"""Expense claims, read: one with its history, the list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field

from services.kpi import events
from services.kpi.acting import RecordShown, shown
from services.kpi.asked import Ask
from services.kpi.asking import Sql, money
from services.kpi.budgets.events import ClaimStatus
from services.kpi.budgets.expense_claim import ACTIONS, ExpenseClaim
from services.kpi.budgets.views import EXPENSE_CLAIMS
from shared.http.openapi import refuses
from shared.http.reading import FromDay, Listed, Paged, Report, ToDay
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId
from shared.records.asked import days as require_days
from shared.records.pages import listed, page_of
from shared.records.paging import Order, next_of, paged

router = Router(prefix="/v1/budgets/claims", tags=["budgets"])

LIST = """
select c.stream_id, c.status, c.budget_id, c.category, c.amount, c.currency, c.spent_on, c.purpose, c.account_id,
       c.visit_id, c.owner_id, c.unit_id, c.decided_on, c.decided_by, c.paid_on, {sort_value} as sort_value
  from {expense_claims} c
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
ORDERS = {"-spent_on": Order("c.spent_on", "date", descending=True), "spent_on": Order("c.spent_on", "date")}


class ClaimRow(BaseModel):
    """One expense claim."""

    id: UUID
    status: ClaimStatus
    budget_id: UUID
    category: str
    amount: str = Field(description="Decimal text.")
    currency: str
    spent_on: date
    purpose: str
    account_id: UUID | None
    account: str | None
    visit_id: UUID | None
    owner_id: UUID
    owner: str | None
    unit_id: UUID
    unit: str | None
    decided_on: date | None
    decided_by: UUID | None
    decided_by_name: str | None
    paid_on: date | None


@router.get("", operation_id="budgets.list_claims", response_model=Listed[ClaimRow], responses=refuses(422))
async def claims(
    ask: Ask,
    page: Paged,
    status: ClaimStatus | None = None,
    budget_id: UUID | None = None,
    account_id: UUID | None = None,
    visit_id: UUID | None = None,
    owner_id: UUID | None = None,
    category: Annotated[str | None, Query(max_length=64)] = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Annotated[str, Query(pattern="^-?spent_on$")] = "-spent_on",
) -> Any:
    """Expense claims as they stood, the latest spent first."""
    require_days(from_day, to_day)
    asking = await ask.of(EXPENSE_CLAIMS)
    sql = Sql(asking)
    given = {
        "status": status, "budget_id": budget_id, "account_id": account_id, "visit_id": visit_id,
        "owner_id": owner_id, "category": category,
    }  # fmt: skip
    wanted = ["true", *(f"c.{column} = {sql(value)}" for column, value in given.items() if value is not None)]
    if from_day is not None:
        wanted.append(f"c.spent_on >= {sql(from_day)}::date")
    if to_day is not None:
        wanted.append(f"c.spent_on <= {sql(to_day)}::date")
    if unit_id is not None:
        wanted.append(sql.below("c.unit_id", unit_id))
    at = page_of(page)
    parts = paged(sql, ORDERS, sort, at, "c.stream_id")
    sight = sql.counted("c", account="null::uuid")
    statement = sql.text(LIST, holds=sql.holds("c"), sight=sight, wanted=" and ".join(wanted), **parts)
    rows, after = next_of(await ask.pool.fetch(statement, *sql.values), at)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    accounts = await ask.labels.accounts(ask.pool, asking, (row["account_id"] for row in rows))
    people = await ask.labels.people(
        asking.tenant_id, {row[name] for row in rows for name in ("owner_id", "decided_by")}
    )
    items = [
        {
            **{name: row[name] for name in ClaimRow.model_fields if name in row},
            "id": row["stream_id"],
            "unit": units.get(row["unit_id"]),
            "account": accounts.get(row["account_id"]),
            "owner": people.get(row["owner_id"]),
            "amount": money(row["amount"]),
            "decided_by_name": people.get(row["decided_by"]),
        }
        for row in map(dict, rows)
    ]
    return listed(page, items, after)


@router.get("/{claim_id}", operation_id="budgets.read_claim", responses=refuses(404))
async def claim(claim_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One claim as of a day, with its history."""

    def actions(found: ExpenseClaim) -> Iterable[str]:
        return (name for name, fact in ACTIONS.items() if found.can(getattr(events, fact)))

    return await shown(reading, response, ExpenseClaim, claim_id, actions=actions, people=("decided_by",))
