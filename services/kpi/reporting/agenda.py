"""What reporting puts on an agenda: reports and items owed, urgent ones, the month-end hand-in. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from services.kpi.agenda.item import Due, Item, Whose
from services.kpi.asking import Asking, Sql
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.month import later, said
from services.kpi.reporting.duties import ReportingDuties
from services.kpi.reporting.hand_in import HandIn, hand_in
from services.kpi.reporting.intelligence_routes import ABOVE, ISSUES
from services.kpi.reporting.views import CUSTOMER_REPORTS, INTELLIGENCE, WORK_REPORTS
from services.kpi.reporting.work_report_reads import duties_known
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from shared.days import day_of
from shared.identity.approval import APPROVES
from shared.identity.principal import BACK_OFFICE
from shared.identity.sight import Sight
from shared.records.of_day import of_day

MONTH_END_DAYS = 5
"""Working days (000) in which a month's reports and intelligence are handed in."""
ISSUED_WITHIN = 5
"""Working days (ours) after a month in which its customer-information report goes out."""
CHECKS = APPROVES | {BACK_OFFICE}
"""Look after the hand-in list: heads, and the back office (001)."""

URGENT = """
select i.stream_id, i.title, i.reported_on, i.unit_id, i.owner_id
  from {intelligence} i
 where {holds} and i.urgency = 'urgent' and i.status = 'open' and not i.acknowledged && {selves}::uuid[] and {sight}
 order by i.reported_on, i.stream_id
"""
ISSUED = "select 1 from {customer_reports} r where r.tenant_id = $1 and r.month = {month}::date and r.issued_at <= {at}"
OPENED = "select min(u.from_at) from {units} u where u.tenant_id = $1"


async def due(whose: Whose) -> Due:
    """Reports and items the asker owes, and what is missing of those they supervise."""
    read = whose.read
    await read.wait(WORK_REPORTS, INTELLIGENCE, CUSTOMER_REPORTS, PEOPLE, UNITS)
    calendar = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    duties = await duties_known(read.kit, read.tenant_id, read.known_at)
    asking = Asking(read.tenant_id, read.zone, read.as_of, whose.sight, known_at=read.known_at)
    month = calendar.month_of(whose.day)
    words = _Words(whose.language)
    mine: list[Item] = []
    late: list[Item] = []
    months = [month]
    if whose.day < _ends(calendar, month)[0]:
        months.insert(0, later(month, -1))  # what is still missing of the last one
    everybody = whose.sight.everything or bool(whose.sight.staff)
    for of in months:
        supervised = await hand_in(read.pool, asking, calendar, duties, of, until=whose.day) if everybody else []
        own = next((one for one in supervised if one.person_id == whose.person_id), None)
        if own is None and _owes(duties, whose):
            alone = replace(asking, sight=Sight(everything=False, person_id=whose.person_id))
            found = await hand_in(read.pool, alone, calendar, duties, of, until=whose.day)
            own = next(iter(found), None)
        if own is not None:
            mine += _own(own, of, whose, calendar, words)
        for one in supervised:
            if one.person_id != whose.person_id:
                late += _late(one, of, whose.day, words)
    if not whose.functions.isdisjoint(CHECKS):
        mine += _check(month, whose, calendar, words)
    if not whose.functions.isdisjoint(ISSUES):
        mine += await _to_issue(month, whose, calendar, asking, words)
    if not whose.functions.isdisjoint(ABOVE):
        mine += await _urgent(whose, asking, words)
    return Due(mine, late)


# -- what is owed ------------------------------------------------------------------------------------------


def _own(one: HandIn, month: date, whose: Whose, calendar: WorkingDays, words: _Words) -> Iterator[Item]:
    day = whose.day
    at = {"person_id": whose.person_id, "unit_id": one.unit_id, "path": "/v1/work-reports"}
    for missing in one.daily_missing:
        yield Item(
            kind="hand_in_daily_report", title=words.daily([missing]), due_on=missing,
            days_late=(day - missing).days, **at,
        )  # fmt: skip
    ends = _ends(calendar, month)
    if day < ends[0]:
        return
    if one.monthly_missing:
        yield Item(
            kind="hand_in_monthly_report", title=words.monthly(month), due_on=ends[-1],
            days_late=max(0, (day - ends[-1]).days), **at,
        )  # fmt: skip
    if one.items_missing:
        yield Item(
            kind="hand_in_intelligence", title=words.items(month, one.items_missing), due_on=ends[-1],
            days_late=max(0, (day - ends[-1]).days), **{**at, "path": "/v1/intelligence"},
        )  # fmt: skip


def _late(one: HandIn, month: date, day: date, words: _Words) -> Iterator[Item]:
    """One item per person and kind: what was due before the day and is not there."""
    at = {"person_id": one.person_id, "unit_id": one.unit_id}
    path = f"/v1/work-reports/hand-in?month={said(month)}"
    missing = [other for other in one.daily_missing if other < day]
    if missing:
        yield Item(
            kind="hand_in_daily_report", title=words.daily(missing), due_on=missing[0],
            days_late=(day - missing[0]).days, path=path, **at,
        )  # fmt: skip
    due_on = one.monthly_due_on
    if one.monthly_missing and due_on is not None and due_on < day:
        yield Item(
            kind="hand_in_monthly_report", title=words.monthly(month), due_on=due_on, days_late=(day - due_on).days,
            path=path, **at,
        )  # fmt: skip


def _owes(duties: Sequence[ReportingDuties], whose: Whose) -> bool:
    return of_day(duties, whose.day).owes(whose.functions)


# -- month end ---------------------------------------------------------------------------------------------


def _check(month: date, whose: Whose, calendar: WorkingDays, words: _Words) -> Iterator[Item]:
    ends = _ends(calendar, month)
    if ends[0] <= whose.day <= ends[-1]:
        yield Item(
            kind="check_hand_in", title=words.check(month), due_on=ends[-1], person_id=whose.person_id,
            unit_id=whose.unit_id, path=f"/v1/work-reports/hand-in?month={said(month)}",
        )  # fmt: skip


async def _to_issue(month: date, whose: Whose, calendar: WorkingDays, asking: Asking, words: _Words) -> Sequence[Item]:
    """The report of the month that ends, or that ended last; not of months before the company was opened."""
    found = []
    sql = Sql(asking)
    opened = await whose.read.pool.fetchval(sql.text(OPENED), *sql.values)
    for of in (later(month, -1), month):
        last = calendar.month_bounds(of)[1]
        if whose.day < _ends(calendar, of)[0]:
            continue
        if (whose.day if opened is None else day_of(opened, asking.zone)) > last:
            continue
        sql = Sql(asking)
        if await whose.read.pool.fetchval(sql.text(ISSUED, month=sql(of)), *sql.values):
            continue
        after = calendar.working_between(last + timedelta(days=1), last + timedelta(days=31))
        due_on = after[min(ISSUED_WITHIN, len(after)) - 1] if after else last
        found.append(
            Item(
                kind="issue_customer_report", title=words.issue(of), due_on=due_on,
                days_late=max(0, (whose.day - due_on).days), person_id=whose.person_id, unit_id=whose.unit_id,
                path=f"/v1/intelligence?month={said(of)}",
            )
        )  # fmt: skip
    return found


async def _urgent(whose: Whose, asking: Asking, words: _Words) -> Sequence[Item]:
    sql = Sql(asking)
    sight = sql.counted("i", account="null::uuid")
    statement = sql.text(URGENT, holds=sql.holds("i"), selves=sql([whose.person_id]), sight=sight)
    return [
        Item(
            kind="acknowledge_intelligence", title=words.urgent(row["title"]), due_on=row["reported_on"],
            days_late=max(0, (whose.day - row["reported_on"]).days), person_id=whose.person_id,
            unit_id=row["unit_id"], path=f"/v1/intelligence/{UUID(bytes=row['stream_id'].bytes)}",
        )
        for row in await whose.read.pool.fetch(statement, *sql.values)
    ]  # fmt: skip


def _ends(calendar: WorkingDays, month: date) -> Sequence[date]:
    """The days of the month-end rhythm; of a month nobody works in its last day."""
    return calendar.last_working(month, MONTH_END_DAYS) or (calendar.month_bounds(month)[1],)


# -- words -------------------------------------------------------------------------------------------------


class _Words:
    """Titles in the language asked for."""

    def __init__(self, language: str) -> None:
        self._zh = language.startswith("zh")

    def daily(self, days: Sequence[date]) -> str:
        if len(days) == 1:
            return f"交 {days[0]} 日报" if self._zh else f"Hand in the daily report of {days[0]}"
        return f"缺 {len(days)} 天日报" if self._zh else f"{len(days)} daily reports are missing"

    def monthly(self, month: date) -> str:
        return f"交 {said(month)} 月报" if self._zh else f"Hand in the monthly report of {said(month)}"

    def items(self, month: date, count: int) -> str:
        if self._zh:
            return f"交 {said(month)} 情报，还差 {count} 条"
        return f"Report intelligence of {said(month)}: {count} to go"

    def check(self, month: date) -> str:
        return f"核对 {said(month)} 月末交报清单" if self._zh else f"Check the hand-in list of {said(month)}"

    def issue(self, month: date) -> str:
        if self._zh:
            return f"发布 {said(month)} 客户信息月报"
        return f"Issue the customer-information report of {said(month)}"

    def urgent(self, title: str) -> str:
        return f"紧急情报：{title}" if self._zh else f"Urgent: {title}"
