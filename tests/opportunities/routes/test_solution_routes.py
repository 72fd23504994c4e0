"""Solutions over HTTP: asked for, drafted by technical support, approved by the account manager, presented."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.opportunities.solutions.views import SOLUTIONS as SOLUTIONS_VIEW
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client, World

SOLUTIONS = "/v1/solutions"
VIEWS = (SOLUTIONS_VIEW, STANDINGS, ACCOUNTS, PEOPLE, UNITS)
DRAFT: dict[str, Any] = {
    "summary": "A6L 十台，充电桩五座",
    "lines": [{"product": "A6L", "units": 10, "unit_price": "300000"}],
    "cost": "2400000",
}


async def refused(client: Client, path: str, body: dict[str, Any], version: int | None = None) -> tuple[int, str]:
    answer = await client.post(path, body, version=version)
    return answer.status_code, answer.json().get("code")


@pytest.fixture
async def opportunity(rep: Client, prospect: dict[str, Any]) -> str:
    return str((await rep.tell("/v1/opportunities", prospect))["id"])


@pytest.fixture
async def solution(rep: Client, opportunity: str) -> str:
    body = {"opportunity_id": opportunity, "need": "十台出租车", "wanted_by": "2025-03-25", "products": ["A6L"]}
    return f"{SOLUTIONS}/{(await rep.tell(SOLUTIONS, body | {'on': '2025-03-05'}))['id']}"


async def test_from_the_request_to_the_customers_reaction(rep: Client, support: Client, solution: str) -> None:
    await support.tell(f"{solution}/draft", DRAFT | {"on": "2025-03-06"}, version=1)
    await support.tell(f"{solution}/submit", {"on": "2025-03-07"}, version=2)
    await rep.tell(f"{solution}/return", {"comment": "补充保养", "on": "2025-03-08"}, version=3)
    await support.tell(f"{solution}/draft", DRAFT | {"summary": "含保养", "on": "2025-03-09"}, version=4)
    await support.tell(f"{solution}/submit", {"on": "2025-03-10"}, version=5)
    await rep.tell(f"{solution}/approve", {"comment": "同意", "on": "2025-03-11"}, version=6)
    await rep.tell(f"{solution}/present", {"reaction": "interested", "on": "2025-03-12"}, version=7)
    shown = await rep.read(solution)
    assert (shown["standing"]["status"], shown["standing"]["draft"]) == ("presented", 2)
    assert shown["standing"]["lines"][0]["unit_price"] == "300000"
    assert [fact["type"] for fact in shown["history"]] == [
        *("SolutionRequested", "SolutionDrafted", "SolutionSubmitted", "SolutionReturned", "SolutionDrafted"),
        *("SolutionSubmitted", "SolutionApproved", "SolutionPresented"),
    ]
    assert shown["names"]["products"] == {"A6L": "奥迪 A6L"}
    then = await rep.read(solution, as_of="2025-03-08")
    assert (then["standing"]["status"], then["standing"]["summary"]) == ("returned", DRAFT["summary"])


async def test_only_technical_support_drafts_and_never_approves(
    rep: Client, head: Client, director: Client, support: Client, solution: str
) -> None:
    for client in (rep, head, director):
        assert await refused(client, f"{solution}/draft", DRAFT, 1) == (403, "not_technical_support")
        assert "draft" not in (await client.read(solution))["allowed_actions"]
    await support.tell(f"{solution}/draft", DRAFT, version=1)
    await support.tell(f"{solution}/submit", {}, version=2)
    assert await refused(support, f"{solution}/approve", {}, 3) == (403, "not_account_manager")
    assert "approve" not in (await support.read(solution))["allowed_actions"]
    for client in (rep, head, director):
        assert {"approve", "return"} <= set((await client.read(solution))["allowed_actions"])
    await head.tell(f"{solution}/approve", {}, version=3)


async def test_what_is_entered_for_technical_support_is_not_approved_by_who_entered_it(
    director: Client, ours: World, solution: str, head: Client
) -> None:
    answer = await director.post(f"{solution}/draft", DRAFT, version=1, on_behalf_of=str(ours.support_id))
    assert answer.status_code == 200, answer.text
    await director.tell(f"{solution}/submit", {}, version=2)
    assert await refused(director, f"{solution}/approve", {}, 3) == (403, "not_account_manager")
    await head.tell(f"{solution}/approve", {}, version=3)
    shown = await head.read(solution)
    assert shown["standing"]["drafted_by"] == str(ours.support_id)


async def test_what_was_approved_is_corrected_by_who_could_approve_it(
    rep: Client, support: Client, solution: str
) -> None:
    await support.tell(f"{solution}/draft", DRAFT | {"on": "2025-03-06"}, version=1)
    correction = {"version": 2, "changes": {"summary": "改"}, "reason": "错"}
    await support.tell(f"{solution}/correct", correction, version=2)
    await support.tell(f"{solution}/submit", {"on": "2025-03-07"}, version=3)
    await rep.tell(f"{solution}/approve", {"on": "2025-03-08"}, version=4)
    again = {**correction, "changes": {"summary": "再改"}}
    assert await refused(support, f"{solution}/correct", again, 5) == (403, "not_account_manager")
    assert await refused(support, f"{solution}/void", {"version": 5, "reason": "错"}, 5) == (403, "not_account_manager")
    assert await refused(support, f"{solution}/draft", DRAFT | {"on": "2025-03-06"}, 5) == (409, "decided_since")
    amount = {**correction, "changes": {"amount": "1"}}
    assert await refused(rep, f"{solution}/correct", amount, 5) == (422, "amount_differs")
    for name in ("status", "drafted_by", "opportunity_id", "draft"):
        body = {**correction, "changes": {name: str(uuid4())}}
        assert await refused(rep, f"{solution}/correct", body, 5) == (422, "not_correctable")
    await rep.tell(f"{solution}/correct", again, version=5)
    assert await refused(rep, f"{solution}/void", {"version": 2, "reason": "错"}, 6) == (409, "impossible_order")
    await rep.tell(f"{solution}/void", {"version": 5, "reason": "错"}, version=6)
    assert (await rep.read(solution))["standing"]["status"] == "submitted"


async def test_every_step_has_its_place(rep: Client, support: Client, solution: str) -> None:
    assert await refused(rep, f"{solution}/submit", {}, 1) == (409, "solution_requested")
    assert await refused(rep, f"{solution}/present", {"reaction": "accepted"}, 1) == (409, "solution_requested")
    await support.tell(f"{solution}/draft", DRAFT, version=1)
    assert await refused(rep, f"{solution}/approve", {}, 2) == (409, "solution_drafted")
    await support.tell(f"{solution}/submit", {}, version=2)
    assert await refused(support, f"{solution}/draft", DRAFT, 3) == (409, "solution_submitted")
    await rep.tell(f"{solution}/return", {"comment": "x"}, version=3)
    assert await refused(rep, f"{solution}/submit", {}, 4) == (409, "solution_returned")
    await rep.tell(f"{solution}/withdraw", {"reason": "租赁"}, version=4)
    assert await refused(support, f"{solution}/draft", DRAFT, 5) == (409, "solution_withdrawn")


async def test_what_a_request_refers_to_must_be_there(
    rep: Client, west_rep: Client, stranger: Client, support: Client, opportunity: str, solution: str
) -> None:
    body = {"opportunity_id": opportunity, "need": "x"}
    assert await refused(rep, SOLUTIONS, body | {"products": ["Z"]}) == (422, "unknown_product")
    assert await refused(rep, SOLUTIONS, body | {"on": "2024-12-01"}) == (409, "before_captured")
    assert await refused(rep, SOLUTIONS, body | {"opportunity_id": str(uuid4())}) == (422, "unknown_opportunity")
    for client in (west_rep, stranger):
        assert await refused(client, SOLUTIONS, body) == (422, "unknown_opportunity")
        assert (await client.get(solution)).status_code == 404
        assert await refused(client, f"{solution}/submit", {}, 1) == (404, "not_found")
    lines = [{"product": "Z", "units": 1}]
    assert await refused(support, f"{solution}/draft", DRAFT | {"lines": lines}, 1) == (422, "unknown_product")
    assert await refused(rep, f"{solution}/submit", {}) == (428, "precondition_required")
    assert await refused(rep, f"{solution}/submit", {}, 9) == (412, "stale")


async def test_the_list_of_a_day(
    rep: Client, west_rep: Client, stranger: Client, support: Client, pool: asyncpg.Pool, solution: str, ours: World
) -> None:
    await support.tell(f"{solution}/draft", DRAFT | {"on": "2025-03-06"}, version=1)
    await support.tell(f"{solution}/submit", {"on": "2025-03-10"}, version=2)
    await fold_all(pool, VIEWS)
    (row,) = (await rep.read(SOLUTIONS))["items"]
    assert (row["status"], row["days_left"], row["margin"]) == ("submitted", 5, 0.2)
    assert (row["amount"], row["account"], row["unit"]) == ("3000000.00", "申城出租", "华东")
    (then,) = (await rep.read(SOLUTIONS, as_of="2025-03-07"))["items"]
    assert (then["status"], then["draft"], then["days_left"]) == ("drafted", 1, 18)
    assert (await rep.read(SOLUTIONS, as_of="2025-03-04"))["items"] == []
    for name, value in (("status", "drafted"), ("owner_id", str(uuid4())), ("opportunity_id", str(uuid4()))):
        assert (await rep.read(SOLUTIONS, **{name: value}))["items"] == []
    asked = {"account_id": str(ours.account), "owner_id": str(ours.rep_id), "unit_id": str(ours.root)}
    assert len((await rep.read(SOLUTIONS, **asked))["items"]) == 1
    for client in (west_rep, stranger):
        assert (await client.read(SOLUTIONS))["items"] == []


async def test_a_list_in_pages(rep: Client, pool: asyncpg.Pool, opportunity: str) -> None:
    for day in range(1, 6):
        await rep.tell(SOLUTIONS, {"opportunity_id": opportunity, "need": f"{day}", "on": f"2025-03-1{day}"})
    await fold_all(pool, VIEWS)
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await rep.read(SOLUTIONS, limit=2, **after)
        seen += [row["need"] for row in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == ["5", "4", "3", "2", "1"]
