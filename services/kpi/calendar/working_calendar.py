"""The streams of a tenant's calendar: days it declared, sales months it published. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from services.kpi.calendar.commands import DeclareWorkingDays, PublishSalesMonth
from services.kpi.calendar.events import DeclaredDay, SalesMonthEnd, SalesMonthPublished, WorkingDaysDeclared
from services.kpi.calendar.working_days import (
    CALENDAR_MONTHS,
    DECLARED_STREAM,
    SALES_MONTH_STREAM,
    PublicCalendar,
    SalesMonthRule,
    WorkingDays,
    declared_id,
)
from services.kpi.month import first_day, later, said
from shared.event_store.stream import Refused, Stream
from shared.records.published import Published

MONTHS_CHECKED = 14
"""Months after a rule begins, or after a month that ends otherwise, in which it could collide: a year and its seams."""
LEAST_DAYS = 10
"""Ours: a sales month shorter than this is a slip of the pen."""


class WorkingCalendar(Stream):
    """The days a tenant declared; one stream per tenant."""

    stream_type: ClassVar[str] = DECLARED_STREAM
    standing_types: ClassVar[Mapping[str, Any]] = {
        "days": tuple[DeclaredDay, ...],
        "whole_years": tuple[int, ...],
    }
    additive: ClassVar[frozenset[str]] = frozenset({"days", "whole_years"})

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        if isinstance(fact, WorkingDaysDeclared):
            self.set(fact, days=fact.days, whole_years=fact.whole_years)
        else:
            self.unknown(fact)

    @classmethod
    def declared(
        cls, stream: WorkingCalendar | None, command: DeclareWorkingDays, *, tenant_id: UUID, at: datetime
    ) -> WorkingCalendar:
        """The stream with what is new in this. Raises Refused 422 `day_given_twice`, `nothing_declared`."""
        seen = set()
        for index, given in enumerate(command.days):
            if given.day in seen:
                raise Refused(
                    "day_given_twice", f"{given.day} is given twice", status=422, pointer=f"/days/{index}/day"
                )
            seen.add(given.day)
        standing: Mapping[str, Any] = {} if stream is None else stream.standing
        known = {day.day: day for day in standing.get("days", ())}
        years = set(standing.get("whole_years", ()))
        days = tuple(DeclaredDay(one.day, one.is_working, one.occasion) for one in command.days)
        days = tuple(day for day in days if known.get(day.day) != day)
        whole = tuple(sorted(set(command.whole_years) - years))
        if stream is None:
            if not days and not whole:
                raise Refused("nothing_declared", "name days or years", status=422, pointer="/days")
            return cls.begin(WorkingDaysDeclared, id=declared_id(tenant_id), at=at, days=days, whole_years=whole)
        if days or whole:
            stream.record(WorkingDaysDeclared, at=at, days=days, whole_years=whole)
        return stream


class SalesMonths(Published[SalesMonthRule]):
    """The sales months a tenant published; one stream per tenant."""

    stream_type: ClassVar[str] = SALES_MONTH_STREAM
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[SalesMonthRule, ...]}
    rules = SalesMonthRule
    fact = SalesMonthPublished
    shipped = CALENDAR_MONTHS


def publishing(command: PublishSalesMonth, stream: SalesMonths | None, closed: Collection[date] = ()) -> SalesMonthRule:
    """The rule of the command. Raises Refused 422 where a month would be empty, or next to it.

    `last_day_missing`, `month_given_twice`, `months_collide`; 409 `month_closed` where a closed month would be another.
    """
    if command.in_following_month and command.last_day is None:
        raise Refused("last_day_missing", "say which day", status=422, pointer="/last_day")
    ends = tuple(SalesMonthEnd(first_day(given.month), given.last_day) for given in command.ends)
    if len({end.month for end in ends}) < len(ends):
        raise Refused("month_given_twice", "a month ends once", status=422, pointer="/ends")
    begins_on = first_day(command.effective_from)
    rule = SalesMonthRule(begins_on, command.last_day, command.in_following_month, ends)
    known = SalesMonths.known(stream)
    before, trial = (
        WorkingDays(PublicCalendar(frozenset(), {}), sales_months=rules) for rules in (known, (*known, rule))
    )
    for month in sorted(closed):
        if before.month_bounds(month) != trial.month_bounds(month):
            raise Refused("month_closed", "its figures are official", pointer="/effective_from", month=said(month))
    begins = {begins_on, *(end.month for end in ends)}
    for month in sorted({later(first, after) for first in begins for after in range(-1, MONTHS_CHECKED)}):
        first, last = trial.month_bounds(month)
        if last - first < timedelta(days=LEAST_DAYS - 1):
            raise Refused(
                "months_collide",
                f"{said(month)} would run from {first} to {last}",
                status=422,
                pointer="/last_day",
                month=said(month),
                first=first.isoformat(),
                last=last.isoformat(),
            )
    return rule
