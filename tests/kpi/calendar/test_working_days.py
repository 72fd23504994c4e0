"""The working calendar against the library it was seeded from, and the rhythms that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import uuid4

import asyncpg
import chinese_calendar
import pytest
from chinese_calendar.constants import holidays

from services.kpi.calendar.events import DeclaredDay, SalesMonthEnd
from services.kpi.calendar.working_days import (
    CALENDAR_MONTHS,
    PublicCalendar,
    SalesMonthRule,
    WorkingDays,
    public_calendar,
    working_days,
)

KNOWN = range(2004, 2027)
"""The years chinesecalendar 1.11.0 knows."""


def days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=index) for index in range((last - first).days + 1))


@pytest.fixture
async def public(pool: asyncpg.Pool[asyncpg.Record]) -> PublicCalendar:
    return await public_calendar(pool)


def month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def test_the_library_knows_these_years_and_no_later_one() -> None:
    assert sorted({day.year for day in holidays}) == list(KNOWN)
    with pytest.raises(NotImplementedError):
        chinese_calendar.is_workday(date(2027, 3, 1))


async def test_2004_to_2026_equals_chinesecalendar_day_by_day(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    calendar = await working_days(pool, uuid4())
    compared = list(days(date(2004, 1, 1), date(2026, 12, 31)))
    assert len(compared) == 8_401
    assert [calendar.is_working(day) for day in compared] == [chinese_calendar.is_workday(day) for day in compared]
    names = [calendar.occasion(day, "en") for day in compared]
    assert names == [chinese_calendar.get_holiday_detail(day)[1] for day in compared]
    assert not any(calendar.is_provisional(year) for year in KNOWN)
    stored = await pool.fetch("select day, is_working from es.calendar_days order by day")
    assert {row["day"]: row["is_working"] for row in stored} == {
        day: chinese_calendar.is_workday(day) for day in compared
    }


def test_2027_works_and_says_provisional(public: PublicCalendar) -> None:
    calendar = WorkingDays(public)
    assert calendar.is_provisional(2027)
    assert calendar.is_provisional(2003)
    assert calendar.is_working(date(2027, 3, 1))
    assert not calendar.is_working(date(2027, 3, 6))
    assert not calendar.is_working(date(2027, 1, 1))  # fixed by law, whatever is announced
    assert not calendar.is_working(date(2027, 10, 1))
    assert calendar.next_working(date(2027, 10, 1)) == date(2027, 10, 4)
    assert calendar.last_working(month("2027-03"), 5) == tuple(date(2027, 3, day) for day in (25, 26, 29, 30, 31))
    assert calendar.mondays(month("2027-03")) == tuple(date(2027, 3, day) for day in (1, 8, 15, 22, 29))


def test_a_year_is_provisional_until_the_tenant_says_it_is_whole(public: PublicCalendar) -> None:
    festival = {day: DeclaredDay(day, False, "春节") for day in days(date(2027, 2, 5), date(2027, 2, 11))}
    made_up = {date(2027, 2, 14): DeclaredDay(date(2027, 2, 14), True, "春节")}
    calendar = WorkingDays(public, {**festival, **made_up}, frozenset({2027}))
    assert not calendar.is_provisional(2027)
    assert calendar.is_provisional(2028)
    assert calendar.mondays(month("2027-02")) == tuple(date(2027, 2, day) for day in (1, 12, 15, 22))
    assert calendar.is_working(date(2027, 2, 14))
    assert calendar.occasion(date(2027, 2, 14)) == "春节"


def test_a_tenant_takes_its_own_day_back(public: PublicCalendar) -> None:
    day = date(2026, 10, 10)  # a Saturday worked on
    assert not WorkingDays(public, {day: DeclaredDay(day, False)}).is_working(day)
    assert WorkingDays(public, {day: DeclaredDay(day, None)}).is_working(day)


def test_the_last_five_working_days_count_make_up_weekends(public: PublicCalendar) -> None:
    calendar = WorkingDays(public)
    # 26 April 2020 was a Sunday worked on; 1 May began on a Friday
    assert calendar.last_working(month("2020-04"), 5) == tuple(days(date(2020, 4, 26), date(2020, 4, 30)))
    assert calendar.last_working(month("2026-11"), 5) == tuple(date(2026, 11, day) for day in (24, 25, 26, 27, 30))
    assert calendar.first_working(month("2026-10")) == date(2026, 10, 8)


def test_a_monday_that_is_a_holiday_moves_to_the_next_working_day(public: PublicCalendar) -> None:
    calendar = WorkingDays(public)
    assert calendar.mondays(month("2026-10")) == tuple(date(2026, 10, day) for day in (8, 12, 19, 26))
    # Spring Festival 2026, 15–23 February: two Mondays meet on the 24th
    assert calendar.mondays(month("2026-02")) == tuple(date(2026, 2, day) for day in (2, 9, 24))
    # 31 January 2022 was New Year's Eve: its review is February's
    assert calendar.mondays(month("2022-01"))[-1] == date(2022, 1, 24)
    assert calendar.mondays(month("2022-02"))[0] == date(2022, 2, 7)


def test_every_review_day_is_in_one_month_and_is_worked_on(public: PublicCalendar) -> None:
    for rule in (CALENDAR_MONTHS, SalesMonthRule(date(2004, 1, 1), 25)):
        calendar = WorkingDays(public, sales_months=(CALENDAR_MONTHS, rule))
        found = [day for year in KNOWN for n in range(1, 13) for day in calendar.mondays(date(year, n, 1))]
        first = calendar.month_bounds(date(2004, 1, 1))[0]
        moved = {calendar.next_working(day) for day in days(first, date(2026, 12, 31)) if day.weekday() == 0}
        last = calendar.month_bounds(date(2026, 12, 1))[1]
        assert set(found) - {found[0]} == {day for day in moved if day <= last} - {found[0]}
        assert len(found) == len(set(found))
        assert all(map(calendar.is_working, found))


@pytest.mark.parametrize(
    ("rule", "of", "bounds"),
    [
        (SalesMonthRule(date(2026, 1, 1), None), "2026-03", (date(2026, 3, 1), date(2026, 3, 31))),
        (SalesMonthRule(date(2026, 1, 1), 25), "2026-03", (date(2026, 2, 26), date(2026, 3, 25))),
        (SalesMonthRule(date(2026, 1, 1), 31), "2026-02", (date(2026, 2, 1), date(2026, 2, 28))),
        (SalesMonthRule(date(2026, 1, 1), 3, True), "2026-03", (date(2026, 3, 4), date(2026, 4, 3))),
        # the month it begins with is longer, or shorter, so that nothing lies between
        (SalesMonthRule(date(2026, 3, 1), 25), "2026-03", (date(2026, 3, 1), date(2026, 3, 25))),
        (
            SalesMonthRule(date(2026, 1, 1), 25, ends=(SalesMonthEnd(date(2026, 3, 1), date(2026, 4, 2)),)),
            "2026-04",
            (date(2026, 4, 3), date(2026, 4, 25)),
        ),
    ],
)
def test_a_sales_month_ends_when_the_manufacturer_says(
    public: PublicCalendar, rule: SalesMonthRule, of: str, bounds: tuple[date, date]
) -> None:
    calendar = WorkingDays(public, sales_months=(CALENDAR_MONTHS, rule))
    assert calendar.month_bounds(month(of)) == bounds
    for day in days(date(2025, 11, 1), date(2026, 12, 31)):
        first, last = calendar.month_bounds(calendar.month_of(day))
        assert first <= day <= last
