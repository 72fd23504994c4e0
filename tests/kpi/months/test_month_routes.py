"""Closing months over HTTP: by default, by command, taken back with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.kpi.views import VIEWS
from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.settings import Settings
from shared.testing.views import fold_all
from tests.accounts.company import Client
from tests.kpi.months.told import told_at
from tests.kpi.test_funnel_route import Sales, found, won

MAY_8 = datetime(2025, 5, 8, 3, tzinfo=UTC)
JUNE_20 = datetime(2025, 6, 20, 3, tzinfo=UTC)


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


@dataclass
class Books:
    """A company that began in May 2025; now is what a test says."""

    sales: Sales
    app: FastAPI

    @property
    def head_office(self) -> Client:
        return self.sales.company["director"]

    async def head(self) -> int:
        return await head_of(self.sales.store, self.sales.company.tenant_id)

    def now(self, text: str) -> None:
        self.app.state.kit.clock.now = datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)

    async def months(self, **params: Any) -> dict[str, dict[str, Any]]:
        items = (await self.head_office.read("/v1/months", **params))["items"]
        return {item["month"]: item for item in items}

    async def close(self, month: str, who: str = "director", **body: Any) -> httpx.Response:
        return await self.sales.company[who].post(f"/v1/months/{month}/close", body)

    async def reopen(self, month: str, who: str = "director") -> httpx.Response:
        return await self.sales.company[who].post(f"/v1/months/{month}/reopen", {"reason": "漏录"})


async def head_of(store: EventStore, tenant_id: UUID) -> int:
    with as_tenant(tenant_id):
        return (await store.head(tenant_id)).position


@pytest.fixture
async def books(
    app: FastAPI,
    store: EventStore,
    http: httpx.AsyncClient,
    settings: Settings,
    pool: asyncpg.Pool[asyncpg.Record],
) -> Books:
    sales = await found(store, http, settings, pool)
    tenant_id = sales.company.tenant_id
    early = await sales.prospect("wang", "BJ", won("2025-05-06", 2), on="2025-05-02")
    await told_at(pool, tenant_id, 1, MAY_8)
    await sales.prospect("li", "SH", won("2025-05-20", 1), on="2025-05-02")
    await sales.tell(early, 2, ("FactVoided", JUNE_20, {"version": 2, "reason": "重复录入"}))
    head = await head_of(store, tenant_id)
    await told_at(pool, tenant_id, head - 2, JUNE_20)
    await fold_all(pool, VIEWS)
    return Books(sales, app)


async def test_months_close_by_themselves_and_by_command(books: Books) -> None:
    head = await books.head()
    books.now("2025-06-30T18:00")
    months = await books.months()
    assert {name: item["state"] for name, item in months.items()} == {
        "2025-06": "running", "2025-05": "closed", "2025-04": "before_log",
    }  # fmt: skip
    may = months["2025-05"]
    assert (may["position"], may["closed_how"]) == (head - 3, "default")  # of 2 June: the late facts are not in it
    assert months["2025-05"]["allowed_actions"] == ["reopen"]
    refused(await books.close("2025-06"), 422, "month_not_over")
    refused(await books.close("2025-07"), 422, "month_not_over")
    refused(await books.reopen("2025-06"), 409, "month_not_closed")
    refused(await books.close("2025-05"), 409, "month_closed")
    books.now("2025-07-01T09:00")
    assert (await books.months(from_="2025-06"))["2025-06"]["state"] == "due"
    refused(await books.close("2025-06", "li"), 403, "forbidden")
    refused(await books.close("2025-06", "sh_head"), 403, "forbidden")
    refused(await books.close("2025-06", position=head - 4), 422, "position_out_of_order")
    refused(await books.close("2025-06", position=head + 5), 422, "position_out_of_order")
    receipt = await books.close("2025-06", position=head - 1, reason="已核对")
    assert receipt.status_code == 200, receipt.text
    june = (await books.months())["2025-06"]
    assert (june["state"], june["closed_how"], june["position"], june["reason"]) == (
        "closed",
        "command",
        head - 1,
        "已核对",
    )
    assert june["decided_by"] == str(books.head_office.person_id)
    assert (await books.months(known_at=head))["2025-06"]["state"] == "running"  # as the log knew on 20 June
    refused(await books.reopen("2025-05"), 409, "later_month_closed")


async def test_a_close_is_taken_back_with_a_reason_and_the_next_waits(books: Books) -> None:
    head = await books.head()
    books.now("2025-06-30T18:00")
    refused(await books.reopen("2025-05", "sh_head"), 403, "forbidden")
    assert (await books.reopen("2025-05")).status_code == 200
    may = (await books.months())["2025-05"]
    assert (may["state"], may["position"], may["reason"]) == ("reopened", None, "漏录")
    books.now("2025-07-20T18:00")
    assert (await books.months())["2025-06"]["state"] == "waiting"
    refused(await books.close("2025-06"), 409, "earlier_month_open")
    assert (await books.close("2025-05")).status_code == 200
    months = await books.months()
    assert months["2025-05"]["position"] == head + 1  # all but the close itself
    assert (months["2025-06"]["state"], months["2025-06"]["position"]) == ("closed", head + 1)


async def test_months_of_what_was_imported_are_closed_by_command(books: Books) -> None:
    books.now("2025-06-30T18:00")
    refused(await books.close("2025-02", position=10**6), 422, "position_out_of_order")
    refused(await books.close("1989-12"), 422, "month_too_early")
    assert (await books.close("2025-02", position=2)).status_code == 200
    months = await books.months(from_="2024-12", to="2025-03")
    assert [(name, item["state"]) for name, item in months.items()] == [
        ("2025-03", "before_log"), ("2025-02", "closed"), ("2025-01", "before_log"), ("2024-12", "before_log"),
    ]  # fmt: skip
    page = await books.head_office.read("/v1/months", from_="2024-12", to="2025-03", limit=3)
    assert len(page["items"]) == 3
    rest = await books.head_office.read("/v1/months", from_="2024-12", to="2025-03", limit=3, after=page["next"])
    assert [item["month"] for item in rest["items"]] == ["2024-12"]


async def test_the_same_command_is_carried_out_once(books: Books) -> None:
    books.now("2025-06-30T18:00")
    first = await books.head_office.post("/v1/months/2025-05/reopen", {"reason": "漏录"}, key="k1")
    again = await books.head_office.post("/v1/months/2025-05/reopen", {"reason": "漏录"}, key="k1")
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"


async def test_official_figures_stand_beside_what_is_known_now(books: Books) -> None:
    books.now("2025-06-30T18:00")
    asked = {"kpi": "orders", "from_": "2025-05-01", "to": "2025-06-30", "basis": "official"}
    names = ("official", "restated", "difference")
    rows = (await books.head_office.read("/v1/kpi/values", **asked))["rows"]
    assert {row["period"]: tuple(row[name] for name in names) for row in rows} == {
        "2025-05": ("2", "1", "-1"), "2025-06": (None, None, None),
    }  # fmt: skip
    in_may = asked | {"group_by": "person", "to": "2025-05-31"}
    people = (await books.head_office.read("/v1/kpi/values", **in_may))["rows"]
    assert {row["person_label"]: tuple(row[name] for name in ("value", *names)) for row in people} == {
        "li": ("1", "0", "1", "1"), "wang": ("0", "2", "0", "-2"),
    }  # fmt: skip
    books.now("2025-07-02T18:00")
    rows = (await books.head_office.read("/v1/kpi/values", **asked))["rows"]
    assert [tuple(row[name] for name in names) for row in rows] == [("2", "1", "-1"), ("0", "0", "0")]


async def test_what_a_closed_month_became_is_a_report(books: Books) -> None:
    books.now("2025-06-30T18:00")
    report = await books.head_office.read("/v1/months/2025-05/restatement")
    assert report["closed_how"] == "default"
    changed = {row["kpi"]: (row["official"], row["restated"], row["difference"]) for row in report["rows"]}
    assert changed["orders"] == ("2", "1", "-1")
    assert changed["new_records"] == ("1", "2", "1")
    assert "deliveries" not in changed
    people = (await books.head_office.read("/v1/months/2025-05/restatement", group_by="person"))["rows"]
    assert {row["person_label"] for row in people if row["kpi"] == "orders"} == {"li", "wang"}
    assert (await books.head_office.get("/v1/months/2025-06/restatement")).status_code == 404
    entries = (await books.head_office.read("/v1/months/2025-05/late-entries"))["items"]
    assert [(entry["fact"], entry["on"], entry["about"]) for entry in entries] == [
        ("ProspectCaptured", "2025-05-02", None), ("DealWon", "2025-05-20", None),
        ("FactVoided", "2025-05-06", "DealWon"),
    ]  # fmt: skip
    assert entries[2]["reason"] == "重复录入"
    page = await books.head_office.read("/v1/months/2025-05/late-entries", limit=2)
    rest = await books.head_office.read("/v1/months/2025-05/late-entries", limit=2, after=page["next"])
    assert [*page["items"], *rest["items"]] == entries
    refused(await books.sales.company["li"].get("/v1/months/2025-05/late-entries"), 403, "forbidden")
    assert (await books.head_office.get("/v1/months/2025-06/late-entries")).status_code == 404
