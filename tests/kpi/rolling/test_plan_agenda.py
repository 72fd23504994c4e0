"""What plans put on the agenda: the year from October on, next month in the last five working days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.accounts.company import Clock
from tests.kpi.plans.planned import PLANS, fold, row
from tests.kpi.rolling.test_rolling_plan import PATH, version
from tests.kpi.staffed import Staffed, staffed

OURS = {
    "propose_annual_plan", "review_annual_plan", "approve_annual_plan", "rework_annual_plan", "issue_annual_plan",
    "publish_rolling_plan", "approve_firm_change",
}  # fmt: skip


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


async def agenda(company: Staffed, who: str, on: str) -> set[tuple[Any, ...]]:
    items = (await company[who].read("/v1/agenda", on=on))["items"]
    found = (one for one in items if one["kind"] in OURS)
    return {(one["kind"], one["due_on"], one["days_late"], one["mine"], one["unit"]) for one in found}


async def test_the_last_five_working_days_ask_for_next_months_plan(company: Staffed) -> None:
    owed = ("publish_rolling_plan", "2026-03-31", 0, True)
    assert await agenda(company, "director", "2026-03-24") == set()
    assert await agenda(company, "director", "2026-03-25") == {(*owed, "总部")}
    assert await agenda(company, "sh_head", "2026-03-31") == {(*owed, "SH店")}
    assert await agenda(company, "li", "2026-03-31") == set()
    id = (await company.make("sh_head", PATH, version("2026-03", 5)))["id"]
    changed = {**version("2026-03", 4), "reason": "缺货"}
    await company.make("sh_head", f"{PATH}/{id}/publish", changed, version=2)
    await fold(company)
    waits = ("approve_firm_change", "2026-03-03", 1, True, "SH店")
    assert await agenda(company, "director", "2026-03-04") == {waits}
    assert await agenda(company, "sh_head", "2026-03-04") == set()
    assert ("publish_rolling_plan", "2026-03-31", 2, False, "SH店") in await agenda(company, "director", "2026-04-02")
    assert await agenda(company, "sh_head", "2026-04-02") == {("publish_rolling_plan", "2026-03-31", 2, True, "SH店")}
    await company.make("director", f"{PATH}/{id}/approve", {}, version=3)
    await company.make("sh_head", f"{PATH}/{id}/publish", version("2026-04", 6), version=4)
    await fold(company)
    assert await agenda(company, "sh_head", "2026-03-31") == set()


async def test_a_year_is_planned_step_by_step_from_october_on(company: Staffed, clock: Clock) -> None:
    clock.now = datetime(2026, 10, 12, 1, tzinfo=UTC)
    owed = ("propose_annual_plan", "2026-11-30", 0, True, "总部")
    assert await agenda(company, "director", "2026-09-10") == set()
    assert await agenda(company, "director", "2026-10-12") == {owed}
    assert await agenda(company, "sh_head", "2026-10-12") == set()
    id = (await company.make("sh_head", PLANS, {"year": 2027, "rows": [row("2027-01", 3)]}))["id"]
    path = f"{PLANS}/{id}"
    await company.make("sh_head", f"{path}/submit", {}, version=1)
    await fold(company)
    assert await agenda(company, "sh_manager", "2026-10-13") == {("review_annual_plan", "2026-10-19", 0, True, "SH店")}
    assert await agenda(company, "sh_head", "2026-10-13") == set()
    await company.make("director", f"{path}/return", {"comment": "偏低"}, version=2)
    await fold(company)
    rework = ("rework_annual_plan", "2026-10-19", 1)
    assert await agenda(company, "sh_head", "2026-10-20") == {(*rework, True, "SH店")}
    assert await agenda(company, "director", "2026-10-20") == {owed, (*rework, False, "SH店")}
    await company.make("sh_head", f"{path}/submit", {}, version=3)
    await company.make("director", f"{path}/review", {}, version=4)
    await fold(company)
    assert ("approve_annual_plan", "2026-10-19", 0, True, "SH店") in await agenda(company, "director", "2026-10-13")
    await company.make("director", f"{path}/approve", {}, version=5)
    await fold(company)
    assert ("issue_annual_plan", "2026-12-31", 0, True, "SH店") in await agenda(company, "director", "2026-10-13")
    await company.make("director", f"{path}/issue", {}, version=6)
    await fold(company)
    assert await agenda(company, "director", "2026-10-13") == {owed}
