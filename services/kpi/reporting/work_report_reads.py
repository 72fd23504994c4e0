"""Work reports, read: one with its history, the list, the month-end hand-in list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field

from services.kpi import events
from services.kpi.acting import RecordShown, shown
from services.kpi.asked import Ask
from services.kpi.asking import Sql
from services.kpi.calendar.working_days import working_days
from services.kpi.month import MonthAsked, first_day, said
from services.kpi.reporting.duties import PublishedDuties, ReportingDuties
from services.kpi.reporting.events import ReportKind, ReportStatus
from services.kpi.reporting.hand_in import HandIn, hand_in
from services.kpi.reporting.placing import sees_filed
from services.kpi.reporting.views import INTELLIGENCE, WORK_REPORTS
from services.kpi.reporting.work_report import ACTIONS, WorkReport
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from shared.http.kit import Kit
from shared.http.limits import limited
from shared.http.openapi import refuses
from shared.http.reading import FromDay, Listed, Paged, Report, ToDay
from shared.http.route import Router
from shared.records.asked import TreeAsked, UnitId
from shared.records.asked import days as require_days
from shared.records.pages import listed, page_of
from shared.records.paging import Order, next_of, paged

router = Router(prefix="/v1/work-reports", tags=["reporting"])

LIST = """
select r.stream_id, r.kind, r.period, r.owner_id, r.unit_id, r.status, r.handed_in_on, r.revised_on, r.reviewed_on,
       r.reviewed_by, {sort_value} as sort_value
  from {work_reports} r
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
ORDERS = {"-period": Order("r.period", "date", descending=True), "period": Order("r.period", "date")}
FIELDS = ("kind", "period", "owner_id", "unit_id", "status", "handed_in_on", "revised_on", "reviewed_on", "reviewed_by")


async def duties_known(kit: Kit, tenant_id: UUID, known_at: int | None = None) -> Sequence[ReportingDuties]:
    """The duties shipped and published, in that order."""
    stored = await kit.store.load(tenant_id, PublishedDuties.id_of(tenant_id), until_position=known_at)
    stream: PublishedDuties | None = kit.repository(PublishedDuties).replay(stored) if stored else None
    return PublishedDuties.known(stream)


class WorkReportRow(BaseModel):
    """One daily or monthly report. Its words are in the single record."""

    id: UUID
    kind: ReportKind
    period: date = Field(description="The day, or the first calendar day of the month.")
    owner_id: UUID
    owner: str | None
    unit_id: UUID
    unit: str | None
    status: ReportStatus
    handed_in_on: date = Field(title="交报日期")
    revised_on: date | None = Field(title="重交日期")
    reviewed_on: date | None
    reviewed_by: UUID | None
    reviewed_by_name: str | None


@router.get("", operation_id="work_reports.list", response_model=Listed[WorkReportRow], responses=refuses(422))
async def reports(
    ask: Ask,
    page: Paged,
    kind: ReportKind | None = None,
    status: ReportStatus | None = None,
    owner_id: UUID | None = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    sort: Annotated[str, Query(pattern="^-?period$")] = "-period",
) -> Any:
    """Daily and monthly reports (日报、月报) as they stood, the latest period first."""
    require_days(from_day, to_day)
    asking = await ask.of(WORK_REPORTS)
    sql = Sql(asking)
    wanted = ["true"]
    for column, value in (("kind", kind), ("status", status), ("owner_id", owner_id)):
        if value is not None:
            wanted.append(f"r.{column} = {sql(value)}")
    if from_day is not None:
        wanted.append(f"r.period >= {sql(from_day)}::date")
    if to_day is not None:
        wanted.append(f"r.period <= {sql(to_day)}::date")
    if unit_id is not None:
        wanted.append(sql.below("r.unit_id", unit_id))
    at = page_of(page)
    parts = paged(sql, ORDERS, sort, at, "r.stream_id")
    sight = sql.counted("r", account="null::uuid")
    statement = sql.text(LIST, holds=sql.holds("r"), sight=sight, wanted=" and ".join(wanted), **parts)
    rows, after = next_of(await ask.pool.fetch(statement, *sql.values), at)
    units = await ask.labels.units(ask.pool, asking, (row["unit_id"] for row in rows))
    people = await ask.labels.people(
        asking.tenant_id, {row[name] for row in rows for name in ("owner_id", "reviewed_by")}
    )
    items = [
        {
            **{name: row[name] for name in FIELDS},
            "id": row["stream_id"],
            "owner": people.get(row["owner_id"]),
            "unit": units.get(row["unit_id"]),
            "reviewed_by_name": people.get(row["reviewed_by"]),
        }
        for row in rows
    ]
    return listed(page, items, after)


# -- the month-end hand-in ---------------------------------------------------------------------------------


class HandInRow(BaseModel):
    """What one person owed of a month, what came and what is missing."""

    person_id: UUID
    person: str | None
    unit_id: UUID
    unit: str | None
    daily_due: int = Field(title="应交日报", description="Daily reports owed up to the day asked about.")
    daily_handed_in: int = Field(title="已交日报")
    daily_late: int = Field(title="迟交日报", description="Handed in on a later day.")
    daily_missing: int = Field(title="缺交日报")
    days_missing: Sequence[date] = Field(title="缺交日期")
    monthly_due_on: date | None = Field(
        title="月报应交日期", description="The last working day; null when none is owed."
    )
    monthly_handed_in_on: date | None = Field(title="月报交报日期")
    monthly_late: bool = Field(
        title="月报迟交", description="Handed in after it was due, or not yet though it is past."
    )
    intelligence_due: int = Field(title="应交情报")
    intelligence_items: int = Field(title="情报条数")
    complete: bool


class HandInList(BaseModel):
    """The hand-in list of a sales month: who is complete, who is missing."""

    rows: Sequence[HandInRow]
    month: str
    from_day: date
    to_day: date
    complete: int = Field(description="Persons of whom nothing is missing.")
    missing: int = Field(description="Persons of whom something is.")


@router.get(
    "/hand-in",
    operation_id="work_reports.hand_in_list",
    response_model=HandInList,
    responses=refuses(422),
    dependencies=[Depends(limited("heavy"))],
)
async def hand_in_list(
    ask: Ask,
    month: MonthAsked = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    missing: Annotated[bool | None, Query(description="Only who is, or is not, missing something.")] = None,
) -> Any:
    """Who has handed in what of a month, and who is missing (月末交报清单); the latest standing of each person."""
    asking = await ask.of(WORK_REPORTS, INTELLIGENCE, PEOPLE, UNITS)
    read = ask.read
    calendar = await working_days(ask.pool, asking.tenant_id, known_at=asking.known_at)
    of = calendar.month_of(asking.day) if month is None else first_day(month)
    duties = await duties_known(read.kit, asking.tenant_id, asking.known_at)
    found = await hand_in(ask.pool, asking, calendar, duties, of, unit_id=unit_id)
    first, last = calendar.month_bounds(of)
    units = await ask.labels.units(ask.pool, asking, (one.unit_id for one in found))
    people = await ask.labels.people(asking.tenant_id, (one.person_id for one in found))
    rows = [
        _row(one, people.get(one.person_id), units.get(one.unit_id), asking.day)
        for one in found
        if missing is None or one.complete is not missing
    ]
    rows.sort(key=lambda row: (row["unit"] or "", row["person"] or "", str(row["person_id"])))
    answer = {
        "rows": rows,
        "month": said(of),
        "from_day": first,
        "to_day": last,
        "complete": sum(one.complete for one in found),
        "missing": sum(not one.complete for one in found),
    }
    return ask.records(asking, answer)


def _row(one: HandIn, person: str | None, unit: str | None, day: date) -> dict[str, Any]:
    due = one.monthly_due_on
    return {
        "person_id": one.person_id,
        "person": person,
        "unit_id": one.unit_id,
        "unit": unit,
        "daily_due": len(one.daily_owed),
        "daily_handed_in": len(one.daily_owed) - len(one.daily_missing),
        "daily_late": len(one.daily_late),
        "daily_missing": len(one.daily_missing),
        "days_missing": one.daily_missing,
        "monthly_due_on": due,
        "monthly_handed_in_on": one.monthly,
        "monthly_late": due is not None and (one.monthly or day) > due,
        "intelligence_due": one.items_owed,
        "intelligence_items": one.items,
        "complete": one.complete,
    }


@router.get("/{report_id}", operation_id="work_reports.read", responses=refuses(404))
async def work_report(report_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One report in its words, as of a day, with its history."""

    def actions(report: WorkReport) -> Iterable[str]:
        if not report.standing:
            return ()
        return (name for name, fact in ACTIONS.items() if report.can(getattr(events, fact)))

    return await shown(
        reading, response, WorkReport, report_id, actions=actions, people=("reviewed_by",), seen=sees_filed
    )
