"""X+Y rolling plans: firm months change with reason and approval, every version is kept, accuracy by lead time."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest

from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.kpi.plans.planned import approved, fold, row, sold
from tests.kpi.staffed import Staffed, staffed

PATH = "/v1/rolling-plans"
MONTHS = ("2026-03", "2026-04", "2026-05")


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


def version(base: str, *targets: int, **more: Any) -> dict[str, Any]:
    """A version from this month on."""
    year, month = map(int, base.split("-"))
    rows = [row(f"{year + (month - 1 + n) // 12}-{(month - 1 + n) % 12 + 1:02}", one) for n, one in enumerate(targets)]
    return {"base_month": base, "rows": rows, **more}


async def in_force(company: Staffed, **params: Any) -> dict[str, tuple[str, str]]:
    await fold(company)
    rows = (await company["sh_head"].read("/v1/kpi/targets", from_month="2025-11", **params))["rows"]
    return {one["month"]: (one["target"], one["source"]) for one in rows}


async def test_a_firm_month_changes_with_reason_and_approval_alone(company: Staffed) -> None:
    made = await company.make("sh_head", PATH, version("2026-03", 5, 6, 7))
    path = f"{PATH}/{made['id']}"
    assert await company.refused("sh_head", PATH, version("2026-03", 5)) == (409, "rolling_exists")
    await company.make("sh_head", f"{path}/publish", version("2026-03", 5, 8, 9), version=2)
    assert await in_force(company) == {
        "2026-03": ("5", "rolling"), "2026-04": ("8", "rolling"), "2026-05": ("9", "rolling"),
    }  # fmt: skip
    changed = version("2026-03", 4, 8, 9)
    assert await company.refused("sh_head", f"{path}/publish", changed, version=3) == (422, "reason_missing")
    waiting = await company.make("sh_head", f"{path}/publish", {**changed, "reason": "厂家缺货"}, version=3)
    assert (await in_force(company))["2026-03"] == ("5", "rolling")
    listed = (await company["director"].read(PATH, status="pending"))["items"]
    assert [(one["unit"], one["requested_by_name"], one["requested_reason"]) for one in listed] == [
        ("SH店", "sh_head", "厂家缺货")
    ]
    assert await company.refused("sh_head", f"{path}/publish", changed, version=4) == (409, "change_waits")
    assert await company.refused("sh_head", f"{path}/approve", {}, version=4) == (403, "not_in_reporting_line")
    assert await company.refused("bj_head", f"{path}/approve", {}, version=4) == (404, "not_found")
    read = await company["director"].read(path)
    assert read["allowed_actions"] == ["approve", "refuse", "correct", "void"]
    await company.make("director", f"{path}/refuse", {"comment": "先保交付"}, version=4)
    assert await company.refused("director", f"{path}/refuse", {"comment": "再拒"}, version=5) == (409, "nothing_waits")
    earlier = {**changed, "on": "2026-03-01"}
    assert await company.refused("sh_head", f"{path}/publish", earlier, version=5) == (422, "reason_missing")
    await company.make("sh_head", f"{path}/publish", {**changed, "reason": "厂家缺货"}, version=5)
    approval = await company.make("director", f"{path}/approve", {}, version=6)
    assert (await in_force(company))["2026-03"] == ("4", "rolling")
    assert (await in_force(company, known_at=waiting["position"]))["2026-03"] == ("5", "rolling")
    kept = (await company["sh_head"].read(f"{path}/versions"))["rows"]
    assert [(one["number"], one["orders_target"], one["approved_by_name"], one["reason"]) for one in kept] == [
        (3, 21, "director", "厂家缺货"), (2, 22, None, None), (1, 18, None, None),
    ]  # fmt: skip
    past = await company["sh_head"].read(f"{path}/versions", known_at=approval["position"] - 1)
    assert [one["number"] for one in past["rows"]] == [2, 1]
    fix = {"version": 7, "changes": {"reason": "缺货"}, "reason": "错"}
    assert await company.refused("sh_head", f"{path}/correct", fix, version=7) == (403, "not_in_reporting_line")
    await company.make("director", f"{path}/void", {"version": 7, "reason": "误批"}, version=7)
    assert (await in_force(company))["2026-03"] == ("5", "rolling")


async def test_a_rolling_month_goes_before_the_annual_plan(company: Staffed) -> None:
    id, at = await approved(company, {"year": 2026, "rows": [row("2026-03", 1), row("2026-07", 2)]})
    await company.make("director", f"/v1/plans/{id}/issue", {}, version=at)
    await company.make("sh_head", PATH, {**version("2026-04", 6, 7, 8), "on": "2026-03-01"})
    assert await in_force(company) == {
        "2026-03": ("1", "annual"), "2026-04": ("6", "rolling"), "2026-05": ("7", "rolling"),
        "2026-06": ("8", "rolling"), "2026-07": ("2", "annual"),
    }  # fmt: skip
    assert await in_force(company, as_of="2026-02-28") == {}
    begun = await company["sh_head"].read(f"{PATH}/proposal", base_month="2026-05")
    assert [(one["month"], one["kind"], one["target"], one["source"]) for one in begun["rows"]] == [
        ("2026-05", "firm", "7", "rolling"), ("2026-06", "outlook", "8", "rolling"),
        ("2026-07", "outlook", "2", "annual"),
    ]  # fmt: skip
    assert (await company["bj_head"].get(f"{PATH}/proposal", unit_id=company.unit("SH"))).status_code == 404


async def test_the_policy_says_how_many_months_are_closed_firm_and_outlook(company: Staffed) -> None:
    shipped = await company["li"].read(f"{PATH}/policies")
    assert tuple(shipped[name] for name in ("closed_months", "firm_months", "outlook_months")) == (0, 1, 2)
    rules = {"effective_from": "2026-01-01", "closed_months": 2, "firm_months": 2, "outlook_months": 1}
    assert await company.refused("sh_head", f"{PATH}/policies", rules) == (403, "forbidden")
    await company.make("director", f"{PATH}/policies", rules)
    assert (await company["li"].read(f"{PATH}/policies", as_of="2025-12-31"))["firm_months"] == 1
    await sold(company, "SH", "2026-02", 3, delivered=2)
    id = (await company.make("sh_head", PATH, version("2026-03", 5, 6, 7)))["id"]
    assert (await company.refused("sh_head", f"{PATH}/{id}/publish", version("2026-04", 5, 7, 8), version=2))[1] == (
        "reason_missing"
    ), "April was firm already"
    await company.make("sh_head", f"{PATH}/{id}/publish", version("2026-04", 6, 9, 8), version=2)
    await fold(company)
    found = await company["sh_head"].read(f"{PATH}/{id}/table")
    names = ("month", "kind", "orders_target", "orders_outcome", "deliveries_outcome")
    assert [tuple(one.get(name) for name in names) for one in found["rows"]] == [
        ("2026-02", "closed", None, 3, 2), ("2026-03", "closed", 5, 0, 0), ("2026-04", "firm", 6, None, None),
        ("2026-05", "firm", 9, None, None), ("2026-06", "outlook", 8, None, None),
    ]  # fmt: skip
    assert (await company["bj_head"].get(f"{PATH}/{id}/table")).status_code == 404


async def test_accuracy_is_told_for_each_lead_time(company: Staffed) -> None:
    for month, units in (("2025-12", 10), ("2026-01", 8)):
        await sold(company, "SH", month, units)
    first = {**version("2025-11", 9, 12, 6), "on": "2025-10-28"}
    id = (await company.make("sh_head", PATH, first))["id"]
    await company.make(
        "sh_head", f"{PATH}/{id}/publish", {**version("2025-12", 10, 8, 5), "on": "2025-11-27"}, version=2
    )
    await company.make(
        "sh_head", f"{PATH}/{id}/publish", {**version("2026-01", 8, 5, 5), "on": "2025-12-29"}, version=3
    )
    await fold(company)
    report = await company["director"].read("/v1/kpi/rolling-accuracy")
    names = ("month", "lead_months", "planned", "actual", "difference", "deviation_rate", "accuracy_rate", "points")
    assert [tuple(one[name] for name in names) for one in report["rows"]] == [
        ("2025-11", 0, 9, 0, 9, None, None, 20),
        ("2025-12", 0, 10, 10, 0, 0.0, 1.0, 100),
        ("2025-12", 1, 12, 10, 2, 0.2, 0.8, 100),
        ("2026-01", 0, 8, 8, 0, 0.0, 1.0, 100),
        ("2026-01", 1, 8, 8, 0, 0.0, 1.0, 100),
        ("2026-01", 2, 6, 8, -2, 0.25, 0.75, 80),
        ("2026-02", 1, 5, 0, 5, None, None, 20),
        ("2026-02", 2, 5, 0, 5, None, None, 20),
    ]
    assert [(one["lead_months"], one["planned"], one["actual"], one["accuracy_rate"]) for one in report["totals"]] == [
        (0, 27, 18, 0.5), (1, 25, 18, 0.611111), (2, 11, 8, 0.125),
    ]  # fmt: skip
    known = await company["director"].read("/v1/kpi/rolling-accuracy", as_of="2026-01-05", to_month="2026-01")
    assert {one["month"] for one in known["rows"]} == {"2025-11", "2025-12"}
    assert (await company["bj_head"].read("/v1/kpi/rolling-accuracy"))["rows"] == []
    assert (
        await company["director"].get("/v1/kpi/rolling-accuracy", to_month="2020-01", from_month="2021-01")
    ).status_code == 422


async def test_a_version_that_makes_no_sense_is_refused(company: Staffed) -> None:
    for body, code in (
        (version("2026-05", 5), "base_outside"),
        (version("2026-03", 5, 6, 7, 8), "month_outside"),
        (version("2026-03"), "validation"),
    ):
        assert await company.refused("sh_head", PATH, body) == (422, code)
    assert await company.refused("li", PATH, version("2026-03", 5)) == (403, "forbidden")
    elsewhere = {**version("2026-03", 5), "unit_id": company.unit("BJ")}
    assert await company.refused("sh_head", PATH, elsewhere) == (403, "outside_your_units")
