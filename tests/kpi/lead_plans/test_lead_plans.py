"""Lead plans over HTTP: worked back through counted rates, issued, changed, and reviewed week by week."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.kpi.lead_plans.shapes import LeadPlanRow, RatesReport, WeeksReport
from services.kpi.lead_plans.views import LEAD_PLANS, LEAD_TARGETS
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.kpi.raw_facts import lead, prospect, spend, visitors
from tests.kpi.staffed import Staffed, staffed

RATES = [
    {"name": "units_per_order", "value": "2"}, {"name": "prospect_conversion", "value": "0.25"},
    {"name": "record_mix", "channel": "web", "value": "3"},
    {"name": "lead_to_record", "channel": "web", "value": "0.5"},
    {"name": "record_mix", "channel": "phone", "value": "1"},
    {"name": "lead_to_record", "channel": "phone", "value": "0.5"},
]  # fmt: skip


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


def proposing(sh: Staffed, **said: Any) -> dict[str, Any]:
    return {"month": "2026-03", "unit_id": sh.unit("SH"), "order_units": "10", "rates": RATES, **said}


async def propose(sh: Staffed, **said: Any) -> str:
    receipt = await sh.make("sh_head", "/v1/lead-plans", proposing(sh, **said))
    await sh.fold(LEAD_PLANS, LEAD_TARGETS)
    return f"/v1/lead-plans/{receipt['id']}"


async def tell(sh: Staffed, path: str, verb: str, body: dict[str, Any], who: str = "sh_head") -> None:
    version = (await sh[who].read(path))["version"]
    await sh.make(who, f"{path}/{verb}", body, version=version)
    await sh.fold(LEAD_PLANS, LEAD_TARGETS)


async def refused(sh: Staffed, path: str, verb: str, body: dict[str, Any], who: str = "sh_head") -> tuple[int, str]:
    version = (await sh["director"].read(path))["version"]
    return await sh.refused(who, f"{path}/{verb}", body, version=version)


async def test_leads_are_worked_back_through_the_rates_counted(sh: Staffed) -> None:
    for day in ("2025-11-03", "2025-12-08", "2026-01-12", "2026-02-10"):
        won = await prospect(sh, "li", day, 3, won="2026-02-12")
        still = await prospect(sh, "wang", day, 1, channel="phone")
        for number in range(3):
            await lead(sh, day, "web", record=won if number == 0 else None)
            await lead(sh, day, "phone", record=still if number < 2 else None)
    await sh.fold()
    # web: 4 of 12 leads; phone: 8 of 12; 12 units of 4 orders; 4 orders of 8 records and the stock of four months
    path = await propose(sh, rates=[], history_months=4)
    answer = await sh["sh_head"].read(f"{path}/way-back")
    assert (answer["rates_from"], answer["rates_to"]) == ("2025-11-01", "2026-03-01")
    rows = {(row["step"], row["channel"]): row for row in answer["rows"] if row["source"] == "counted"}
    assert {(row["channel"], row["channel_label"]) for row in answer["rows"]} >= {("web", "web"), (None, None)}
    shown = {key: (row["numerator"], row["denominator"], row["unit"]) for key, row in rows.items()}
    assert shown == {
        ("units_per_order", None): ("12", "4", "SH店"),
        ("prospect_conversion", None): ("4", "20", "SH店"),  # 8 captured; stock 0 + 2 + 4 + 6
        ("record_mix", "phone"): ("8", "12", "SH店"), ("lead_to_record", "phone"): ("8", "12", "SH店"),
        ("record_mix", "web"): ("4", "12", "SH店"), ("lead_to_record", "web"): ("4", "12", "SH店"),
    }  # fmt: skip
    steps = {row["step"]: row["value"] for row in answer["rows"] if row["channel"] is None and row["step"] not in rows}
    # 10 units / 3 = 4 orders; / 0.2 = 20 prospects; 4 in stock; 16 records: 11 by phone, 5 by web; 17 + 15 leads
    assert [steps[name] for name in ("order_units", "orders", "prospects", "stock", "records", "leads")] == [
        10, 4, 20, 4, 16, 32,
    ]  # fmt: skip
    (item,) = (await sh["sh_head"].read("/v1/lead-plans", month="2026-03"))["items"]
    assert (item["required_leads"], item["planned_leads"], item["target_source"]) == (32, 32, "given")
    # who sees nothing of the company goes by nobody else's rates
    body = proposing(sh, unit_id=sh.unit("BJ"), rates=[])
    assert await sh.refused("bj_head", "/v1/lead-plans", body) == (422, "no_rate")
    receipt = await sh.make("director", "/v1/lead-plans", body)
    await sh.fold(LEAD_PLANS)
    rows = (await sh["director"].read(f"/v1/lead-plans/{receipt['id']}/way-back"))["rows"]
    assert {row["unit"] for row in rows if row["source"] == "counted"} == {"总部"}


async def test_a_plan_is_reviewed_week_by_week(sh: Staffed, app: FastAPI) -> None:
    path = await propose(sh, budgets=[{"channel": "web", "budget": "3000.00", "currency": "CNY"}])
    # 10 units / 2 = 5 orders / 0.25 = 20 records: 15 web, 5 phone; / 0.5 = 30 and 10 leads
    await tell(sh, path, "issue", {})
    record = await prospect(sh, "li", "2026-03-03", 2, won="2026-03-12")
    for day, channel, of in (
        ("2026-03-03", "web", record), ("2026-03-04", "web", None), ("2026-03-10", "web", None),
        ("2026-03-11", "phone", None), ("2026-03-12", "roadshow", None),
    ):  # fmt: skip
        await lead(sh, day, channel, record=of)
    await lead(sh, "2026-03-04", "web", unit="BJ")
    await visitors(sh, "2026-03-05", "web", 6)
    await spend(sh, "2026-03-01", "web", "3100.00", period="month")
    await sh.fold()
    app.state.kit.clock.now = datetime(2026, 3, 16, 3, tzinfo=UTC)
    answer = await sh["sh_head"].read(f"{path}/weeks", as_of="2026-03-13")
    rows = {(row["channel"], row["week"]): row for row in answer["rows"]}
    assert (rows["web", 1]["channel_label"], rows[None, 1]["channel_label"]) == ("web", None)
    assert next(iter(rows)) == (None, None)
    web = rows["web", None]
    assert (web["target"], web["leads"], web["gap"], web["attainment"], web["budget"]) == (30, 3, -27, 0.1, "3000.00")
    assert (web["working_days"], web["run_rate"], web["projected"]) == (22, 0.3, 7)  # ten of them worked
    assert [rows["web", week]["target"] for week in (1, 2, 3, 4)] == [7, 7, 7, 9]  # 5, 5, 5 and 7 working days
    first = rows["web", 1]
    assert (first["first"], first["last"], first["leads"], first["visitors"]) == ("2026-03-01", "2026-03-08", 2, 6)
    assert (first["records"], first["orders"], first["record_rate"]) == (1, 1, 0.125)
    assert first["spend"] == [
        {"currency": "CNY", "amount": "800.00", "cost_per_lead": "400.00", "cost_per_record": "800.00",
         "cost_per_order": "800.00"},
    ]  # fmt: skip
    assert (rows["roadshow", None]["target"], rows["roadshow", 2]["leads"]) == (0, 1), "not planned, and yet it came"
    assert (rows[None, 2]["leads_so_far"], rows[None, 2]["target_so_far"], rows[None, None]["target"]) == (5, 19, 40)
    WeeksReport.model_validate(answer)
    RatesReport.model_validate(await sh["sh_head"].read(f"{path}/way-back"))
    LeadPlanRow.model_validate((await sh["sh_head"].read("/v1/lead-plans"))["items"][0])
    before = await sh["sh_head"].read(f"{path}/weeks", as_of="2026-03-03")
    assert before["rows"][0]["leads"] == 1
    # the review keeps the place its table was known at
    await tell(sh, path, "review-week", {"week": 2, "findings": ["官网线索不足"]})
    (review,) = (await sh["sh_head"].read(path))["standing"]["reviews"]
    await lead(sh, "2026-03-12", "web")
    await sh.fold()
    now = (await sh["sh_head"].read(f"{path}/weeks"))["rows"][0]
    then = (await sh["sh_head"].read(f"{path}/weeks", known_at=review["position"]))["rows"][0]
    assert (now["leads"], then["leads"]) == (6, 5)
    week = next(row for row in (await sh["sh_head"].read(f"{path}/weeks"))["rows"] if row["week"] == 2)
    assert (week["reviewed_on"], week["findings"]) == ("2026-03-16", ["官网线索不足"])
    # changed by number; the leads are the unit's target of the month
    channels = [{"channel": "web", "leads": 50}, {"channel": "phone", "leads": 10}]
    await tell(sh, path, "change", {"channels": channels, "reason": "加投"})
    values = await sh["sh_head"].read(
        "/v1/kpi/values", kpi="lead_attainment", from_="2026-03-01", to="2026-03-31", group_by="unit"
    )
    assert [(row["numerator"], row["denominator"]) for row in values["rows"]] == [("6", "60")]
    assert (await sh["sh_head"].read(f"{path}/weeks", as_of="2026-03-02"))["rows"][0]["target"] == 40
    assert (await sh["li"].get(f"{path}/weeks")).status_code == 404
    assert (await sh["sh_head"].get(f"{path}/weeks", format="xlsx")).status_code == 200


async def test_what_a_lead_plan_refuses(sh: Staffed) -> None:
    for who, body, expected in (
        ("li", proposing(sh), (403, "forbidden")),
        ("bj_head", proposing(sh), (403, "outside_your_units")),
        ("sh_head", proposing(sh, order_units=None), (422, "no_order_target")),
        ("sh_head", proposing(sh, rates=[{"name": "record_mix", "value": "1"}]), (422, "channel_of_rate")),
        ("sh_head", proposing(sh, rates=RATES[:1] * 2), (422, "rate_twice")),
        ("sh_head", proposing(sh, rates=RATES[:3]), (422, "no_rate")),
        ("sh_head", proposing(sh, unit_id="5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"), (422, "unknown_unit")),
        ("sh_head", proposing(sh, on="2026-03-09"), (422, "in_the_future")),
    ):
        assert await sh.refused(who, "/v1/lead-plans", body) == expected, body
    path = await propose(sh)
    assert await sh.refused("sh_head", "/v1/lead-plans", proposing(sh)) == (409, "lead_plan_exists")
    web = {"channel": "web", "leads": 5}
    assert await refused(sh, path, "edit", {"channels": [web, web]}) == (422, "channel_twice")
    assert await refused(sh, path, "edit", {"channels": [web | {"budget": "5"}]}) == (422, "currency_of_budgets")
    assert await refused(sh, path, "change", {"channels": [web], "reason": "早"}) == (409, "lead_plan_not_issued")
    assert await refused(sh, path, "review-week", {"week": 1}) == (409, "lead_plan_not_issued")
    assert await refused(sh, path, "edit", {"channels": [web]}, "bj_head") == (404, "not_found")
    await tell(sh, path, "edit", {"channels": [web]})
    await tell(sh, path, "rework", {"rates": RATES})
    assert len((await sh["sh_head"].read(path))["standing"]["channels"]) == 2
    await tell(sh, path, "issue", {})
    assert await refused(sh, path, "edit", {"channels": [web]}) == (409, "lead_plan_issued")
    assert await refused(sh, path, "review-week", {"week": 6}) == (422, "no_such_week")
    assert await refused(sh, path, "review-week", {"week": 3}) == (422, "week_ahead")
    await tell(sh, path, "review-week", {"week": 1})
    wrong = {"version": 2, "changes": {"channels": [web, web]}, "reason": "错"}
    assert await refused(sh, path, "correct", wrong) == (422, "channel_twice")
    assert await refused(sh, path, "void", {"version": 4, "reason": "错"}) == (409, "impossible_order")
    await tell(sh, path, "void", {"version": 5, "reason": "错"})
    await tell(sh, path, "void", {"version": 4, "reason": "错"})
    assert (await sh["sh_head"].read(path))["standing"]["status"] == "draft"
