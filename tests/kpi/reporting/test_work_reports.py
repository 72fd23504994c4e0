"""Daily and monthly reports: handed in once, revised until accepted, reviewed by the line; the hand-in list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from services.kpi.reporting.views import WORK_REPORTS
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.accounts.company import Clock
from tests.kpi.staffed import Staffed, staffed

DAILY, MONTHLY, HAND_IN = "/v1/work-reports/daily", "/v1/work-reports/monthly", "/v1/work-reports/hand-in"
WORDS = {"done": "走访两家", "plan": "报价"}


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


def path(receipt: dict[str, Any], verb: str = "") -> str:
    return f"/v1/work-reports/{receipt['id']}" + (f"/{verb}" if verb else "")


async def listed(company: Staffed, who: str, **params: Any) -> list[dict[str, Any]]:
    await company.fold()
    return list((await company[who].read("/v1/work-reports", **params))["items"])


async def owed(company: Staffed, who: str = "sh_head", **params: Any) -> dict[str, dict[str, Any]]:
    await company.fold()
    answer = await company[who].read(HAND_IN, **params)
    return {row["person"]: row for row in answer["rows"]}


async def test_a_report_is_handed_in_once_given_back_revised_and_accepted(company: Staffed) -> None:
    made = await company.make("li", DAILY, WORDS)
    assert await company.refused("li", DAILY, {**WORDS, "day": "2026-03-02"}) == (409, "already_handed_in")
    assert await company.refused("li", DAILY, {**WORDS, "day": "2026-03-03"}) == (422, "period_to_come")
    assert await company.refused("li", MONTHLY, {**WORDS, "month": "2026-04"}) == (422, "period_to_come")
    assert await company.refused("li", DAILY, {**WORDS, "on": "2026-03-03"}) == (422, "in_the_future")
    await company.make("wang", DAILY, WORDS)  # everybody their own
    review = path(made, "review")
    assert await company.refused("li", review, {"result": "accepted"}, version=1) == (403, "forbidden")
    assert await company.refused("bj_head", review, {"result": "accepted"}, version=1) == (404, "not_found")
    back = await company.make("sh_head", review, {"result": "returned", "comment": "写明客户"}, version=1)
    assert await company.refused("sh_head", review, {"result": "accepted"}, version=2) == (409, "report_reviewed")
    assert await company.refused("wang", path(made, "revise"), WORDS, version=2) == (404, "not_found")
    await company.make("li", path(made, "revise"), {"done": "走访甲、乙"}, version=back["version"])
    await company.make("sh_head", review, {"result": "accepted"}, version=3)
    assert await company.refused("li", path(made, "revise"), WORDS, version=4) == (409, "report_accepted")
    shown = await company["li"].read(path(made))
    assert shown["standing"]["status"] == "accepted"
    assert (shown["texts"]["done"], shown["texts"]["review"]) == ("走访甲、乙", "写明客户")
    assert shown["people"][company.person("sh_head")] == "sh_head"
    assert set(shown["allowed_actions"]) == {"correct", "void"}
    assert "走访" not in str(await company["director"].read("/v1/events", types="WorkReportHandedIn"))


async def test_a_report_taken_back_may_be_handed_in_anew(company: Staffed) -> None:
    made = await company.make("li", DAILY, WORDS)
    await company.make("li", path(made, "void"), {"version": 1, "reason": "日期错"}, version=1)
    await company.make("li", DAILY, WORDS)
    assert [row["status"] for row in await listed(company, "li")] == ["handed_in"]


async def test_the_back_office_hands_in_for_others_who_then_own_the_report(company: Staffed) -> None:
    office = company["sh_office"]
    headers = {**office._headers(), "idempotency-key": "1", "on-behalf-of": company.person("li")}
    answer = await office.http.post(DAILY, json=WORDS, headers=headers)
    assert answer.status_code == 201, answer.text
    (row,) = await listed(company, "li")
    assert (row["owner"], row["unit"], row["period"]) == ("li", "SH店", "2026-03-02")
    headers["idempotency-key"], headers["on-behalf-of"] = "2", company.person("zhao")
    assert (await office.http.post(DAILY, json=WORDS, headers=headers)).status_code == 403


async def test_the_list_shows_each_what_they_see_as_of_any_day(company: Staffed, clock: Clock) -> None:
    first = await company.make("li", DAILY, {**WORDS, "day": "2026-02-26", "on": "2026-02-27"})
    await company.make("zhao", MONTHLY, {**WORDS, "month": "2026-02", "on": "2026-02-28"})
    clock.now = datetime(2026, 3, 5, 2, tzinfo=UTC)
    await company.make("sh_head", path(first, "review"), {"result": "accepted"}, version=1)
    assert {row["owner"] for row in await listed(company, "director")} == {"li", "zhao"}
    assert [row["owner"] for row in await listed(company, "sh_manager")] == ["li"]
    assert [row["owner"] for row in await listed(company, "bj_head", kind="monthly")] == ["zhao"]
    assert await listed(company, "wang") == []
    assert [row["status"] for row in await listed(company, "li")] == ["accepted"]
    assert [row["status"] for row in await listed(company, "li", as_of="2026-03-04")] == ["handed_in"]
    assert await listed(company, "li", as_of="2026-02-26") == []  # handed in the day after
    assert await listed(company, "li", known_at=first["position"] - 1) == []
    sh = await listed(company, "director", unit_id=company.unit("SH"), from_="2026-02-26", to="2026-02-26")
    assert [row["reviewed_by_name"] for row in sh] == ["sh_head"]
    other = await company["li"].get("/v1/work-reports", from_="2026-03-02", to="2026-03-01")
    assert (other.status_code, other.json()["code"]) == (422, "empty_range")


async def test_the_hand_in_list_says_who_is_missing_what(company: Staffed, clock: Clock) -> None:
    clock.now = datetime(2026, 2, 27, 9, tzinfo=UTC)  # Friday; 15–23 were holidays, 28 was a Saturday worked on
    for day in ("2026-02-02", "2026-02-03", "2026-02-04"):
        await company.make("li", DAILY, {**WORDS, "day": day, "on": day})
    await company.make("li", DAILY, {**WORDS, "day": "2026-02-05", "on": "2026-02-06"})
    await company.make("li", MONTHLY, {**WORDS, "month": "2026-02"})
    await company.make("li", "/v1/intelligence", {"category": "market", "title": "新厂开工"})
    rows = await owed(company, month="2026-02")
    assert set(rows) == {"li", "wang", "sh_manager", "sh_head"}
    li = rows["li"]
    working = [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 24, 25, 26, 27]  # the 14th made up for
    assert (li["daily_due"], li["daily_handed_in"], li["daily_late"]) == (len(working), 4, 1)
    assert li["days_missing"] == [f"2026-02-{day:02}" for day in working[4:]]
    assert (li["monthly_due_on"], li["monthly_handed_in_on"]) == ("2026-02-28", "2026-02-27")
    assert (li["intelligence_due"], li["intelligence_items"], li["complete"]) == (1, 1, False)
    assert (rows["sh_head"]["daily_due"], rows["sh_head"]["monthly_handed_in_on"]) == (0, None)
    assert set(await owed(company, "li", month="2026-02")) == {"li"}
    assert set(await owed(company, "director", month="2026-02", unit_id=company.unit("BJ"))) == {"bj_head", "zhao"}
    assert (await owed(company, month="2026-02", as_of="2026-02-04"))["li"]["days_missing"] == []
    clock.now = datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert (await owed(company, month="2026-02"))["wang"]["monthly_late"]
    assert not (await owed(company, month="2026-02"))["li"]["monthly_late"]
    assert await owed(company, month="2026-04") == {}


async def test_duties_are_published_from_a_day_on(company: Staffed, clock: Clock) -> None:
    clock.now = datetime(2026, 3, 3, 9, tzinfo=UTC)
    publish = "/v1/work-reports/publish-duties"
    duties = {"effective_from": "2026-03-03", "daily": ["back_office"], "monthly": [], "intelligence": []}
    assert await company.refused("sh_head", publish, duties) == (403, "forbidden")
    assert await company.refused("director", publish, {**duties, "daily": ["cook"]}) == (422, "unknown_function")
    await company.make("director", publish, duties)
    rows = await owed(company, month="2026-03")
    assert rows["li"]["days_missing"] == ["2026-03-02"]  # until the day before
    assert rows["sh_office"]["days_missing"] == ["2026-03-03"]


async def test_two_companies_share_nothing(
    company: Staffed, store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> None:
    other = await staffed(store, http, settings, pool)
    made = await company.make("li", DAILY, WORDS)
    assert (await other["director"].get(path(made))).status_code == 404
    await other.fold(WORK_REPORTS)
    assert await listed(other, "director") == []
