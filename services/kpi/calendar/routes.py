"""Working days, sales months over HTTP. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from services.kpi.asking import Asking
from services.kpi.calendar.commands import DeclareWorkingDays, PublishSalesMonth, Year
from services.kpi.calendar.working_calendar import SalesMonths, WorkingCalendar, publishing
from services.kpi.calendar.working_days import WorkingDays, declared_id, sales_month_id, working_days
from services.kpi.month import MonthAsked, first_day, later, said
from services.kpi.months.closes import closes
from shared.http.context import Ctx
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import FromDay, Reading, Report, ToDay
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.publishing import publish

router = Router(prefix="/v1/calendar", tags=["calendar"])

MOST_DAYS = 800
"""Days in one answer: two years and their seams."""
MONTH_END_DAYS = 5
"""Working days at the end of a month in which its plans are made and its reports handed in (000)."""


# -- what is said ------------------------------------------------------------------------------------------


@router.post("/declare-days", status_code=201, operation_id="calendar.declare_days", responses=refuses(403, 422))
async def declare_days(command: DeclareWorkingDays, ctx: Ctx) -> Receipt:
    """Declare days on which the company works, or does not, and years that are complete with them."""
    return await publish(
        ctx,
        WorkingCalendar,
        declared_id(ctx.tenant_id),
        lambda stream: WorkingCalendar.declared(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.post(
    "/publish-sales-month",
    status_code=201,
    operation_id="calendar.publish_sales_month",
    responses=refuses(403, 409, 422),
)
async def publish_sales_month(command: PublishSalesMonth, ctx: Ctx) -> Receipt:
    """Publish on which day the sales month ends, from a month on: plans, figures and closes follow it.

    A closed month stays as it is: its close is taken back first.
    """
    sight = await ctx.kit.sight(ctx.principal)
    asking = Asking(ctx.tenant_id, ctx.principal.zone, ctx.now, sight, latest=True)
    closed = await closes(ctx.kit.pool, asking, now=ctx.now)

    def published(stream: SalesMonths | None) -> SalesMonths:
        rule = publishing(command, stream, closed)
        return SalesMonths.published(stream, rule, tenant_id=ctx.tenant_id, at=ctx.now)

    return await publish(
        ctx,
        SalesMonths,
        sales_month_id(ctx.tenant_id),
        published,
    )


# -- what follows ------------------------------------------------------------------------------------------


class DayShown(BaseModel):
    """One day."""

    day: date
    weekday: int = Field(title="星期", description="1 Monday … 7 Sunday.")
    is_working: bool = Field(title="工作日")
    occasion: str | None = Field(
        title="节日", description="The holiday it is, or that it makes up for, in the language asked for."
    )
    provisional: bool = Field(title="暂定", description="The holidays of its year were not announced yet.")
    declared: bool = Field(title="公司声明", description="By the company itself.")
    sales_month: str = Field(title="销售月")
    review_day: bool = Field(
        title="周盘点日", description="The Monday rhythm: weekly review and hot table; moved when a holiday."
    )
    month_end: bool = Field(title="月末五日", description="One of the last 5 working days of its sales month.")


class MonthShown(BaseModel):
    """One sales month and its two rhythms."""

    month: str
    first_day: date
    last_day: date
    working_days: int
    review_days: Sequence[date]
    month_end_days: Sequence[date] = Field(description="Its last 5 working days.")
    first_working_day_after: date = Field(description="At its end the month is closed.")
    provisional: bool = Field(title="暂定")


class CalendarShown(BaseModel):
    """The days asked for, the sales months they belong to, and which of their years are provisional."""

    rows: Sequence[DayShown]
    months: Sequence[MonthShown]
    from_day: date
    to_day: date
    provisional_years: Sequence[int]


@router.get("", operation_id="calendar.read", responses=refuses(422))
async def calendar(
    read: Report,
    year: Annotated[Year | None, Query(description="A whole year; default this one.")] = None,
    month: MonthAsked = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
) -> CalendarShown:
    """Which days are worked on, and when the two rhythms fall: every Monday, and the last 5 working days of a month.

    A year, a sales month, or from a day to a day (800 at most). Years whose holidays were not announced are
    provisional: Monday to Friday without the holidays of a fixed date.
    """
    known = await working_days(read.pool, read.tenant_id, known_at=read.known_at)
    first, last = _range(read, known, year, None if month is None else first_day(month), from_day, to_day)
    read.take((last - first).days + 1)
    language = "zh" if read.call is None else read.call.language
    months = [_month(known, one) for one in _months(known, first, last)]
    reviews = {day for one in months for day in one.review_days}
    ends = {day for one in months for day in one.month_end_days}
    days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    return CalendarShown(
        rows=[
            DayShown(
                day=day,
                weekday=day.isoweekday(),
                is_working=known.is_working(day),
                occasion=known.occasion(day, language),
                provisional=known.is_provisional(day.year),
                declared=known.is_declared(day),
                sales_month=said(known.month_of(day)),
                review_day=day in reviews,
                month_end=day in ends,
            )
            for day in days
        ],
        months=months,
        from_day=first,
        to_day=last,
        provisional_years=[year for year in range(first.year, last.year + 1) if known.is_provisional(year)],
    )


def _range(
    read: Reading, known: WorkingDays, year: int | None, month: date | None, since: date | None, until: date | None
) -> tuple[date, date]:
    if [year is not None, month is not None, since is not None or until is not None].count(True) > 1:
        raise Problem(422, "one_range", errors=(At("/year", "one_range", where="query"),))
    if month is not None:
        return known.month_bounds(month)
    if since is None and until is None:
        of = year or read.day.year
        return date(of, 1, 1), date(of, 12, 31)
    first = since or until or read.day
    last = until or date(first.year, 12, 31)
    if first > last:
        raise Problem(422, "empty_range", errors=(At("/to", "empty_range", where="query"),))
    if (last - first).days >= MOST_DAYS:
        raise Problem(422, "range_too_long", params={"most": MOST_DAYS}, errors=(
            At("/to", "range_too_long", params={"most": MOST_DAYS}, where="query"),
        ))  # fmt: skip
    return first, last


def _months(known: WorkingDays, first: date, last: date) -> Iterator[date]:
    month, until = known.month_of(first), known.month_of(last)
    while month <= until:
        yield month
        month = later(month)


def _month(known: WorkingDays, month: date) -> MonthShown:
    first, last = known.month_bounds(month)
    return MonthShown(
        month=said(month),
        first_day=first,
        last_day=last,
        working_days=len(known.working_between(first, last)),
        review_days=known.mondays(month),
        month_end_days=known.last_working(month, MONTH_END_DAYS),
        first_working_day_after=known.next_working(last + timedelta(days=1)),
        provisional=known.is_provisional(first.year) or known.is_provisional(last.year),
    )


ROUTERS: tuple[Router, ...] = (router,)
