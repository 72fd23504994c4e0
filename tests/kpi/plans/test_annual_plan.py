"""Annual plans: proposed from last year, reviewed, returned, approved, cascaded in three steps, issued, changed."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest

from services.accounts.events import Function
from services.kpi.plans.plan import plan_id
from shared.event_store.store import EventStore
from shared.identity.tokens import development_key, mint_token
from shared.settings import Settings
from tests.accounts.company import Client
from tests.kpi.plans.planned import PLANS, add_unit, approved, fold, reported, row, sold
from tests.kpi.staffed import Staffed, staffed

GROWTH = [{"measure": "orders", "target": "0.10", "stretch": "0.30"}, {"measure": "deliveries", "target": "0"}]


@pytest.fixture
async def company(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    made = await staffed(store, http, settings, pool)
    head = made.people["service"]  # at head office: who proposes the company's plan
    token = mint_token(
        development_key(settings.data), made.tenant_id, head, (str(Function.DEPARTMENT_HEAD),), made.company.root_id
    )
    made.company.clients["head"] = Client(http, token, head)
    return made


async def targets(company: Staffed, who: str = "director", **params: Any) -> set[tuple[Any, ...]]:
    await fold(company)
    rows = (await company[who].read("/v1/kpi/targets", from_month="2026-01", **params))["rows"]
    return {(one["month"], one["measure"], one["unit"], one["target"], one["stretch"], one["source"]) for one in rows}


async def table(company: Staffed, id: str, **params: Any) -> dict[str, Any]:
    await fold(company)
    found = await company["director"].read(f"{PLANS}/{id}/table", **params)
    return {one["period"]: one for one in found["rows"]}


async def test_a_year_begins_from_the_same_months_of_last_year(company: Staffed) -> None:
    deal = await sold(company, "SH", "2025-01", 10, delivered=4)
    await reported(company, deal, "2025-01", "VIN1", "VIN2", "VIN3")
    await sold(company, "BJ", "2025-01", 5)
    await sold(company, "SH", "2025-02", 3)
    await sold(company, "SH", "2024-02", 70)
    await fold(company)
    params = {"year": 2026, "growth": "0.10", "stretch": "0.30"}
    shown = (await company["director"].read(f"{PLANS}/proposal", **params))["rows"]
    january = [one for one in shown if one["month"] == "2026-01"]
    assert [(one["measure"], one["basis"], one["target"], one["stretch"]) for one in january] == [
        ("orders", "15", 17, 20), ("deliveries", "4", 4, 5), ("reported", "2", 2, 3),
    ]  # fmt: skip
    stated = [row("2026-12", 9, 12, "reported"), row("2026-02", 8)]
    made = await company.make("head", PLANS, {"year": 2026, "growths": GROWTH, "rows": stated})
    found = await table(company, made["id"])
    sides = ("orders_target", "orders_stretch", "deliveries_target", "reported_target", "reported_stretch")
    assert tuple(found["2026-01"][name] for name in sides) == (17, 20, 4, None, None)
    assert tuple(found["2026-02"][name] for name in sides) == (8, None, 0, None, None)
    assert tuple(found["2026-Q1"][name] for name in sides) == (25, 20, 4, None, None)
    assert tuple(found["2026-Q4"][name] for name in sides) == (0, 0, 0, 9, 12)
    assert tuple(found["2026"][name] for name in sides) == (25, 20, 4, 9, 12)
    read = await company["director"].read(f"{PLANS}/{made['id']}")
    assert read["standing"]["basis"][0] == {
        "month": "2026-01-01", "measure": "orders", "outcome": "15", "source": "outcome",
    }  # fmt: skip
    sheet = (await company["director"].get(f"{PLANS}/{made['id']}/table", format="csv")).text
    assert sheet.startswith("\ufeffPeriod,Kind,"), "what a row is of comes before its figures"
    assert "2026-Q1" in sheet
    branch = await company["sh_head"].read(f"{PLANS}/proposal", **params)
    assert [one["basis"] for one in branch["rows"][:2]] == ["10", "4"], "of the branch alone"


async def test_months_of_last_year_that_are_not_over_count_their_targets(company: Staffed) -> None:
    await sold(company, "SH", "2025-05", 6)
    await sold(company, "SH", "2026-01", 4)
    id, version = await approved(company, {"year": 2026, "rows": [row("2026-04", 11)]})
    await company.make("director", f"{PLANS}/{id}/issue", {}, version=version)
    await fold(company)
    shown = (await company["sh_head"].read(f"{PLANS}/proposal", year=2027, growth="0"))["rows"]
    found = {(one["month"], one["basis_source"], one["target"]) for one in shown if one["measure"] == "orders"}
    assert {("2027-01", "outcome", 4), ("2027-04", "target", 11), ("2027-05", "year_before", 6)} <= found
    growths = [{"measure": "orders", "target": "0"}]
    told = {"year": 2026, "unit_id": company.unit("BJ"), "growths": growths, "on": "2025-05-20"}
    await sold(company, "BJ", "2025-04", 5)
    await sold(company, "BJ", "2024-05", 7)
    await sold(company, "BJ", "2025-06", 9)
    await fold(company)
    late = (await company.make("director", PLANS, told))["id"]
    basis = (await company["director"].read(f"{PLANS}/{late}"))["standing"]["basis"]
    assert [(one["outcome"], one["source"]) for one in basis[3:6]] == [
        ("5", "outcome"), ("7", "year_before"), ("0", "year_before"),
    ], "what was told for a past day foresees nothing"  # fmt: skip


async def test_a_proposal_is_returned_with_comments_and_comes_back(company: Staffed) -> None:
    id = (await company.make("sh_head", PLANS, {"year": 2026, "rows": [row("2026-04", 5)]}))["id"]
    path = f"{PLANS}/{id}"
    assert await company.refused("sh_head", PLANS, {"year": 2026, "rows": [row("2026-04", 5)]}) == (409, "plan_exists")
    assert await company.refused("director", f"{path}/approve", {}, version=1) == (409, "plan_not_reviewed")
    await company.make("sh_office", f"{path}/submit", {}, version=1)
    assert await company.refused("sh_head", f"{path}/revise", {"rows": [row("2026-04", 6)]}, version=2) == (
        409, "plan_not_draft",
    )  # fmt: skip
    assert await company.refused("sh_office", f"{path}/review", {}, version=2) == (403, "forbidden")
    await company.make("director", f"{path}/return", {"comment": "偏低"}, version=2)
    await company.make("sh_head", f"{path}/revise", {"rows": [row("2026-04", 6)]}, version=3)
    await company.make("sh_head", f"{path}/submit", {}, version=4)
    assert await company.refused("sh_head", f"{path}/review", {}, version=5) == (403, "not_in_reporting_line")
    await company.make("sh_manager", f"{path}/review", {"comment": "同意"}, version=5)
    assert await company.refused("sh_head", f"{path}/approve", {}, version=6) == (403, "not_in_reporting_line")
    receipt = await company.make("director", f"{path}/approve", {}, version=6)
    read = await company["sh_head"].read(path)
    assert (read["standing"]["status"], read["standing"]["comment"]) == ("approved", "偏低")
    assert read["allowed_actions"] == ["cascade", "issue", "correct", "void"]
    assert read["people"][company.person("director")] == "director"
    assert read["units"][company.unit("SH")] == "SH店"
    earlier = await company["sh_head"].read(path, known_at=receipt["position"] - 2)
    assert earlier["standing"]["status"] == "submitted"
    assert await company.refused("bj_head", f"{path}/issue", {}, version=7) == (404, "not_found")
    await fold(company)
    listed = (await company["sh_head"].read(PLANS, year=2026))["items"]
    assert [(one["status"], one["orders_target"], one["owner"]) for one in listed] == [("approved", 6, "sh_head")]
    assert (await company["bj_head"].read(PLANS))["items"] == (await company["director"].read(PLANS, year=2025))[
        "items"
    ]


async def test_a_plan_is_cascaded_in_three_steps_and_issued_as_a_whole(company: Staffed) -> None:
    for code, above in (("T1", "SH"), ("T2", "SH"), ("T11", "T1"), ("T111", "T11")):
        await add_unit(company, code, above)
    await sold(company, "SH", "2025-04", 3)
    await sold(company, "BJ", "2025-04", 1)
    await sold(company, "T1", "2025-04", 4)
    await fold(company)
    id, version = await approved(company, {"year": 2026, "rows": [row("2026-04", 9, 12)]}, "head")
    shown = (await company["head"].read(f"{PLANS}/{id}/parts"))["rows"]
    assert {(one["unit"], one["target"], one["stretch"]) for one in shown} == {("SH店", "8", "11"), ("BJ店", "1", "1")}
    even = (await company["head"].read(f"{PLANS}/{id}/parts", spread="even"))["rows"]
    assert sorted(one["target"] for one in even) == ["4", "5"]
    first = await company.make("head", f"{PLANS}/{id}/cascade", {"spread": "last_year"}, version=version)

    def part(code: str) -> str:
        return f"{PLANS}/{plan_id(company.tenant_id, company.company.units[code], 2026)}"

    await fold(company)
    below = (await company["head"].read(PLANS, parent_id=id, year=2026))["items"]
    shares = {(one["unit"], one["orders_target"], one["orders_stretch"], one["step"]) for one in below}
    assert shares == {("SH店", 8, 11, 1), ("BJ店", 1, 1, 1)}
    path = f"{part('SH')}/cascade"
    wrong = [{"unit_id": company.unit("T1"), "rows": [row("2026-04", 3)]}]
    stated = [*wrong, {"unit_id": company.unit("T2"), "rows": [row("2026-04", 5, 8)]}]
    said: dict[str, Any] = {"spread": "stated", "units": wrong}
    assert await company.refused("sh_manager", path, said, version=1) == (422, "parts_do_not_sum")
    await company.make("sh_manager", path, {"spread": "stated", "units": stated}, version=1)
    await company.make("sh_manager", f"{part('T1')}/cascade", {"spread": "even"}, version=1)
    path = f"{part('T11')}/cascade"
    assert await company.refused("director", path, {"spread": "even"}, version=1) == (409, "cascade_ends")
    path, said = f"{part('T1')}/change", {"rows": [row("2026-04", 4)], "reason": "增"}
    assert await company.refused("sh_manager", path, said, version=2) == (409, "plan_not_issued")
    assert await targets(company) == set()
    issued = await company.make("director", f"{PLANS}/{id}/issue", {}, version=first["version"])
    found = await targets(company)
    assert {(unit, target, source) for _, _, unit, target, _, source in found} == {
        ("总部", "9", "annual"), ("SH店", "8", "annual"), ("BJ店", "1", "annual"),
        ("T1组", "3", "annual"), ("T2组", "5", "annual"), ("T11组", "3", "annual"),
    }  # fmt: skip
    assert await targets(company, "li") == set()
    assert len(await targets(company, "sh_head")) == 4
    assert len(await targets(company, unit_id=company.unit("T1"))) == 2
    assert await targets(company, known_at=issued["position"] - 1) == set()
    assert await targets(company, as_of="2026-03-01") == set()
    read = await company["sh_manager"].read(part("T1"))
    assert read["allowed_actions"] == ["cascade", "change", "correct", "void"]


async def test_changes_are_numbered_versions_and_spare_months_that_are_over(company: Staffed) -> None:
    rows = [row("2026-02", 5), row("2026-03", 6, 8)]
    id, version = await approved(company, {"year": 2026, "rows": rows, "on": "2026-02-28"})
    await company.make("director", f"{PLANS}/{id}/issue", {"on": "2026-02-28"}, version=version)
    path = f"{PLANS}/{id}/change"
    change = {"rows": [row("2026-03", 7, 9), row("2026-04", 1)], "reason": "新增客户"}
    assert await company.refused("sh_head", path, change, version=5) == (403, "not_in_reporting_line")
    over = {"rows": [row("2026-02", 1)], "reason": "改", "on": "2026-02-28"}
    assert await company.refused("director", path, over, version=5) == (409, "month_over")
    receipt = await company.make("director", path, change, version=5)
    assert (await company.make("director", path, change, version=6))["version"] == 6, "says nothing new"
    await company.make("director", path, {"rows": [row("2026-03", 8, 9)], "reason": "再增"}, version=6)

    def march(found: set[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        return [(target, stretch) for month, _, _, target, stretch, _ in found if month == "2026-03"]

    assert march(await targets(company)) == [("8", "9")]
    assert march(await targets(company, as_of="2026-03-01")) == [("6", "8")]
    assert march(await targets(company, known_at=receipt["position"])) == [("7", "9")]
    listed = (await company["director"].read(PLANS))["items"]
    assert [(one["number"], one["change_reason"], one["status"]) for one in listed] == [(2, "再增", "issued")]
    assert (await table(company, id, as_of="2026-03-01"))["2026"]["orders_target"] == 11
    fix = {"version": 7, "reason": "误录"}
    await company.make("director", f"{PLANS}/{id}/void", fix, version=7)
    assert march(await targets(company)) == [("7", "9")]


SENSELESS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"rows": [row("2026-04", 5), row("2026-04", 6)]}, "row_twice"),
    ({"rows": [row("2027-04", 5)]}, "month_outside"),
    ({"rows": [row("2026-04", 5, 4)]}, "stretch_below"),
    ({"rows": [{**row("2026-04", 5), "target": "1.5"}]}, "not_whole"),
    ({"rows": [row("2026-04", 5, measure="amount")]}, "currency_of_amount"),
    ({"rows": []}, "no_rows"),
    ({"growths": [GROWTH[0], GROWTH[0]]}, "measure_twice"),
    ({"growths": [{"measure": "leads", "target": "0"}]}, "validation"),
)


async def test_a_proposal_that_makes_no_sense_is_refused(company: Staffed) -> None:
    for body, code in SENSELESS:
        assert await company.refused("director", PLANS, {"year": 2026, **body}) == (422, code)
    elsewhere = {"year": 2026, "rows": [row("2026-04", 5)], "unit_id": company.unit("BJ")}
    assert await company.refused("sh_head", PLANS, elsewhere) == (403, "outside_your_units")
    assert await company.refused("li", PLANS, {"year": 2026, "rows": [row("2026-04", 5)]}) == (403, "forbidden")
    assert (await company["li"].get(f"{PLANS}/proposal", year=2026)).status_code == 404


async def test_a_unit_that_comes_later_gets_its_part_with_a_reason(company: Staffed) -> None:
    id, version = await approved(company, {"year": 2026, "rows": [row("2026-05", 4)]}, "head")
    one = [{"unit_id": company.unit("SH"), "rows": [row("2026-05", 4)]}]
    path = f"{PLANS}/{id}/cascade"
    await company.make("head", path, {"spread": "stated", "units": one}, version=version)
    await company.make("director", f"{PLANS}/{id}/issue", {}, version=version + 1)
    late = [{"unit_id": company.unit("BJ"), "rows": [row("2026-05", 2)]}]
    for said, code in (
        ({"spread": "stated", "units": one}, "plan_issued"),
        ({"spread": "even"}, "parts_stated"),
        ({"spread": "stated", "units": late}, "parts_do_not_sum"),
        ({"spread": "stated", "units": [{**late[0], "unit_id": company.unit("HQ")}]}, "not_below"),
    ):
        assert (await company.refused("head", path, said, version=version + 2))[1] == code
    reason = {"spread": "stated", "units": late, "difference_reason": "新设分店"}
    await company.make("head", path, reason, version=version + 2)
    assert {unit for _, _, unit, _, _, _ in await targets(company)} == {"总部", "SH店", "BJ店"}


async def test_a_draft_of_its_own_gives_way_to_a_part_and_a_submitted_one_does_not(company: Staffed) -> None:
    id, version = await approved(company, {"year": 2026, "rows": [row("2026-05", 4)]}, "head")
    own = (await company.make("bj_head", PLANS, {"year": 2026, "rows": [row("2026-05", 9)]}))["id"]
    await company.make("bj_head", f"{PLANS}/{own}/submit", {}, version=1)
    path = f"{PLANS}/{id}/cascade"
    assert await company.refused("head", path, {"spread": "even"}, version=version) == (409, "plan_of_its_own")
    await company.make("director", f"{PLANS}/{own}/return", {"comment": "以公司分解为准"}, version=2)
    await company.make("head", path, {"spread": "even"}, version=version)
    read = await company["bj_head"].read(f"{PLANS}/{own}")
    assert (read["standing"]["status"], read["standing"]["rows"][0]["target"]) == ("handed_down", "2")
    assert read["allowed_actions"] == ["cascade", "correct", "void"]
    assert await company.refused("bj_head", f"{PLANS}/{own}/cascade", {}, version=4) == (409, "nobody_below")
    units = [{"unit_id": company.unit("BJ"), "rows": [row("2026-05", 1)]}]
    again = {"spread": "stated", "units": units}
    assert await company.refused("head", path, again, version=version + 1) == (422, "parts_do_not_sum")
    units.append({"unit_id": company.unit("SH"), "rows": [row("2026-05", 3)]})
    await company.make("head", path, again, version=version + 1)
    assert (await table(company, own))["2026-05"]["orders_target"] == 1
