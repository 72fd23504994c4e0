"""What rolling plans put on an agenda: next month's version in the last working days, firm changes that wait."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking, Sql
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.month import later, said
from services.kpi.rolling.views import ROLLING_PLANS
from services.kpi.views.units import UNITS
from shared.days import day_of
from shared.identity.approval import APPROVES

MONTH_END_DAYS: Final = 5
"""Working days (000) in which next month's plan is made."""

PLANS = """
select p.stream_id, p.unit_id, p.status, p.base_month, p.requested_by, p.requested_month, p.from_at
  from {rolling_plans} as p
 where {holds} and {sight}
 order by p.unit_id
"""

TITLES: Final = {
    "publish_rolling_plan": ("发布{month}起的滚动计划", "Publish the rolling plan from {month} on"),
    "approve_firm_change": ("审批{month}锁定月变更", "Decide the change of firm months from {month} on"),
}


async def due(whose: Whose) -> Due:
    """The version the asker's unit owes, and the changes they decide; which units below are late with theirs."""
    if whose.functions.isdisjoint(APPROVES):
        return Due()
    read = whose.read
    await read.wait(ROLLING_PLANS, UNITS)
    calendar = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at)
    sql = Sql(asking)
    text = sql.text(PLANS, holds=sql.holds("p"), sight=sql.counted("p", account="null::uuid"))
    rows: list[Any] = await read.pool.fetch(text, *sql.values)
    mine: list[Item] = []
    late: list[Item] = []
    base, by = _owed(calendar, whose.day)
    own = next((row for row in rows if row["unit_id"] == whose.unit_id), None)
    if whose.unit_id is not None:
        path = "/v1/rolling-plans" if own is None else f"/v1/rolling-plans/{own['stream_id']}"
        # of the month that runs only who has planned before is late; the next one everybody owes
        last = None if own is None else own["base_month"]
        if (last is None or last < base) and (own is not None or by >= whose.day):
            mine.append(_item("publish_rolling_plan", whose, base, by, whose.person_id, whose.unit_id, path))
    for row in rows:
        path = f"/v1/rolling-plans/{row['stream_id']}"
        last = row["base_month"]
        if row["unit_id"] != whose.unit_id and last is not None and last < base and by < whose.day:
            late.append(_item("publish_rolling_plan", whose, base, by, None, row["unit_id"], path))
        if row["status"] == "pending" and row["requested_by"] != whose.person_id:
            asked = day_of(row["from_at"], asking.zone)
            day = calendar.next_working(asked + timedelta(days=1))
            month = row["requested_month"]
            mine.append(_item("approve_firm_change", whose, month, day, whose.person_id, row["unit_id"], path))
    return Due(mine, late)


def _owed(calendar: WorkingDays, day: date) -> tuple[date, date]:
    """The month the version begins with, and by when: in the last working days the next, before them the running."""
    month = calendar.month_of(day)
    ends = calendar.last_working(month, MONTH_END_DAYS)
    if day >= ends[0]:
        return later(month), ends[-1]
    return month, calendar.last_working(later(month, -1), 1)[0]


def _item(kind: str, whose: Whose, month: date, by: date, person: UUID | None, unit: UUID, path: str) -> Item:
    zh, en = TITLES[kind]
    title = (zh if whose.language.startswith("zh") else en).format(month=said(month))
    late = max(0, (whose.day - by).days)
    return Item(kind=kind, title=title, due_on=by, days_late=late, person_id=person, unit_id=unit, path=path)
