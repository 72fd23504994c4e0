"""When months close: by default on the first working day after, by command, taken back. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.kpi.calendar.working_days import PublicCalendar, Special
from services.kpi.months.closing import Basis, Calendars, Clock, Close, Said, Standing, basis, months_between, standings
from shared.days import end_of, start_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
HEAD = UUID(int=7)
MAY = date(2025, 5, 1)
HOLIDAYS = {date(2025, 10, day): Special(False) for day in range(1, 9)}
PUBLIC = PublicCalendar(frozenset({2025, 2026}), HOLIDAYS)
BEGAN = datetime(2025, 3, 10, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def position_at(instant: datetime) -> int:
    """A log with one fact an hour since it began."""
    return max(0, int((instant - BEGAN) / timedelta(hours=1)))


def told(position: int | None, when: str) -> Said:
    return Said(position, at(when), HEAD, None)


def stand(
    now: str,
    said: dict[str, Said] | None = None,
    facts: Sequence[tuple[datetime, str, dict[str, object]]] = (),
    first: str = "2025-01",
) -> dict[str, Standing]:
    calendars = Calendars(PUBLIC, facts, SHANGHAI)
    months = tuple(months_between(month(first), at(now).date()))
    instants = [end_of(calendars.closing_day(one), SHANGHAI) for one in months]
    given = {month(text): one for text, one in (said or {}).items()}
    clock = Clock(at(now), BEGAN, SHANGHAI)
    found = standings(months, given, calendars, clock, {instant: position_at(instant) for instant in instants})
    return {f"{one.month:%Y-%m}": one for one in found}


def test_a_month_closes_at_the_end_of_the_first_working_day_after_it() -> None:
    stood = stand("2025-10-10T09:00")
    assert stood["2025-05"].closes_on == date(2025, 6, 2)  # the 1st is a Sunday
    assert stood["2025-09"].closes_on == date(2025, 10, 9)  # after the national holiday
    close = stood["2025-09"].close
    assert close == Close(
        month("2025-09"), position_at(start_of(date(2025, 10, 10), SHANGHAI)) - 1, stood["2025-09"].closes_at, "default"
    )
    assert stood["2025-10"].state == "running"


def test_until_then_it_is_due_and_may_be_closed_by_command() -> None:
    assert stand("2025-06-02T20:00")["2025-05"].state == "due"
    closed = stand("2025-06-02T20:00", {"2025-05": told(1500, "2025-06-01T10:00")})["2025-05"]
    assert (closed.state, closed.close) == (
        "closed", Close(month("2025-05"), 1500, at("2025-06-01T10:00"), "command"),
    )  # fmt: skip


def test_before_the_log_began_no_month_closes_by_itself() -> None:
    stood = stand("2025-06-10T09:00", {"2025-01": told(12, "2025-05-01T10:00")})
    assert (stood["2025-01"].state, stood["2025-02"].state, stood["2025-03"].state) == (
        "closed",
        "before_log",
        "closed",
    )


def test_a_close_taken_back_holds_up_the_months_after_it() -> None:
    back = {"2025-05": told(None, "2025-06-20T10:00")}
    stood = stand("2025-07-20T09:00", back)
    assert (stood["2025-05"].state, stood["2025-06"].state, stood["2025-07"].state) == (
        "reopened",
        "waiting",
        "running",
    )
    again = stand("2025-07-20T09:00", {"2025-05": told(3100, "2025-07-19T10:00")})
    assert again["2025-06"].close == Close(month("2025-06"), 3100, at("2025-07-19T10:00"), "default")  # not before May


def test_a_day_declared_later_moves_no_close() -> None:
    holiday: dict[str, object] = {"days": [{"day": "2025-06-02", "is_working": False}]}
    early = [(at("2025-05-20T10:00"), "WorkingDaysDeclared", holiday)]
    late = [(at("2025-06-20T10:00"), "WorkingDaysDeclared", holiday)]
    assert stand("2025-07-10T09:00", facts=early)["2025-05"].closes_on == date(2025, 6, 3)
    assert stand("2025-07-10T09:00", facts=late)["2025-05"].closes_on == date(2025, 6, 2)


def test_a_sales_month_closes_after_its_own_end() -> None:
    rule: dict[str, object] = {"effective_from": "2025-05-01", "last_day": 5, "in_following_month": True}
    stood = stand("2025-06-07T09:00", facts=[(at("2025-04-01T10:00"), "SalesMonthPublished", rule)])
    assert (stood["2025-05"].last_day, stood["2025-05"].closes_on) == (date(2025, 6, 5), date(2025, 6, 6))
    longer = stand("2025-06-04T09:00", facts=[(at("2025-06-03T10:00"), "SalesMonthPublished", rule)])
    assert (longer["2025-05"].state, longer["2025-05"].closes_on) == ("running", date(2025, 6, 6))


def test_opening_stock_is_as_known_at_the_close_before() -> None:
    closes = {
        month(text): Close(month(text), position, BEGAN, "command")
        for text, position in (("2025-05", 40), ("2025-06", 70))
    }
    assert basis(closes, month("2025-05"), month("2025-06")) == Basis(70, 40)
    assert basis(closes, month("2025-06"), month("2025-06")) == Basis(70, 70)  # a day within June
    assert basis(closes, month("2025-04"), month("2025-05")) == Basis(40, 40)  # April never closed
    assert basis(closes, month("2025-06"), month("2025-07")) == Basis(None, None)
    later = {month("2025-04"): closes[month("2025-05")], month("2025-06"): closes[month("2025-06")]}
    assert basis(later, month("2025-05"), month("2025-06")) == Basis(70, None)  # May was taken back


@given(
    st.dictionaries(
        st.integers(1, 9).map(lambda number: f"2025-{number:02}"),
        st.one_of(st.none(), st.integers(1, 4000)),
        max_size=4,
    )
)
def test_closing_stock_and_next_opening_stock_are_known_at_one_position(said: dict[str, int | None]) -> None:
    stood = stand("2025-11-20T09:00", {text: told(position, "2025-11-01T10:00") for text, position in said.items()})
    closes = {one.month: one.close for one in stood.values() if one.close is not None}
    for one in closes.values():
        following = basis(closes, one.month, (one.month + timedelta(days=40)).replace(day=1))
        if following.flows is not None:
            assert following.opening == one.position
