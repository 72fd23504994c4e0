"""What waits of solutions, bids, prices and contracts, in the inbox and the batch; what came back, in the day."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from services.opportunities.views import VIEWS
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client, World

LINES = [{"product": "A6L", "units": 20, "unit_price": "250000"}]


@pytest.fixture
async def waiting(rep: Client, support: Client, prospect: dict[str, Any], pool: asyncpg.Pool) -> dict[str, str]:
    """One of each kind waits; the ids by kind."""
    deal = {"opportunity_id": (await rep.tell("/v1/opportunities", prospect))["id"]}
    ids = {}
    ids["solution"] = (await rep.tell("/v1/solutions", deal | {"need": "x", "on": "2025-03-02"}))["id"]
    path = f"/v1/solutions/{ids['solution']}"
    await support.tell(f"{path}/draft", {"summary": "稿", "lines": LINES, "on": "2025-03-03"}, version=1)
    await support.tell(f"{path}/submit", {"on": "2025-03-03"}, version=2)
    tender = deal | {"tender_number": "1", "tenderer": "市", "on": "2025-03-04"}
    ids["bid"] = (await rep.tell("/v1/bids", tender))["id"]
    ids["price"] = (await rep.tell("/v1/negotiations", deal | {"on": "2025-03-05"}))["id"]
    asked = {"lines": [{"product": "A6L", "units": 20, "unit_price": "250000"}], "on": "2025-03-05"}
    await rep.tell(f"/v1/negotiations/{ids['price']}/request-price", asked, version=1)
    ids["contract"] = (await rep.tell("/v1/contracts", deal | {"lines": LINES, "on": "2025-03-06"}))["id"]
    await rep.tell(f"/v1/contracts/{ids['contract']}/submit", {"on": "2025-03-06"}, version=1)
    await fold_all(pool, VIEWS)
    return ids


async def kinds(client: Client, **query: str) -> list[tuple[str, list[str]]]:
    return [(row["kind"], row["allowed"]) for row in (await client.read("/v1/approvals", **query))["items"]]


async def test_the_inbox_shows_each_to_who_decides_it(
    rep: Client, head: Client, support: Client, west_rep: Client, stranger: Client, waiting: dict[str, str]
) -> None:
    assert await kinds(head) == [
        ("solution", ["approve", "return"]),
        ("bid", ["decide"]),
        ("price", ["approve", "refuse", "pass_on"]),
        ("contract", ["approve", "return", "pass_on"]),
    ]
    rows = {row["kind"]: row for row in (await head.read("/v1/approvals"))["items"]}
    assert (rows["contract"]["amount"], rows["contract"]["summary"]["needs"]) == ("5000000.00", "branch_manager")
    assert rows["price"]["summary"]["needs"] == "director"  # no list price is known
    assert rows["solution"]["requested_on"] == "2025-03-03"
    assert await kinds(rep) == [("solution", ["approve", "return"])]  # owns the account
    for client in (support, west_rep, stranger):
        assert await kinds(client) == []


async def test_who_has_passed_it_on_is_not_shown_it_again(
    head: Client, director: Client, waiting: dict[str, str], pool: asyncpg.Pool
) -> None:
    await head.tell(f"/v1/contracts/{waiting['contract']}/pass-on", {}, version=2)
    await head.tell(f"/v1/negotiations/{waiting['price']}/pass-price-on", {}, version=2)
    await fold_all(pool, VIEWS)
    assert {kind for kind, _ in await kinds(head)} == {"solution", "bid"}
    assert {kind for kind, _ in await kinds(director)} == {"solution", "bid", "price", "contract"}


async def test_several_at_once_each_with_its_outcome(
    head: Client, director: Client, waiting: dict[str, str], pool: asyncpg.Pool
) -> None:
    def item(kind: str, decision: str, version: int, **body: Any) -> dict[str, Any]:
        return {"kind": kind, "id": waiting[kind], "version": version, "decision": decision, "body": body}

    items = [
        item("solution", "return", 3, comment="补充"),
        item("bid", "decide", 1, go=True),
        item("price", "refuse", 2, comment="太低"),
        item("contract", "approve", 2),
    ]
    answer = (await head.post("/v1/approvals/decide", {"items": items})).json()
    assert [outcome["code"] for outcome in answer["items"]] == ["ok", "ok", "ok", "above_limit"]
    await director.tell(f"/v1/contracts/{waiting['contract']}/approve", {}, version=2)
    number = {"number": "HT-1", "on": "2025-03-20"}
    await director.tell(f"/v1/contracts/{waiting['contract']}/sign", number, version=3)
    more = {"lines": [{"product": "A6L", "units": 99, "unit_price": "250000"}], "reason": "加购"}
    await head.tell(f"/v1/contracts/{waiting['contract']}/request-amendment", more, version=4)
    await fold_all(pool, VIEWS)
    # the director has no limit, but approved this contract and not one of any amount
    assert [kind for kind, _ in await kinds(director)] == ["contract_amendment"]


async def test_an_amendment_waits_like_the_rest(
    rep: Client, head: Client, director: Client, prospect: dict[str, Any], pool: asyncpg.Pool
) -> None:
    deal = {"opportunity_id": (await rep.tell("/v1/opportunities", prospect))["id"]}
    lines = [{"product": "A6L", "units": 2, "unit_price": "250000"}]
    path = f"/v1/contracts/{(await rep.tell('/v1/contracts', deal | {'lines': lines}))['id']}"
    await rep.tell(f"{path}/submit", {}, version=1)
    await head.tell(f"{path}/approve", {}, version=2)
    await head.tell(f"{path}/sign", {"number": "HT-1"}, version=3)
    await rep.tell(f"{path}/request-amendment", {"lines": LINES, "reason": "加购"}, version=4)
    await fold_all(pool, VIEWS)
    (row,) = (await director.read("/v1/approvals"))["items"]
    assert (row["kind"], row["amount"], row["summary"]["amount_before"]) == (
        "contract_amendment",
        "5000000.00",
        "500000",
    )
    items = [{"kind": row["kind"], "id": row["id"], "version": row["version"], "decision": "approve", "body": {}}]
    answer = (await director.post("/v1/approvals/decide", {"items": items})).json()
    assert answer["carried_out"] == 1, answer
    assert (await rep.read(path))["standing"]["amount"] == "5000000"


async def test_what_came_back_is_in_the_day_of_who_asked(
    rep: Client, head: Client, support: Client, ours: World, waiting: dict[str, str], pool: asyncpg.Pool
) -> None:
    await head.tell(f"/v1/solutions/{waiting['solution']}/return", {"comment": "补充"}, version=3)
    await head.tell(f"/v1/negotiations/{waiting['price']}/refuse-price", {"comment": "太低"}, version=2)
    await head.tell(f"/v1/contracts/{waiting['contract']}/return", {"comment": "条款"}, version=2)
    await fold_all(pool, VIEWS)

    async def returned(client: Client) -> dict[str, str]:
        (section,) = [part for part in (await client.read("/v1/today"))["sections"] if part["section"] == "returned"]
        return {item["kind"]: item["note"] for item in section["items"]}

    assert await returned(rep) == {"price_refused": "太低", "contract_returned": "条款"}
    assert await returned(support) == {"solution_returned": "补充"}
