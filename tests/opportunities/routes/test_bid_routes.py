"""Bids over HTTP: recorded, decided on, prepared, handed in, opened, won or lost; what a result proposes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.opportunities.bids.views import BIDS as BIDS_VIEW
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client, World

BIDS = "/v1/bids"
VIEWS = (BIDS_VIEW, STANDINGS, ACCOUNTS, PEOPLE, UNITS)
LINES = [{"product": "A6L", "units": 10, "unit_price": "290000"}]


async def refused(client: Client, path: str, body: dict[str, Any], version: int | None = None) -> tuple[int, str]:
    answer = await client.post(path, body, version=version)
    return answer.status_code, answer.json().get("code")


@pytest.fixture
async def opportunity(rep: Client, prospect: dict[str, Any]) -> str:
    return str((await rep.tell("/v1/opportunities", prospect))["id"])


@pytest.fixture
def tender(opportunity: str, ours: World) -> dict[str, Any]:
    return {
        "opportunity_id": opportunity,
        "tender_number": "SH-0417",
        "tenderer": "市采购中心",
        "opening_at": "2025-03-24T09:30:00+08:00",
        "bond_amount": "200000",
        "bond_due_on": "2025-03-19",
        "documents": [{"name": "资质", "responsible": str(ours.support_id)}, {"name": "偏离表"}],
        "on": "2025-03-03",
    }


@pytest.fixture
async def bid(rep: Client, tender: dict[str, Any]) -> str:
    return f"{BIDS}/{(await rep.tell(BIDS, tender))['id']}"


async def handed_in(rep: Client, head: Client, bid: str) -> None:
    await head.tell(f"{bid}/decide", {"go": True, "on": "2025-03-04"}, version=1)
    await rep.tell(f"{bid}/buy-documents", {"on": "2025-03-05"}, version=2)
    await rep.tell(f"{bid}/finish-document", {"name": "资质", "on": "2025-03-06"}, version=3)
    await rep.tell(f"{bid}/pay-bond", {"on": "2025-03-07"}, version=4)
    await rep.tell(f"{bid}/submit", {"lines": LINES, "on": "2025-03-08"}, version=5)


async def test_a_bid_won_proposes_to_win_the_deal_and_does_not_win_it(
    rep: Client, head: Client, bid: str, opportunity: str
) -> None:
    await handed_in(rep, head, bid)
    competitors = [{"name": "对手", "price": "3100000", "rank": 2}]
    await rep.tell(f"{bid}/open", {"competitors": competitors, "our_rank": 1, "on": "2025-03-09"}, version=6)
    assert (await rep.read(bid))["proposals"] == []
    await rep.tell(f"{bid}/win", {"award_ref": "中 77", "on": "2025-03-10"}, version=7)
    shown = await rep.read(bid)
    assert shown["standing"]["competitors"][0]["price"] == "3100000"
    assert shown["documents_missing"] == ["偏离表"]
    (proposal,) = shown["proposals"]
    assert (proposal["action"], proposal["path"]) == ("win", f"/v1/opportunities/{opportunity}/win")
    assert (await rep.read(f"/v1/opportunities/{opportunity}"))["status"] == "open"
    await rep.tell(proposal["path"], proposal["body"], version=1)
    assert (await rep.read(f"/v1/opportunities/{opportunity}"))["lines"][0]["unit_price"] == "290000"
    assert (await rep.read(bid))["proposals"] == []
    assert "return-bond" in shown["allowed_actions"]
    assert "submit" not in shown["allowed_actions"]


async def test_a_bid_lost_proposes_a_defeat_for_that_reason(
    rep: Client, head: Client, bid: str, opportunity: str
) -> None:
    await handed_in(rep, head, bid)
    assert await refused(rep, f"{bid}/lose", {"reason": "no.such"}, 6) == (422, "unknown_reason")
    await rep.tell(f"{bid}/lose", {"winner": "对手", "winning_price": "2800000", "on": "2025-03-10"}, version=6)
    (proposal,) = (await rep.read(bid))["proposals"]
    assert (proposal["action"], proposal["body"]["reason"]) == ("request-defeat", "project.tender_lost")
    await rep.tell(proposal["path"], proposal["body"], version=1)
    shown = await rep.read(f"/v1/opportunities/{opportunity}")
    assert (shown["standing"]["defeat_reason"], shown["standing"]["competitor_brand"]) == (
        "project.tender_lost",
        "对手",
    )
    assert (await rep.read(bid))["proposals"] == []


async def test_whether_we_bid_is_decided_above_and_not_by_who_recorded_it(
    rep: Client, head: Client, director: Client, tender: dict[str, Any], bid: str
) -> None:
    assert await refused(rep, f"{bid}/decide", {"go": True}, 1) == (403, "forbidden")
    assert await refused(rep, f"{bid}/submit", {"lines": LINES}, 1) == (409, "bid_considered")
    assert "decide" not in (await rep.read(bid))["allowed_actions"]
    assert "decide" in (await head.read(bid))["allowed_actions"]
    own = f"{BIDS}/{(await head.tell(BIDS, tender))['id']}"
    assert await refused(head, f"{own}/decide", {"go": True}, 1) == (403, "not_in_reporting_line")
    await director.tell(f"{own}/decide", {"go": False, "reason": "无利润"}, version=1)
    assert await refused(rep, f"{own}/submit", {"lines": LINES}, 2) == (409, "bid_declined")
    assert await refused(rep, f"{own}/void", {"version": 2, "reason": "错"}, 2) == (403, "forbidden")
    await director.tell(f"{own}/void", {"version": 2, "reason": "错"}, version=2)
    assert (await rep.read(own))["standing"]["status"] == "considered"


async def test_bond_and_documents(rep: Client, head: Client, bid: str) -> None:
    assert await refused(rep, f"{bid}/return-bond", {}, 1) == (409, "bond_not_paid")
    assert await refused(rep, f"{bid}/finish-document", {"name": "别的"}, 1) == (422, "unknown_document")
    assert await refused(rep, f"{bid}/change", {}, 1) == (422, "validation")
    twice = [{"name": "资质"}, {"name": "资质"}]
    assert await refused(rep, f"{bid}/change", {"documents": twice}, 1) == (422, "document_twice")
    nobody = [{"name": "资质", "responsible": str(uuid4())}]
    assert await refused(rep, f"{bid}/change", {"documents": nobody}, 1) == (422, "unknown_person")
    await rep.tell(f"{bid}/pay-bond", {"amount": "150000", "on": "2025-03-05"}, version=1)
    assert await refused(rep, f"{bid}/pay-bond", {"amount": "1"}, 2) == (409, "bond_paid")
    await rep.tell(f"{bid}/return-bond", {"on": "2025-03-06"}, version=2)
    assert await refused(rep, f"{bid}/return-bond", {}, 3) == (409, "bond_returned")
    assert await refused(rep, f"{bid}/void", {"version": 2, "reason": "错"}, 3) == (409, "impossible_order")
    receipt = await rep.tell(f"{bid}/finish-document", {"name": "资质", "on": "2025-03-07"}, version=3)
    again = await rep.tell(f"{bid}/finish-document", {"name": "资质", "on": "2025-03-08"}, version=4)
    assert (receipt["version"], again["version"]) == (4, 4)


async def test_a_bond_without_an_amount(rep: Client, tender: dict[str, Any]) -> None:
    bid = f"{BIDS}/{(await rep.tell(BIDS, {**tender, 'bond_amount': None}))['id']}"
    assert await refused(rep, f"{bid}/pay-bond", {}, 1) == (422, "bond_amount_missing")


async def test_after_the_result_nothing_is_handed_in(rep: Client, head: Client, bid: str) -> None:
    await handed_in(rep, head, bid)
    assert await refused(rep, f"{bid}/submit", {"lines": LINES}, 6) == (409, "bid_submitted")
    await rep.tell(f"{bid}/cancel", {"by": "tenderer", "reason": "不足三家", "on": "2025-03-12"}, version=6)
    for verb in ("win", "lose", "open", "pay-bond"):
        assert await refused(rep, f"{bid}/{verb}", {}, 7) == (409, "bid_cancelled")
    correction = {"version": 6, "changes": {"amount": "1"}, "reason": "错"}
    assert await refused(rep, f"{bid}/correct", correction, 7) == (422, "amount_differs")


async def test_openings_and_bonds_to_come(
    rep: Client, head: Client, west_rep: Client, stranger: Client, bid: str, pool: asyncpg.Pool
) -> None:
    await fold_all(pool, VIEWS)
    (row,) = (await rep.read(BIDS, opening_within=4))["items"]
    assert (row["documents_required"], row["documents_missing"]) == (2, ["资质", "偏离表"])
    assert (row["bond_days_left"], row["status"], row["recorded_by_name"]) == (-1, "considered", None)
    assert (await rep.read(BIDS, opening_within=3))["items"] == []
    assert len((await rep.read(BIDS, opening_within=9, as_of="2025-03-15"))["items"]) == 1
    for state, found in (("due", 1), ("overdue", 1), ("paid", 0), ("unreturned", 0)):
        assert len((await rep.read(BIDS, bond=state))["items"]) == found
    assert (await rep.read(BIDS, bond="overdue", as_of="2025-03-19"))["items"] == []
    await handed_in(rep, head, bid)
    await rep.tell(f"{bid}/change", {"opening_at": "2025-04-20T09:30:00+08:00", "on": "2025-03-09"}, version=6)
    await rep.tell(f"{bid}/win", {"on": "2025-03-12"}, version=7)
    await fold_all(pool, VIEWS)
    for state, found in (("due", 0), ("paid", 1), ("unreturned", 1)):
        assert len((await rep.read(BIDS, bond=state))["items"]) == found
    (row,) = (await rep.read(BIDS, status="won"))["items"]
    assert (row["amount"], row["go"]) == ("2900000.00", True)
    assert len((await rep.read(BIDS, as_of="2025-03-08", opening_within=16))["items"]) == 1
    assert (await rep.read(BIDS, as_of="2025-03-09", opening_within=16))["items"] == []
    for client in (west_rep, stranger):
        assert (await client.read(BIDS))["items"] == []
        assert (await client.get(bid)).status_code == 404
        assert await refused(client, f"{bid}/return-bond", {}, 8) == (404, "not_found")
