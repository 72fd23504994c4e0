"""Visitor counts, spend, the leads report and the check, over HTTP: figures by hand, who sees them, every refusal."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from services.opportunities.leads import views as lead_views
from services.opportunities.products.view import PRODUCTS
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.people import PEOPLE
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.testing.views import fold_all
from tests.opportunities.routes.world import Client, World

VIEWS = (*lead_views.VIEWS, STANDINGS, ACCOUNTS, PEOPLE, UNITS, PRODUCTS)
COUNTS, SPEND, LEADS, REPORT = "/v1/visitor-counts", "/v1/spend", "/v1/leads", "/v1/reports/leads"
CHECK = "/v1/opportunities/check"


@pytest.fixture
async def fold(pool: asyncpg.Pool) -> Any:
    async def folded() -> None:
        await fold_all(pool, VIEWS)

    return folded


async def test_a_count_told_again_is_the_last_word_and_can_be_taken_back(
    rep: Client, west_rep: Client, stranger: Client, ours: World, fold: Any
) -> None:
    def told(*counts: int, **said: Any) -> dict[str, Any]:
        return {
            "counts": [
                {"day": f"2025-03-{number:02}", "count": count, **said} for number, count in enumerate(counts, 1)
            ]
        }

    first = await rep.post(COUNTS, told(40, 50), key="visitors")
    assert first.status_code == 200, first.text
    ids = first.json()["ids"]
    assert (await rep.post(COUNTS, told(40, 50), key="visitors")).json() == first.json()
    again = await rep.tell(COUNTS, told(42))
    assert again["ids"] == ids[:1]
    await fold()
    assert [row["count"] for row in (await rep.read(COUNTS))["items"]] == [50, 42]
    then = await rep.read(COUNTS, known_at=str(first.json()["position"]))
    assert [row["count"] for row in then["items"]] == [50, 40]
    row = (await rep.read(COUNTS, to="2025-03-01"))["items"][0]
    assert (row["id"], row["version"], row["channel_label"], row["unit"]) == (ids[0], 2, "showroom", "华东")
    path = f"{COUNTS}/{ids[0]}"
    mended = {"version": 2, "changes": {"count": 44}, "reason": "漏数"}
    assert (await west_rep.post(f"{path}/correct", mended, version=2)).status_code == 404
    assert (await stranger.post(f"{path}/correct", mended, version=2)).status_code == 404
    await rep.tell(f"{path}/correct", mended, version=2)
    for changes, code in (
        ({}, "nothing_to_correct"),
        ({"channel": "web"}, "not_correctable"),
        ({"count": -1}, "invalid_value"),
    ):
        refused = await rep.post(f"{path}/correct", {**mended, "changes": changes}, version=3)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    await rep.tell(f"{path}/void", {"version": 2, "reason": "重复"}, version=3)
    await fold()
    assert [row["count"] for row in (await rep.read(COUNTS, to="2025-03-01"))["items"]] == [40]
    await rep.tell(f"{path}/void", {"version": 1, "reason": "没数过"}, version=4)
    await fold()
    assert (await rep.read(COUNTS, to="2025-03-01"))["items"] == []
    await rep.tell(COUNTS, told(7))
    await fold()
    assert [row["count"] for row in (await rep.read(COUNTS, to="2025-03-01"))["items"]] == [7]
    assert (await west_rep.read(COUNTS))["items"] == (await stranger.read(COUNTS))["items"] == []
    for body, status, code in (
        (told(1, unit_id=str(ours.west)), 403, "outside_your_units"),
        (told(1, unit_id=str(ours.rep_id)), 422, "unknown_unit"),
        ({"counts": [{"day": "2025-03-21", "count": 1}]}, 422, "in_the_future"),
        ({"counts": [{"day": "2025-03-01", "count": 1}] * 2}, 422, "duplicate_count"),
    ):
        refused = await rep.post(COUNTS, body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["errors"][0]["pointer"] == "/counts/1"


async def test_spend_is_told_by_heads_corrected_and_taken_back(
    rep: Client, head: Client, director: Client, ours: World, fold: Any
) -> None:
    month = {"channel": "web", "month": "2025-03", "amount": "3100.00", "purpose": "搜索推广"}
    assert (await rep.post(SPEND, month)).json()["code"] == "outside_your_units"
    told = await head.tell(SPEND, month)
    path = f"{SPEND}/{told['id']}"
    for body, code in (
        (month | {"day": "2025-03-01"}, "validation"),
        ({"channel": "web", "amount": "1.00"}, "validation"),
        (month | {"month": "2025-04"}, "in_the_future"),
    ):
        assert (await head.post(SPEND, body)).json()["code"] == code
    await fold()
    (row,) = (await head.read(SPEND))["items"]
    assert (row["day"], row["period"], row["amount"], row["currency"]) == ("2025-03-01", "month", "3100.00", "CNY")
    assert (await rep.read(SPEND))["items"] == []
    mended = {"version": 1, "changes": {"amount": "1550.00"}, "reason": "分摊"}
    assert (await rep.post(f"{path}/correct", mended, version=1)).status_code == 404
    for amount in ("-1.00", "NaN", "1e30", "0.000001"):
        refused = await head.post(f"{path}/correct", {**mended, "changes": {"amount": amount}}, version=1)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_value"), amount
    await head.tell(f"{path}/correct", mended, version=1)
    await fold()
    assert (await head.read(SPEND))["items"][0]["amount"] == "1550.00"
    await director.tell(f"{path}/void", {"version": 1, "reason": "不是我们的"}, version=2)
    await fold()
    assert (await head.read(SPEND))["items"] == []


async def test_the_report_follows_leads_from_receipt_to_order(
    rep: Client, west_rep: Client, head: Client, director: Client, ours: World, fold: Any
) -> None:
    async def received(who: Client, at: str, **said: Any) -> str:
        return str((await who.tell(LEADS, {"channel": "web", "at": f"2025-03-{at}:00Z", **said}))["id"])

    web = [await received(rep, f"0{day}T01:00") for day in (3, 4, 5, 6)]
    phone = await received(rep, "04T01:00", channel="phone")
    west = await received(west_rep, "03T01:00")
    for lead, at in zip(web[:3], ("03T02:00", "04T04:00", "07T01:00"), strict=True):
        await rep.tell(f"{LEADS}/{lead}/claim", {"on": "2025-03-07"}, version=1)
        await rep.tell(f"{LEADS}/{lead}/contact", {"way": "phone", "at": f"2025-03-{at}:00Z"}, version=2)
    deal = await rep.tell(
        f"{LEADS}/{web[0]}/capture",
        {"account_id": str(ours.account), "lines": [{"product": "A6L", "units": 2}], "on": "2025-03-10"},
        version=3,
    )
    await rep.tell(f"/v1/opportunities/{deal['id']}/win", {"on": "2025-03-12"}, version=1)
    await rep.tell(f"{LEADS}/{web[1]}/dispose", {"disposal": "no_intention", "on": "2025-03-11"}, version=3)
    await rep.tell(f"{LEADS}/{phone}/dispose", {"disposal": "duplicate", "duplicate_of_lead_id": web[2]}, version=1)
    await west_rep.tell(f"{LEADS}/{west}/dispose", {"disposal": "follow_up", "follow_up_on": "2025-04-02"}, version=1)
    await rep.tell(COUNTS, {"counts": [{"channel": "web", "day": "2025-03-05", "count": 6}]})
    for said in ({"month": "2025-03", "amount": "310.00"}, {"day": "2025-03-20", "amount": "9.00", "currency": "EUR"}):
        await head.tell(SPEND, {"channel": "web", **said})
    await fold()

    report = await head.read(REPORT, **{"from": "2025-03-01", "to": "2025-03-31"})
    rows = {row["key"]: row for row in report["rows"]}
    assert rows.keys() == {"web", "phone"}
    counts = ("leads", "assigned", "contacted", "in_time", "late", "records", "no_intention", "duplicates", "orders")
    assert [rows["web"][name] for name in counts] == [4, 3, 3, 2, 2, 1, 1, 0, 1]
    assert [rows["phone"][name] for name in counts] == [1, 0, 0, 0, 0, 0, 0, 1, 0]
    assert (rows["web"]["response_hours_mean"], rows["web"]["response_hours_median"]) == (pytest.approx(52 / 3), 3.0)
    assert rows["web"]["response_hours_p90"] == pytest.approx(3 + 0.8 * 45)
    assert (rows["web"]["visitors"], rows["web"]["record_rate"], rows["web"]["in_time_rate"]) == (6, 0.1, 0.5)
    assert (rows["phone"]["visitors"], rows["phone"]["response_hours_mean"]) == (None, None)
    assert (rows["phone"]["record_rate"], rows["phone"]["in_time_rate"], rows["phone"]["spend"]) == (0, None, [])
    spent = {one["currency"]: one for one in rows["web"]["spend"]}
    assert spent["CNY"]["amount"] == "200.00", "twenty of the month's 31 days have come"
    assert (spent["CNY"]["per_lead"], spent["CNY"]["per_order"]) == ("50.00", "200.00")
    assert (spent["EUR"]["amount"], spent["EUR"]["per_record"]) == ("9.00", "9.00")
    assert report["total"]["leads"] == 5

    early = await head.read(REPORT, **{"as_of": "2025-03-09"})
    web_row = {row["key"]: row for row in early["rows"]}["web"]
    assert (web_row["leads"], web_row["records"], web_row["orders"]) == (4, 0, 0)
    whole = await director.read(REPORT, group_by="org_unit")
    assert {row["label"]: row["leads"] for row in whole["rows"]} == {"华东": 5, "华西": 1}
    assert {row["label"]: row["follow_ups"] for row in whole["rows"]} == {"华东": 0, "华西": 1}
    by_owner = {row["key"]: row for row in (await director.read(REPORT, group_by="owner"))["rows"]}
    assert by_owner[str(ours.rep_id)]["records"] == 1
    assert by_owner[str(ours.rep_id)]["spend"] == []
    assert by_owner[None]["leads"] == 3
    assert (await director.read(REPORT, unit_id=str(ours.west)))["total"]["leads"] == 1
    own = await director.read(REPORT, owner_id=str(ours.rep_id), channel="web", group_by="month")
    assert [(row["key"], row["assigned"]) for row in own["rows"]] == [("2025-03", 3)]
    part = (await head.read(REPORT, **{"from": "2025-03-11", "to": "2025-03-20", "group_by": "branch"}))["rows"][0]
    assert [one["amount"] for one in part["spend"]] == ["100.00", "9.00"]
    assert (await head.get(REPORT, **{"from": "2025-03-11", "to": "2025-03-01"})).json()["code"] == "empty_range"
    for path in (REPORT, LEADS, COUNTS, SPEND):
        sheet = await head.http.get(path, headers={"authorization": f"Bearer {head.token}", "accept": "text/csv"})
        assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/csv; charset=utf-8"), sheet.text
        assert len(sheet.text.splitlines()) > 1
    known = await head.read(REPORT, known_at="0")
    assert (known["rows"], known["total"]["leads"]) == ([], 0)


async def test_a_check_says_with_which_unit_and_nothing_else(
    rep: Client,
    west_rep: Client,
    stranger: Client,
    ours: World,
    prospect: dict[str, Any],
    fold: Any,
    pool: asyncpg.Pool,
) -> None:
    deal = await rep.tell("/v1/opportunities", prospect)
    await fold()
    asked = {"name": " 申城　出租 "}
    said = (await west_rep.post(CHECK, asked)).json()
    wanted = {"unit_id": str(ours.east), "unit": "华东", "since": "2025-03-01", "open": True}
    assert said == {"on_file": True, "open": True, "units": [wanted]}
    by_id = await west_rep.post(CHECK, {"account_id": str(ours.account), "products": ["A6L"]})
    assert by_id.json() == said
    nothing = {"on_file": False, "open": False, "units": []}
    for body in (
        {"name": "申城"},
        {"account_id": str(ours.other_account)},
        {"account_id": str(ours.account), "products": ["Q5"]},
        {"credit_code": "91110000600037341L"},
    ):
        assert (await west_rep.post(CHECK, body)).json() == nothing
    assert (await stranger.post(CHECK, asked)).json() == nothing
    assert (await west_rep.post(CHECK, {})).status_code == 422
    assert (await west_rep.post(CHECK, {**asked, "credit_code": "x"})).status_code == 422
    await rep.tell(f"/v1/opportunities/{deal['id']}/lose-contact", {"reason": "停机"}, version=1)
    await fold()
    assert (await west_rep.post(CHECK, asked)).json()["units"][0]["open"] is False
    rows = await pool.fetch(
        "select actor, action, fields, subjects from privacy.reads where tenant_id = $1 and route like '%check'",
        ours.tenant_id,
    )
    assert len(rows) == 7
    assert {row["actor"] for row in rows} == {ours.west_rep_id}
    assert {row["action"] for row in rows} == {"found"}
