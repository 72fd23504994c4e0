"""Improvement loops and training needs, over HTTP on a real database."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest

from services.kpi.improvements.views import IMPROVEMENTS, TRAINING
from services.kpi.views.people import PEOPLE
from services.kpi.views.units import UNITS
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.kpi.raw_facts import prospect
from tests.kpi.raw_facts import tell as tell_raw
from tests.kpi.staffed import Staffed, staffed


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


def figure(value: str, month: str = "2026-01") -> dict[str, Any]:
    return {"kpi": "follow_up_timeliness", "since": f"{month}-01", "until": f"{month}-28", "value": value}


def measure(sh: Staffed, text: str, owner: str = "li", due_on: str = "2026-02-20") -> dict[str, Any]:
    return {"text": text, "owner_id": sh.person(owner), "due_on": due_on}


def planning(sh: Staffed, **said: Any) -> dict[str, Any]:
    return {
        "title": "跟进及时率", "finding": "低于目标", "source": "kpi", "unit_id": sh.unit("SH"),
        "due_on": "2026-03-31", "target": "0.9", "before": figure("0.62"), "on": "2026-02-02",
        "measures": [measure(sh, "晨会核对"), measure(sh, "系统提醒", "wang", "2026-03-20")], **said,
    }  # fmt: skip


async def tell(
    sh: Staffed, path: str, verb: str, body: dict[str, Any], who: str = "sh_head", on: str = ""
) -> dict[str, Any]:
    version = (await sh[who].read(path))["version"]
    return await sh.make(who, f"{path}/{verb}", body | ({"on": on} if on else {}), version=version)


async def row(sh: Staffed, path: str, who: str = "sh_head", **asked: Any) -> dict[str, Any]:
    await sh.fold(PEOPLE, UNITS, IMPROVEMENTS, TRAINING)
    (found,) = (await sh[who].read(path, **asked))["items"]
    return dict(found)


async def test_a_loop_goes_round_until_it_is_the_rule(sh: Staffed) -> None:
    path = f"/v1/improvements/{(await sh.make('sh_head', '/v1/improvements', planning(sh)))['id']}"
    start = await row(sh, "/v1/improvements")
    expected: list[Any] = ["planned", 1, 2, 0, 1, "follow_up_timeliness", "0.62", None]
    assert [start[name] for name in ("status", "loop", "measures", "done", "late", "kpi", "before", "after")] == (
        expected
    )
    body = {"effect": "partly", "finding": "升到七成五", "after": figure("0.75", "2026-02")}
    assert await sh.refused("sh_head", f"{path}/check", body, version=1) == (409, "nothing_done_yet")
    await tell(sh, path, "finish-measure", {"number": 1, "result": "已固定"}, who="li", on="2026-02-10")
    await tell(sh, path, "check", body, on="2026-02-27")
    again = {"decision": "adjust", "rule": "提醒不够早"}
    assert await sh.refused("sh_head", f"{path}/act", again, version=3) == (422, "measures_of_next_loop")
    more: dict[str, Any] = {"due_on": "2026-04-30", "measures": [measure(sh, "提前两天提醒", "li", "2026-03-10")]}
    await tell(sh, path, "act", again | more, on="2026-02-28")
    second = await row(sh, "/v1/improvements")
    assert [second[name] for name in ("status", "loop", "measures", "done", "late", "due_on", "change")] == [
        "planned", 2, 1, 0, 0, "2026-04-30", "0.13",
    ]  # fmt: skip
    told = {"number": 2, "result": "x"}
    assert await sh.refused("sh_head", f"{path}/finish-measure", told, version=4) == (422, "unknown_measure")
    await tell(sh, path, "finish-measure", {"number": 3})
    await tell(sh, path, "check", {"effect": "effective", "finding": "九成一", "after": figure("0.91", "2026-02")})
    await tell(sh, path, "act", {"decision": "standardise", "rule": "写入晨会制度"})
    last = await row(sh, "/v1/improvements")
    assert (last["status"], last["change"], last["decision"]) == ("standardised", "0.29", "standardise")
    assert (await row(sh, "/v1/improvements", as_of="2026-02-15"))["status"] == "doing"
    assert (await row(sh, "/v1/improvements", as_of="2026-02-27"))["after"] == "0.75"
    assert (await row(sh, "/v1/improvements", known_at="15"))["status"] == "planned", "as known then"
    body = {"decision": "stop", "rule": "x"}
    assert await sh.refused("sh_head", f"{path}/act", body, version=7) == (409, "improvement_over")
    assert (await sh["sh_head"].read(path))["allowed_actions"] == ["correct", "void"]


async def test_who_plans_improvements_and_who_sees_them(sh: Staffed) -> None:
    assert await sh.refused("li", "/v1/improvements", planning(sh)) == (403, "forbidden")
    assert await sh.refused("bj_head", "/v1/improvements", planning(sh)) == (403, "outside_your_units")
    told = planning(sh, measures=[{"text": "x", "owner_id": sh.unit("SH"), "due_on": "2026-03-20"}])
    assert await sh.refused("sh_head", "/v1/improvements", told) == (422, "unknown_person")
    told = planning(sh, before={**figure("1"), "until": "2025-01-01"})
    assert await sh.refused("sh_head", "/v1/improvements", told) == (422, "range_of_kpi")
    path = f"/v1/improvements/{(await sh.make('sh_head', '/v1/improvements', planning(sh)))['id']}"
    assert (await sh["zhao"].get(path)).status_code == 404
    assert (await sh["bj_head"].get(path)).status_code == 404
    assert (await sh["director"].get(path)).status_code == 200
    await sh.fold()
    counts = {who: len((await sh[who].read("/v1/improvements"))["items"]) for who in ("bj_head", "sh_head", "director")}
    assert counts == {"bj_head": 0, "sh_head": 1, "director": 1}


async def test_a_training_need_from_a_defeat_is_planned_held_and_its_effect_seen(sh: Staffed) -> None:
    need = {
        "owner_id": sh.person("li"), "topic": "产品知识", "source": "defeat", "reason": "own.product_knowledge",
        "before": {**figure("0.5"), "kpi": "defeat_rate"}, "on": "2026-02-02",
    }  # fmt: skip
    made = await sh.make("sh_head", "/v1/training-needs", need)
    path = f"/v1/training-needs/{made['id']}"
    assert await sh.refused("sh_head", f"{path}/check", {"effect": "none", "finding": "x"}, version=1) == (
        409, "training_not_so_far",
    )  # fmt: skip
    await tell(sh, path, "plan", {"course": "新车型", "planned_on": "2026-02-20"}, who="hr", on="2026-02-03")
    late = await row(sh, "/v1/training-needs")
    assert (late["owner"], late["status"], late["days_late"]) == ("li", "planned", 10)
    await tell(sh, path, "hold", {"result": "passed", "hours": "6"}, on="2026-02-25")
    after = {"kpi": "defeat_rate", "since": "2026-02-01", "until": "2026-02-28", "value": "0.2"}
    await tell(sh, path, "check", {"effect": "effective", "finding": "无同类战败", "after": after})
    found = await row(sh, "/v1/training-needs", reason="own.product_knowledge")
    assert [found[name] for name in ("status", "held_on", "hours", "result", "change", "days_late")] == [
        "checked", "2026-02-25", "6", "passed", "-0.3", 0,
    ]  # fmt: skip
    assert (await row(sh, "/v1/training-needs", as_of="2026-02-24"))["days_late"] == 4
    assert (await row(sh, "/v1/training-needs", who="li"))["id"] == made["id"], "their own"
    assert await sh.refused("sh_head", f"{path}/drop", {"reason": "x"}, version=4) == (409, "training_not_so_far")


async def test_what_is_about_a_person_is_seen_by_them_their_heads_and_hr(sh: Staffed) -> None:
    of_rep = await sh.make("sh_head", "/v1/training-needs", {"owner_id": sh.person("li"), "topic": "谈判"})
    of_head = await sh.make("director", "/v1/training-needs", {"owner_id": sh.person("sh_head"), "topic": "带队"})
    own = await sh.make("wang", "/v1/training-needs", {"owner_id": sh.person("wang"), "topic": "英语"})
    assert await sh.refused("li", "/v1/training-needs", {"owner_id": sh.person("wang"), "topic": "x"}) == (
        403, "forbidden",
    )  # fmt: skip
    await sh.fold()
    seen = {
        "li": {of_rep["id"]}, "wang": {own["id"]}, "sh_office": set(), "bj_head": set(), "zhao": set(),
        "sh_head": {of_rep["id"], own["id"], of_head["id"]}, "sh_manager": {of_rep["id"], own["id"], of_head["id"]},
        "hr": {of_rep["id"], own["id"], of_head["id"]}, "director": {of_rep["id"], own["id"], of_head["id"]},
    }  # fmt: skip
    for who, expected in seen.items():
        found = {one["id"] for one in (await sh[who].read("/v1/training-needs"))["items"]}
        assert found == expected, who
        for id in (of_rep["id"], of_head["id"], own["id"]):
            status = (await sh[who].get(f"/v1/training-needs/{id}")).status_code
            assert status == (200 if id in expected else 404), who
    assert await sh.refused("li", f"/v1/training-needs/{of_rep['id']}/drop", {"reason": "x"}, version=1) == (
        403, "forbidden",
    )  # fmt: skip


async def test_defeats_through_our_own_people_are_findings_that_ask_for_training(sh: Staffed) -> None:
    def lost(day: str, reason: str, *others: str) -> tuple[str, str, dict[str, Any]]:
        said = {"defeat_reason": reason, "defeat_category": reason.partition(".")[0], "defeat_other_reasons": others}
        return "DealLost", day, {"status": "defeated", **said}

    for day, reason, others in (
        ("2026-01-10", "own.attitude", ()),
        ("2026-01-12", "own.slow_follow_up", ("own.attitude",)),
        ("2026-02-01", "brand.price", ("own.attitude",)),
        ("2026-02-02", "brand.price", ()),
    ):
        deal = await prospect(sh, "li", "2026-01-02", 1)
        await tell_raw(sh, "opportunity", lost(day, reason, *others), id=deal, version=1)
    deal = await prospect(sh, "zhao", "2026-01-02", 1, unit="BJ")
    await tell_raw(sh, "opportunity", lost("2026-01-20", "own.promise_not_kept"), id=deal, version=1)
    need = {"owner_id": sh.person("li"), "topic": "服务态度", "source": "defeat", "reason": "own.attitude"}
    await sh.make("sh_head", "/v1/training-needs", need)
    await sh.fold()

    async def found(who: str, **asked: str) -> list[tuple[str, str, int, int, str, int]]:
        rows = (await sh[who].read("/v1/kpi/training-findings", **asked))["rows"]
        names = ("owner", "reason", "defeats", "mentions", "last_on", "open_needs")
        return [tuple(row[name] for name in names) for row in rows]

    of_li = [("li", "own.attitude", 1, 3, "2026-02-01", 1), ("li", "own.slow_follow_up", 1, 1, "2026-01-12", 0)]
    assert await found("sh_head") == of_li
    assert await found("li") == of_li
    assert await found("wang") == []
    assert await found("director", to="2026-01-31", unit_id=sh.unit("SH")) == [
        ("li", "own.attitude", 1, 2, "2026-01-12", 1), ("li", "own.slow_follow_up", 1, 1, "2026-01-12", 0),
    ]  # fmt: skip
    assert sorted(row[0] for row in await found("director", as_of="2026-01-20")) == ["li", "li", "zhao"]
    assert await found("director", category="brand") == [("li", "brand.price", 2, 2, "2026-02-02", 0)]
    assert await found("director", known_at="12") == []


async def test_a_figure_that_is_not_told_is_computed_and_kept_with_its_position(sh: Staffed) -> None:
    for day in ("2026-01-05", "2026-01-06"):
        await prospect(sh, "li", day, 2, won="2026-01-20")
    await prospect(sh, "wang", "2026-01-07", 1)
    await sh.fold()
    asked = {"kpi": "orders", "since": "2026-01-01", "until": "2026-01-31"}
    made = await sh.make("sh_head", "/v1/improvements", planning(sh, before=asked))
    before = (await sh["sh_head"].read(f"/v1/improvements/{made['id']}"))["standing"]["kpi_before"]
    assert (before["value"], before["version"]) == ("4", 1)
    assert before["known_at"] > 0
    need = {"owner_id": sh.person("wang"), "topic": "谈判", "before": {**asked, "kpi": "new_records"}}
    await sh.fold()
    told = await sh.make("sh_head", "/v1/training-needs", need)
    shown = (await sh["sh_head"].read(f"/v1/training-needs/{told['id']}"))["standing"]["kpi_before"]
    assert shown["value"] == "1"
    body = planning(sh, before={**asked, "kpi": "nothing"})
    assert await sh.refused("sh_head", "/v1/improvements", body) == (422, "unknown_kpi")
