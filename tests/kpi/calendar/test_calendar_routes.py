"""GET /v1/calendar, and what a company declares and publishes; each company its own."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest

from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.kpi.staffed import Staffed, staffed

DECLARE, PUBLISH = "/v1/calendar/declare-days", "/v1/calendar/publish-sales-month"


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


async def asked(company: Staffed, who: str = "li", **params: Any) -> dict[str, Any]:
    return await company[who].read("/v1/calendar", **params)


def row(calendar: dict[str, Any], day: str) -> dict[str, Any]:
    return next(row for row in calendar["rows"] if row["day"] == day)


async def test_a_year_is_read_with_its_holidays_and_both_rhythms(company: Staffed) -> None:
    calendar = await asked(company, year=2026)
    assert len(calendar["rows"]) == 365
    assert calendar["provisional_years"] == []
    assert row(calendar, "2026-10-01") == {
        "day": "2026-10-01", "weekday": 4, "is_working": False, "occasion": "National Day", "provisional": False,
        "declared": False, "sales_month": "2026-10", "review_day": False, "month_end": False,
    }  # fmt: skip
    assert row(calendar, "2026-10-08")["review_day"]  # Monday the 5th was a holiday
    october = calendar["months"][9]
    assert october["month_end_days"] == ["2026-10-26", "2026-10-27", "2026-10-28", "2026-10-29", "2026-10-30"]
    assert october["first_working_day_after"] == "2026-11-02"
    assert calendar == await asked(company)  # this year, if nothing is said
    november = await asked(company, month="2026-11")
    assert [november["from_day"], november["to_day"]] == ["2026-11-01", "2026-11-30"]


async def test_2027_is_usable_and_says_provisional_until_it_is_declared(company: Staffed) -> None:
    before = await asked(company, year=2027)
    assert before["provisional_years"] == [2027]
    assert all(row["provisional"] for row in before["rows"])
    assert row(before, "2027-02-05")["is_working"]
    assert not row(before, "2027-10-01")["is_working"]
    said = {"days": [{"day": "2027-02-05", "is_working": False, "occasion": "春节"}], "whole_years": [2027]}
    receipt = await company.make("director", DECLARE, said)
    after = await asked(company, year=2027)
    assert after["provisional_years"] == []
    assert row(after, "2027-02-05") | {"is_working": False, "declared": True, "occasion": "春节"} == row(
        after, "2027-02-05"
    )
    known = await asked(company, year=2027, known_at=receipt["position"] - 1)
    assert known == before  # as it was known then
    again = await company.make("director", DECLARE, said)
    assert again["version"] == receipt["version"]  # nothing new is recorded
    more = await company.make("director", DECLARE, {"days": [{"day": "2027-02-05", "is_working": None}]})
    assert more["version"] == 2
    assert row(await asked(company, year=2027), "2027-02-05")["is_working"]


async def test_a_sales_month_moves_the_rhythm_of_its_company_alone(
    company: Staffed, store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> None:
    other = await staffed(store, http, settings, pool)
    first = await company.make("director", PUBLISH, {"effective_from": "2026-03", "last_day": 25})
    march = await asked(company, month="2026-03")
    assert (march["from_day"], march["to_day"]) == ("2026-03-01", "2026-03-25")
    april = await asked(company, month="2026-04")
    assert (april["from_day"], april["to_day"]) == ("2026-03-26", "2026-04-25")
    # the 1st was a holiday of Qingming's make-up; the last 5 working days are those before the 25th
    assert april["months"][0]["month_end_days"][-1] == "2026-04-24"
    assert row(march, "2026-03-25")["month_end"]
    assert (await asked(other, month="2026-04"))["from_day"] == "2026-04-01"
    repeated = await company.make("director", PUBLISH, {"effective_from": "2026-03", "last_day": 25})
    assert repeated["version"] == first["version"]
    ends = [{"month": "2026-12", "last_day": "2026-12-31"}]
    await company.make("director", PUBLISH, {"effective_from": "2026-06", "last_day": 25, "ends": ends})
    assert (await asked(company, month="2026-12"))["to_day"] == "2026-12-31"
    assert (await asked(company, month="2027-01"))["from_day"] == "2027-01-01"


IMPOSSIBLE: list[tuple[str, dict[str, Any], str]] = [
    (DECLARE, {}, "nothing_declared"),
    (DECLARE, {"days": [{"day": "2027-02-05", "is_working": True}] * 2}, "day_given_twice"),
    (PUBLISH, {"effective_from": "2030-01", "in_following_month": True}, "last_day_missing"),
    (
        PUBLISH,
        {"effective_from": "2030-01", "ends": [{"month": "2030-02", "last_day": "2030-03-02"}] * 2},
        "month_given_twice",
    ),
    (
        PUBLISH,
        {"effective_from": "2030-01", "ends": [{"month": "2030-02", "last_day": "2030-03-28"}]},
        "months_collide",
    ),
    (PUBLISH, {"effective_from": "2030-01", "last_day": 3}, "months_collide"),
]


async def test_what_cannot_be_is_refused(company: Staffed) -> None:
    for path, body, code in IMPOSSIBLE:
        assert await company.refused("director", path, body) == (422, code)


async def test_who_publishes_and_how_much_is_asked_at_once(company: Staffed) -> None:
    for who in ("li", "sh_manager", "hr"):
        assert await company.refused(who, PUBLISH, {"effective_from": "2030-01", "last_day": 25}) == (403, "forbidden")
    for params, code in (
        ({"year": 2026, "month": "2026-03"}, "one_range"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "empty_range"),
        ({"from": "2020-01-01", "to": "2026-03-01"}, "range_too_long"),
    ):
        answer = await company["li"].get("/v1/calendar", **params)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    late = await asked(company, to="2026-03-01")
    assert [row["day"] for row in late["rows"]] == ["2026-03-01"]


async def test_a_closed_month_keeps_its_bounds_until_its_close_is_taken_back(company: Staffed) -> None:
    await company.make("director", "/v1/months/2026-02/close", {})
    earlier = {"effective_from": "2026-01", "last_day": 25}
    assert await company.refused("director", PUBLISH, earlier) == (409, "month_closed")
    await company.make("director", PUBLISH, {"effective_from": "2026-03", "last_day": 25})
    calendar = await asked(company, from_="2026-02-27", to="2026-03-26")
    assert [row(calendar, f"2026-{day}")["sales_month"] for day in ("02-28", "03-01", "03-26")] == [
        "2026-02", "2026-03", "2026-04",
    ]  # fmt: skip
    await company.make("director", "/v1/months/2026-02/reopen", {"reason": "销售月"})
    await company.make("director", PUBLISH, earlier)
