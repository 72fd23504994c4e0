"""Weeks of a month, shares of a target, and the way back from orders to leads. No I/O."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kpi.lead_plans.events import LeadRate
from services.kpi.lead_plans.weeks import shared_out, weeks
from services.kpi.lead_plans.working_back import rate_of, worked_back
from services.kpi.month import last_day
from shared.event_store.stream import Refused


@pytest.mark.parametrize(
    ("month", "cuts"),
    [
        (date(2026, 3, 1), ["01-08", "09-15", "16-22", "23-31"]),  # Sunday the 1st joins; 30 and 31 join
        (date(2026, 4, 1), ["01-05", "06-12", "13-19", "20-26", "27-30"]),
        (date(2026, 5, 1), ["01-03", "04-10", "11-17", "18-24", "25-31"]),  # three days are a week
        (date(2026, 8, 1), ["01-09", "10-16", "17-23", "24-31"]),
        (date(2027, 2, 1), ["01-07", "08-14", "15-21", "22-28"]),
    ],
)
def test_weeks_are_cut_at_the_month_and_short_pieces_join(month: date, cuts: list[str]) -> None:
    found = weeks(month, last_day(month))
    assert [f"{week.first:%d}-{week.last:%d}" for week in found] == cuts
    assert [week.number for week in found] == list(range(1, len(cuts) + 1))


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(1, 45))
@settings(max_examples=60)
def test_weeks_cover_every_day_once(first: date, days: int) -> None:
    last = first + timedelta(days=days - 1)
    found = weeks(first, last)
    assert (found[0].first, found[-1].last) == (first, last)
    for week, following in pairwise(found):
        assert following.first == week.last + timedelta(days=1)
        assert following.first.weekday() == 0
    assert len(found) == 1 or all((week.last - week.first).days >= 2 for week in found)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 7), min_size=1, max_size=6))
@settings(max_examples=60)
def test_shares_of_a_target_sum_to_it(total: int, days: list[int]) -> None:
    parts = shared_out(total, days)
    assert sum(parts) == total
    if sum(days):
        assert all(abs(part - total * day / sum(days)) < 1 for part, day in zip(parts, days, strict=True))


def rates() -> list[LeadRate]:
    def counted(name: str, above: int, below: int, channel: str | None = None) -> LeadRate:
        return rate_of(name, Decimal(above), Decimal(below), unit_id=None, channel=channel)

    return [
        counted("units_per_order", 30, 20), counted("prospect_conversion", 20, 120),
        counted("record_mix", 30, 40, "web"), counted("lead_to_record", 30, 90, "web"),
        counted("record_mix", 10, 40, "phone"), counted("lead_to_record", 10, 16, "phone"),
    ]  # fmt: skip


def test_the_way_back_rounds_up_at_each_step() -> None:
    required, channels = worked_back(Decimal(40), "split", 60, rates(), {"web": (Decimal(900), "CNY")})
    assert (required.orders, required.prospects, required.stock, required.records) == (27, 162, 60, 102)
    assert [(one.channel, one.records, one.leads) for one in channels] == [("web", 77, 231), ("phone", 25, 40)]
    assert required.leads == 271
    assert (channels[0].budget, channels[1].budget) == (Decimal(900), None)


def test_a_stock_that_is_enough_needs_no_leads() -> None:
    required, channels = worked_back(Decimal(3), "given", 500, rates(), {})
    assert (required.records, required.leads, [one.leads for one in channels]) == (0, 0, [0, 0])


@pytest.mark.parametrize("missing", ["units_per_order", "prospect_conversion", "record_mix", "lead_to_record"])
def test_without_a_rate_there_is_no_way_back(missing: str) -> None:
    with pytest.raises(Refused) as refused:
        worked_back(Decimal(40), "given", 0, [rate for rate in rates() if rate.name != missing], {})
    assert (refused.value.code, refused.value.params["rate"]) == ("no_rate", missing)
