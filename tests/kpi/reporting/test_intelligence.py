"""Intelligence: urgent at once to region and director; discussed; issued as the monthly customer-information report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest

from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.accounts.company import Clock
from tests.kpi.reporting.region import with_region
from tests.kpi.staffed import Staffed, staffed

PATH, REPORTS = "/v1/intelligence", "/v1/intelligence/reports"
URGENT = {
    "category": "competitor",
    "urgency": "urgent",
    "title": "竞品降价",
    "text": "张总说下周降价",
    "competitor": "竞品甲",
}


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await with_region(await staffed(store, http, settings, pool), http, settings)


def path(receipt: dict[str, Any], verb: str = "") -> str:
    return f"{PATH}/{receipt['id']}" + (f"/{verb}" if verb else "")


async def listed(company: Staffed, who: str, **params: Any) -> list[dict[str, Any]]:
    await company.fold()
    return list((await company[who].read(PATH, **params))["items"])


async def duties(company: Staffed, who: str, kind: str, **params: Any) -> list[dict[str, Any]]:
    await company.fold()
    return [item for item in (await company[who].read("/v1/agenda", **params))["items"] if item["kind"] == kind]


async def test_an_urgent_item_stands_at_once_with_region_and_director(company: Staffed) -> None:
    made = await company.make("qian", PATH, URGENT)
    kind = "acknowledge_intelligence"
    for who in ("east", "director"):
        (row,) = await listed(company, who, urgency="urgent", acknowledged="false")
        assert (row["title"], row["owner"], row["unit"]) == ("竞品降价", "qian", "NJ区")
        (item,) = await duties(company, who, kind)
        assert (item["title"], item["path"], item["mine"]) == ("Urgent: 竞品降价", path(made), True)
    for who in ("bj_head", "li"):  # another branch
        assert await listed(company, who) == []
        assert (await company[who].get(path(made))).status_code == 404
    assert await company.refused("qian", path(made, "acknowledge"), {}, version=1) == (403, "forbidden")
    await company.make("east", path(made, "acknowledge"), {}, version=1)
    again = await company.make("east", path(made, "acknowledge"), {}, version=2)
    assert again["version"] == 2  # once a person
    assert await duties(company, "east", kind) == []
    assert len(await duties(company, "director", kind)) == 1  # each takes notice
    shown = await company["east"].read(path(made))
    assert shown["texts"]["text"] == "张总说下周降价"
    assert shown["standing"]["acknowledged"] == [{"by": company.person("east"), "on": "2026-03-02"}]
    assert [row["acknowledged"] for row in await listed(company, "director")] == [1]


async def test_an_ordinary_item_needs_no_notice_but_may_become_urgent(company: Staffed) -> None:
    made = await company.make("qian", PATH, {"category": "market", "title": "新厂开工"})
    assert await company.refused("east", path(made, "acknowledge"), {}, version=1) == (409, "not_urgent")
    assert await duties(company, "east", "acknowledge_intelligence") == []
    changed = {"version": 1, "changes": {"urgency": "urgent"}, "reason": "情况紧急"}
    await company.make("qian", path(made, "correct"), changed, version=1)
    assert len(await duties(company, "east", "acknowledge_intelligence")) == 1
    answer = await company.refused(
        "qian", path(made, "correct"), {"version": 1, "changes": {"owner_id": company.person("li")}, "reason": "x"},
        version=2,
    )  # fmt: skip
    assert answer == (422, "not_correctable")
    unknown = {"category": "customer", "title": "换人", "account_id": company.person("li")}
    assert await company.refused("qian", PATH, unknown) == (422, "unknown_account")
    await company.make("qian", path(made, "void"), {"version": 1, "reason": "误报"}, version=2)
    assert await listed(company, "qian") == []


async def test_what_was_discussed_is_issued_and_everybody_reads_it(company: Staffed, clock: Clock) -> None:
    clock.now = datetime(2026, 2, 26, 2, tzinfo=UTC)
    first = await company.make("qian", PATH, {**URGENT, "on": "2026-02-03"})
    second = await company.make("li", PATH, {"category": "customer", "title": "客户扩产", "on": "2026-02-05"})
    dropped = await company.make("li", PATH, {"category": "other", "title": "传言", "on": "2026-02-06"})
    await company.fold()
    assert await company.refused("director", REPORTS, {"month": "2026-02"}) == (422, "nothing_to_issue")
    discuss = {"outcome": "issue", "conclusion": "各分公司注意"}
    assert await company.refused("qian", path(first, "discuss"), discuss, version=1) == (403, "forbidden")
    assert await company.refused("bj_head", path(first, "discuss"), discuss, version=1) == (404, "not_found")
    await company.make("east", path(first, "discuss"), discuss, version=1)
    await company.make("sh_head", path(second, "discuss"), {"outcome": "issue"}, version=1)
    await company.make("sh_head", path(dropped, "discuss"), {"outcome": "drop"}, version=1)
    await company.fold()
    assert await company.refused("sh_head", REPORTS, {"month": "2026-02"}) == (403, "forbidden")
    nobody = {"month": "2026-02", "item_ids": [company.person("li")]}
    assert await company.refused("director", REPORTS, nobody) == (422, "unknown_item")
    assert [item["due_on"] for item in await duties(company, "director", "issue_customer_report")] == [
        "2026-02-06",  # January's, late: the fifth working day of February
        "2026-03-06",
    ]
    await company.make("director", REPORTS, {"month": "2026-02", "summary": "竞品活动频繁"})
    clock.now = datetime(2026, 2, 27, 2, tzinfo=UTC)
    again = await company.make("director", REPORTS, {"month": "2026-02", "item_ids": [second["id"]]})
    assert again["version"] == 2
    early = {"month": "2026-02", "on": "2026-02-26"}
    assert await company.refused("director", REPORTS, early) == (409, "issued_later")
    assert [item["due_on"] for item in await duties(company, "director", "issue_customer_report")] == ["2026-02-06"]
    report = await company["zhao"].read(f"{REPORTS}/2026-02", as_of="2026-02-26")  # of another branch
    assert [(row["category"], row["title"], row["unit"]) for row in report["rows"]] == [
        ("competitor", "竞品降价", "NJ区"),
        ("customer", "客户扩产", "SH店"),
    ]
    assert (report["number"], report["summary"], report["issued_by_name"]) == (1, "竞品活动频繁", "director")
    assert [row["title"] for row in (await company["zhao"].read(f"{REPORTS}/2026-02"))["rows"]] == ["客户扩产"]
    (row,) = (await company["zhao"].read(REPORTS))["rows"]
    assert (row["month"], row["number"], row["items"]) == ("2026-02", 2, 1)
    none = await company["zhao"].read(f"{REPORTS}/2026-01")
    assert (none["number"], none["rows"], none["issued_on"]) == (0, [], None)
    assert len(await listed(company, "director", month="2026-02", outcome="issue")) == 2
    assert await listed(company, "director", month="2026-01") == []
    assert {row["status"] for row in await listed(company, "director", as_of="2026-02-25")} == {"open"}
