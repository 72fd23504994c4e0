"""GET /v1/agenda: what is due for each, what is late and by whom, on any day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from services.accounts.events import Function
from shared.event_store.store import EventStore
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import Client, Clock, Company, open_tenant
from tests.kpi.staffed import Staffed, staffed

WORDS = {"done": "走访两家"}
REPORTING = {"hand_in_daily_report", "hand_in_monthly_report", "hand_in_intelligence", "check_hand_in"}


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


async def items(company: Staffed, who: str, *, mine: bool = True, **params: Any) -> list[tuple[str, str, str, int]]:
    """Kind, who owes it, due day and days late of what reporting puts there."""
    await company.fold()
    found = (await company[who].read("/v1/agenda", **params))["items"]
    return [
        (item["kind"], item["person"], item["due_on"], item["days_late"])
        for item in found
        if item["mine"] is mine and item["kind"] in REPORTING
    ]


async def test_a_day_shows_what_is_due_and_what_is_late_by_whom(company: Staffed, clock: Clock) -> None:
    clock.now = datetime(2026, 3, 4, 2, tzinfo=UTC)  # Wednesday
    for day in ("2026-03-02", "2026-03-03"):
        await company.make("li", "/v1/work-reports/daily", {**WORDS, "day": day, "on": day})
    for who in ("li", "wang", "sh_head"):
        await company.make(who, "/v1/work-reports/monthly", {**WORDS, "month": "2026-02", "on": "2026-02-27"})
    found = await items(company, "li")
    assert ("hand_in_daily_report", "li", "2026-03-04", 0) in found
    assert not any(kind == "hand_in_monthly_report" for kind, *_ in found)
    wang = await items(company, "wang")
    assert [item for item in wang if item[2] >= "2026-03-01"] == [
        ("hand_in_daily_report", "wang", "2026-03-02", 2),
        ("hand_in_daily_report", "wang", "2026-03-03", 1),
        ("hand_in_daily_report", "wang", "2026-03-04", 0),
    ]
    late = await items(company, "sh_head", mine=False)
    assert ("hand_in_daily_report", "wang", "2026-03-02", 2) in late
    assert ("hand_in_monthly_report", "sh_manager", "2026-02-28", 4) in late
    assert not any(person in ("zhao", "bj_head") for _, person, *_ in late)  # another branch
    assert any(person == "zhao" for _, person, *_ in await items(company, "director", mine=False))
    assert await items(company, "li", mine=False) == []


async def test_a_past_day_is_shown_as_it_was_and_a_holiday_asks_for_nothing(company: Staffed, clock: Clock) -> None:
    clock.now = datetime(2026, 3, 4, 2, tzinfo=UTC)
    made = await company.make("li", "/v1/work-reports/daily", {**WORDS, "day": "2026-03-02", "on": "2026-03-03"})
    today = ("hand_in_daily_report", "li", "2026-03-02", 0)
    assert today in await items(company, "li", on="2026-03-02")  # it came the day after
    assert ("hand_in_daily_report", "li", "2026-03-02", 1) not in await items(company, "li", on="2026-03-03")
    before = await items(company, "li", on="2026-03-03", known_at=made["position"] - 1)
    assert ("hand_in_daily_report", "li", "2026-03-02", 1) in before
    assert today not in await items(company, "li", on="2026-03-02", as_of="2026-03-03")
    holiday = await company["li"].read("/v1/agenda", on="2026-10-01")
    assert (holiday["on"], holiday["is_working_day"], holiday["provisional"]) == ("2026-10-01", False, False)
    assert not any(item["due_on"] == "2026-10-01" for item in holiday["items"])
    assert (await company["li"].read("/v1/agenda", on="2027-03-01"))["provisional"]


async def test_month_end_begins_with_its_last_five_working_days(company: Staffed, clock: Clock) -> None:
    clock.now = datetime(2026, 3, 31, 2, tzinfo=UTC)
    before = await items(company, "li", on="2026-03-24")
    assert {kind for kind, _, due, _ in before if due > "2026-03-01"} == {"hand_in_daily_report"}
    found = await items(company, "li", on="2026-03-25")
    assert {("hand_in_monthly_report", "li", "2026-03-31", 0), ("hand_in_intelligence", "li", "2026-03-31", 0)} <= set(
        found
    )
    for who in ("sh_head", "sh_office", "director"):
        assert ("check_hand_in", "2026-03-31") in {(kind, due) for kind, _, due, _ in await items(company, who)}
    chinese = await company["li"].http.get(
        "/v1/agenda", headers={**company["li"]._headers(), "accept-language": "zh-CN"}
    )
    assert "交 2026-03 月报" in {item["title"] for item in chinese.json()["items"]}
    files = await company["sh_head"].get("/v1/agenda", format="xlsx")
    assert files.status_code == 200, files.text


async def test_an_empty_company_has_its_month_end_duties_too(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, clock: Clock
) -> None:
    clock.now = datetime(2026, 3, 31, 2, tzinfo=UTC)
    empty = Company(uuid4(), uuid4())
    person = await open_tenant(store, empty)
    token = mint_token(
        development_key(settings.data), empty.tenant_id, person, (str(Function.HEAD_OFFICE),), empty.root_id
    )
    found = (await Client(http, token, person).read("/v1/agenda"))["items"]
    assert {"check_hand_in", "issue_customer_report"} <= {item["kind"] for item in found}
    assert all(item["mine"] for item in found)
