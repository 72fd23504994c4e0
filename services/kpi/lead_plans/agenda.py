"""What lead plans put on an agenda: the weekly review every Monday, the next month's plan at month end.

The review is due on the Monday of the rhythm (moved when it is a holiday); late where an issued plan was not reviewed
since. Decides nothing.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking, Sql
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.lead_plans.views import LEAD_PLANS
from services.kpi.month import later, said
from services.kpi.splits.agenda import month_end
from shared.identity.approval import APPROVES

PLANS = """
select p.stream_id, p.unit_id, p.month, p.status,
       (select max((r.one ->> 'on')::date) from jsonb_array_elements(p.reviews) as r(one)) as reviewed_on
  from {lead_plans} as p
 where {holds} and p.month = any({months}::date[]) and {sight}
"""


async def due(whose: Whose) -> Due:
    """What the asker owes, and what is late of those they supervise."""
    if whose.functions.isdisjoint(APPROVES):
        return Due()
    read = whose.read
    await read.wait(LEAD_PLANS)
    calendar = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at)
    month = calendar.month_of(whose.day)
    sql = Sql(asking)
    statement = sql.text(
        PLANS,
        holds=sql.holds("p"),
        months=sql([month, later(month)]),
        sight=sql.counted("p", account="null::uuid"),
    )
    plans = {(row["unit_id"], row["month"]): row for row in await read.pool.fetch(statement, *sql.values)}
    mine: list[Item] = []
    late: list[Item] = []
    ends = month_end(calendar, month)
    if whose.unit_id is not None and ends[0] <= whose.day:
        known = plans.get((whose.unit_id, later(month)))
        if known is None or known["status"] != "issued":
            mine.append(_plan(later(month), ends[-1], whose))
    monday = _monday(calendar, month, whose.day)
    if monday is None:
        return Due(mine, late)
    own = plans.get((whose.unit_id, month)) if whose.unit_id is not None else None
    if whose.unit_id is not None and _owed(own, monday, whose.day):
        mine.append(_review(own, month, monday, whose.unit_id, whose))
    for (unit_id, of), row in plans.items():
        if unit_id != whose.unit_id and of == month and monday < whose.day and _owed(row, monday, None):
            late.append(_review(row, month, monday, unit_id, whose))
    return Due(mine, late)


def _monday(calendar: WorkingDays, month: date, day: date) -> date | None:
    """The latest day of the Monday rhythm in the month."""
    return max((monday for monday in calendar.mondays(month) if monday <= day), default=None)


def _owed(plan: Any, monday: date, day: date | None) -> bool:
    """Whether the review of that Monday was not held; without an issued plan it is owed on the day alone."""
    if plan is None or plan["status"] != "issued":
        return day == monday
    return plan["reviewed_on"] is None or plan["reviewed_on"] < monday


# -- items -------------------------------------------------------------------------------------------------


def _plan(month: date, due_on: date, whose: Whose) -> Item:
    title = f"制定 {said(month)} 集客计划" if _zh(whose) else f"Plan the leads of {said(month)}"
    return Item(
        kind="plan_leads", title=title, due_on=due_on, days_late=_late(due_on, whose), person_id=whose.person_id,
        unit_id=whose.unit_id, path=f"/v1/lead-plans?month={said(month)}",
    )  # fmt: skip


def _review(plan: Any, month: date, monday: date, unit_id: UUID, whose: Whose) -> Item:
    return Item(
        kind="review_leads", title="集客周盘点" if _zh(whose) else "Weekly review of leads", due_on=monday,
        days_late=_late(monday, whose), unit_id=unit_id,
        person_id=whose.person_id if unit_id == whose.unit_id else None,
        path=f"/v1/lead-plans?month={said(month)}" if plan is None else f"/v1/lead-plans/{plan['stream_id']}/weeks",
    )  # fmt: skip


def _late(due_on: date, whose: Whose) -> int:
    return max(0, (whose.day - due_on).days)


def _zh(whose: Whose) -> bool:
    return whose.language.startswith("zh")
