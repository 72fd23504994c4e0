"""What annual plans put on an agenda: next year's to propose, review, approve, work over and issue. Decides nothing.

Ours: from October on; proposed by the last working day of November, issued by that of December; each step in between
within five working days.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking, Sql
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.plans.acting import REVIEWS
from services.kpi.plans.plan import plan_id
from services.kpi.plans.views import ANNUAL_PLANS
from services.kpi.views.units import UNITS
from shared.days import day_of
from shared.identity.approval import APPROVES

BEGINS: Final = 10
"""The month in which next year's plan is begun."""
PROPOSED_BY, ISSUED_BY = 11, 12
STEP_DAYS: Final = 5
"""Working days for each step."""
LONGEST: Final = timedelta(days=45)
"""In which there are so many working days."""

WAITING = """
select p.stream_id, p.status, p.year, p.unit_id, p.owner_id, p.submitted_by, p.from_at
  from {annual_plans} as p
 where {holds} and p.status in ('submitted', 'reviewed', 'returned', 'approved') and {sight}
 order by p.from_at, p.stream_id
"""
PLANNED = "select 1 from {annual_plans} as p where {holds} and p.stream_id = {id}"
IS_ROOT = "select 1 from {units} as u where {holds} and u.stream_id = {id} and u.parent_id is null"

TITLES: Final = {
    "propose_annual_plan": ("提出{year}年年度计划", "Propose the annual plan of {year}"),
    "review_annual_plan": ("评审{year}年年度计划", "Review the annual plan of {year}"),
    "approve_annual_plan": ("批准{year}年年度计划", "Approve the annual plan of {year}"),
    "rework_annual_plan": ("修改被退回的{year}年年度计划", "Work over the annual plan of {year} that was returned"),
    "issue_annual_plan": ("分解并下发{year}年年度计划", "Cascade and issue the annual plan of {year}"),
}
KIND_OF: Final = {
    "submitted": "review_annual_plan",
    "reviewed": "approve_annual_plan",
    "returned": "rework_annual_plan",
    "approved": "issue_annual_plan",
}


async def due(whose: Whose) -> Due:
    """What the asker owes for annual plans; of others what was returned and is late."""
    read = whose.read
    await read.wait(ANNUAL_PLANS, UNITS)
    calendar = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at)
    mine: list[Item] = []
    late: list[Item] = []
    if whose.day.month >= BEGINS and not whose.functions.isdisjoint(APPROVES) and whose.unit_id is not None:
        year = whose.day.year + 1
        if await _owes_proposal(whose, asking, whose.unit_id, year):
            by = calendar.last_working(date(whose.day.year, PROPOSED_BY, 1), 1)[0]
            mine.append(_item("propose_annual_plan", whose, year, by, whose.person_id, whose.unit_id, "/v1/plans"))
    sql = Sql(asking)
    text = sql.text(WAITING, holds=sql.holds("p"), sight=sql.counted("p", account="null::uuid"))
    row: Any
    for row in await read.pool.fetch(text, *sql.values):
        kind, path = KIND_OF[row["status"]], f"/v1/plans/{row['stream_id']}"
        by = _due_on(calendar, row, day_of(row["from_at"], asking.zone))
        owner = row["owner_id"]
        if kind == "rework_annual_plan" and owner != whose.person_id:
            if by < whose.day:
                late.append(_item(kind, whose, row["year"], by, owner, row["unit_id"], path))
        elif _owes(kind, whose, row):
            mine.append(_item(kind, whose, row["year"], by, whose.person_id, row["unit_id"], path))
    return Due(mine, late)


def _owes(kind: str, whose: Whose, row: Any) -> bool:
    if kind == "rework_annual_plan":
        return True
    functions = REVIEWS if kind == "review_annual_plan" else APPROVES
    return not whose.functions.isdisjoint(functions) and whose.person_id != row["submitted_by"]


async def _owes_proposal(whose: Whose, asking: Asking, unit_id: UUID, year: int) -> bool:
    """Whether the unit is head office and has no plan for that year."""
    pool = whose.read.pool
    sql = Sql(asking)
    relation, holds = sql.tree("u")
    if not await pool.fetchval(sql.text(IS_ROOT, units=relation, holds=holds, id=sql(unit_id)), *sql.values):
        return False
    sql = Sql(asking)
    id = sql(plan_id(asking.tenant_id, unit_id, year))
    return not await pool.fetchval(sql.text(PLANNED, holds=sql.holds("p"), id=id), *sql.values)


def _due_on(calendar: WorkingDays, row: Any, since: date) -> date:
    """So many working days after the step before; of issuing the last working day before the year."""
    if row["status"] == "approved":
        return calendar.last_working(date(row["year"] - 1, ISSUED_BY, 1), 1)[0]
    return calendar.working_between(since + timedelta(days=1), since + LONGEST)[STEP_DAYS - 1]


def _item(kind: str, whose: Whose, year: int, by: date, person: UUID, unit: UUID, path: str) -> Item:
    zh, en = TITLES[kind]
    title = (zh if whose.language.startswith("zh") else en).format(year=year)
    days_late = max(0, (whose.day - by).days)
    return Item(kind=kind, title=title, due_on=by, days_late=days_late, person_id=person, unit_id=unit, path=path)
