"""Reports and lists over HTTP: complete rows, other people's records, other days, and what the log knew then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from services.opportunities.reports import shapes
from services.opportunities.views import VIEWS
from shared.event_store.store import EventStore
from shared.http import reading
from shared.http.quotas import Quotas
from shared.http.reading import Listed
from shared.identity.current_tenant import as_tenant
from shared.projections.follow import catch_up
from shared.projections.tables import prepare
from tests.opportunities.routes.world import Client, World

SHAPES: dict[str, type[BaseModel]] = {
    "/v1/pipeline": shapes.Pipeline,
    "/v1/pipeline?level=computed&weight=history&group_by=owner,product": shapes.Pipeline,
    "/v1/pipeline/diff?policy_b=h30-a90-b180": shapes.PipelineDiff,
    "/v1/hot-customers": shapes.HotCustomers,
    "/v1/hot-customers?policy=h30-a90-b180": shapes.HotCustomers,
    "/v1/defeats": shapes.Report[shapes.DefeatRow],
    "/v1/defeats/analysis?group_by=reason,month": shapes.DefeatAnalysis,
    "/v1/outcomes?group_by=office": shapes.Report[shapes.OutcomeRow],
    "/v1/opportunities": Listed[shapes.OpportunityRow],
    "/v1/visits": Listed[shapes.VisitRow],
}
Fold = Callable[[], Awaitable[None]]


@pytest.fixture
async def fold(pool: asyncpg.Pool) -> Fold:
    await prepare(pool, VIEWS)

    async def catch_up_now() -> None:
        await catch_up(pool, VIEWS)

    return catch_up_now


async def ask(client: Client, address: str) -> httpx.Response:
    """A read by its whole address."""
    url = httpx.URL(address)
    return await client.get(url.path, **dict(url.params))


class Deal:
    """One opportunity and its version."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.version = 1

    async def tell(self, client: Client, verb: str, body: dict[str, Any]) -> None:
        answer = await client.tell(f"/v1/opportunities/{self.id}/{verb}", body, version=self.version)
        self.version = answer["version"]


async def captured(client: Client, prospect: dict[str, Any], **more: Any) -> Deal:
    return Deal((await client.tell("/v1/opportunities", prospect | more))["id"])


async def lost(client: Client, head: Client, prospect: dict[str, Any]) -> Deal:
    deal = await captured(client, prospect, title="丢单", lines=[{"product": "Q5", "units": 2, "unit_price": "250000"}])
    request = {"kind": "confirmed", "reason": "other_brand.price", "competitor_brand": "别克", "on": "2025-03-05"}
    await deal.tell(client, "request-defeat", request)
    await deal.tell(head, "approve-defeat", {"on": "2025-03-06"})
    return deal


@pytest.mark.parametrize("path", sorted(SHAPES))
async def test_every_read_has_the_shape_it_documents(
    path: str, rep: Client, head: Client, director: Client, prospect: dict[str, Any], ours: World, fold: Fold
) -> None:
    deal = await captured(rep, prospect, key_person_id=str(ours.key_person))
    judgement = {"opportunity_id": deal.id, "level": "H", "expected_on": "2025-03-25", "obstacle": "价格"}
    visit: dict[str, Any] = {"account_id": str(ours.account), "opportunity_ids": [deal.id], "purpose": "push_forward"}
    visit |= {"way": "on_site", "on": "2025-03-10", "judgements": [judgement], "objections": ["price"]}
    await rep.tell("/v1/visits/log", visit)
    deal.version = 2
    await deal.tell(head, "instruct", {"text": "约见领导", "due_on": "2025-03-24"})
    await lost(rep, head, prospect)
    await fold()
    answer = await ask(director, path)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    SHAPES[path].model_validate(body)
    rows = body["items"] if "items" in body else body["rows"]
    assert rows or path.startswith("/v1/pipeline/diff"), path
    if path == "/v1/hot-customers":
        assert len(rows) == 1
        row = rows[0]
        assert row["account"] == "申城出租"
        assert row["key_person_layer"] == "decision"
        assert (row["level_before"], row["level"], row["computed_level"]) == ("N", "H", "H")
        assert (row["days_left"], row["last_visit_on"], row["last_visit_way"]) == (5, "2025-03-10", "on_site")
        assert (row["follow_up_on"], row["follow_up_days_overdue"]) == ("2025-03-12", 8)
        assert row["instruction"]["text"] == "约见领导"
    if path == "/v1/visits":
        assert rows[0]["judgements"] == [
            {"opportunity_id": deal.id, "level_before": "N", "level": "H", "expected_on": "2025-03-25"}
        ]


@pytest.mark.parametrize("path", sorted(SHAPES))
async def test_nobody_sees_the_deals_of_another_branch_or_company(
    path: str, rep: Client, head: Client, west_rep: Client, stranger: Client, prospect: dict[str, Any], fold: Fold
) -> None:
    deal = await captured(rep, prospect)
    await deal.tell(rep, "qualify", {"level": "H", "expected_on": "2025-03-25"})
    await lost(rep, head, prospect)
    await fold()
    for client in (west_rep, stranger):
        body = (await ask(client, path)).json()
        rows = body["items"] if "items" in body else body["rows"]
        assert all(row.get("count") == 0 for row in rows), (path, rows)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/pipeline?colour=red", 400, "unknown_parameter"),
        ("/v1/pipeline?policy=none", 422, "unknown_policy"),
        ("/v1/pipeline?group_by=owner,product,channel", 422, "invalid_group_by"),
        ("/v1/defeats/analysis?group_by=weather", 422, "invalid_group_by"),
        ("/v1/outcomes?from=2025-02-01&to=2025-01-01", 422, "empty_range"),
        ("/v1/outcomes?group_by=weather", 422, None),
        ("/v1/visits?after=nonsense", 400, "cursor_invalid"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    path: str, status: int, code: str | None, director: Client, fold: Fold
) -> None:
    await fold()
    answer = await ask(director, path)
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code


async def test_lists_lead_from_page_to_page(rep: Client, prospect: dict[str, Any], fold: Fold) -> None:
    deals = [await captured(rep, prospect, title=f"项目{n}", lines=[]) for n in range(3)]
    await fold()
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = await rep.read("/v1/opportunities", **query)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert sorted(seen) == sorted(deal.id for deal in deals)


async def test_many_rows_of_a_table_without_pages_count_as_taken_away(
    app: FastAPI, rep: Client, head: Client, prospect: dict[str, Any], fold: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        hot = await captured(rep, prospect | {"duplicate": "intended", "duplicate_reason": "两批"})
        await hot.tell(rep, "qualify", {"level": "H", "expected_on": "2025-03-21"})
        await lost(rep, head, prospect)
    await fold()
    monkeypatch.setattr(reading, "FREE_ROWS", 1)
    kit = app.state.kit
    kit.quotas = Quotas(kit.settings.model_copy(update={"export_rows": 3}), clock=kit.clock)
    assert (await ask(rep, "/v1/defeats")).headers["ratelimit"].startswith('"export-rows";r=1;')
    for path in ("/v1/defeats", "/v1/hot-customers"):
        refused = await ask(rep, path)
        assert (refused.status_code, refused.json()["code"]) == (429, "export_quota"), path
    assert (await ask(rep, "/v1/pipeline")).status_code == 200  # figures are not records


async def test_late_corrected_and_voided_facts_show_now_and_not_then(
    rep: Client, director: Client, prospect: dict[str, Any], ours: World, store: EventStore, fold: Fold
) -> None:
    """A late judgement after a transfer, a corrected unit price, a voided visit: now, as of then, as known then."""
    deal = await captured(rep, prospect)
    visit = {"account_id": str(ours.account), "opportunity_ids": [deal.id], "purpose": "develop", "way": "on_site"}
    logged = await rep.tell("/v1/visits/log", {**visit, "on": "2025-03-08"})
    await deal.tell(rep, "qualify", {"level": "B", "expected_on": "2025-04-05", "on": "2025-03-05"})
    await deal.tell(director, "transfer", {"owner_id": str(ours.west_rep_id), "on": "2025-03-12"})
    with as_tenant(ours.tenant_id):
        then = (await store.head(ours.tenant_id)).position

    await deal.tell(director, "qualify", {"level": "A", "expected_on": "2025-03-22", "on": "2025-03-10"})
    line = {"line": 1, "product": "A6L", "units": 10, "unit_price": "280000.00"}
    await deal.tell(director, "correct", {"version": 1, "changes": {"lines": [line]}, "reason": "单价录入错误"})
    await director.tell(f"/v1/visits/{logged['id']}/cancel", {"reason": "没有去"}, version=logged["version"])
    await fold()

    async def stock(**when: Any) -> dict[str, Any]:
        rows = (await director.read("/v1/pipeline", group_by="owner", **when))["rows"]
        return {row["owner"]: (row["level"], row["amount"]) for row in rows if row["count"]}

    east, west = str(ours.rep_id), str(ours.west_rep_id)
    assert await stock() == {west: ("A", "2800000.00")}
    assert await stock(as_of="2025-03-11") == {east: ("A", "2800000.00")}
    assert await stock(as_of="2025-03-09") == {east: ("B", "2800000.00")}
    assert await stock(known_at=then) == {west: ("B", "3000000.00")}
    assert await stock(known_at=then, as_of="2025-03-11") == {east: ("B", "3000000.00")}

    async def visits_to(**when: Any) -> list[str]:
        return [item["status"] for item in (await director.read("/v1/visits", **when))["items"]]

    assert await visits_to() == []
    assert await visits_to(known_at=then) == ["logged"]
    policy = {"policy": "h30-a90-b180"}
    now = (await director.read("/v1/hot-customers", **policy))["rows"]
    before = (await director.read("/v1/hot-customers", known_at=then, **policy))["rows"]
    assert [(row["level_before"], row["level"], row["visits"]) for row in now] == [("B", "A", 0)]
    assert [(row["level_before"], row["level"], row["visits"]) for row in before] == [("N", "B", 1)]


async def test_a_read_may_ask_for_what_was_just_written(rep: Client, prospect: dict[str, Any], fold: Fold) -> None:
    receipt = await rep.tell("/v1/opportunities", prospect)
    await fold()
    body = await rep.read("/v1/pipeline", min_position=receipt["position"])
    assert body["position"] >= receipt["position"]
    assert [row["count"] for row in body["rows"]] == [1, 0, 0, 0, 0, 0]
    assert UUID(receipt["id"])
