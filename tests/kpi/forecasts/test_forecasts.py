"""Forecast calls over HTTP: the person's figure and the head's, both kept, version by version, beside the outcome."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.kpi.forecasts.shapes import ForecastReport, ForecastRow, ForecastVersions
from services.kpi.forecasts.views import FORECASTS
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.kpi.raw_facts import prospect
from tests.kpi.staffed import Staffed, staffed


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


def orders(figure: str, **said: Any) -> list[dict[str, Any]]:
    return [{"measure": "orders", "figure": figure, **said}]


async def call(sh: Staffed, who: str, figure: str, month: str = "2026-03", **said: Any) -> str:
    receipt = await sh.make(who, "/v1/forecasts", {"month": month, "lines": orders(figure), **said})
    await sh.fold(FORECASTS)
    return f"/v1/forecasts/{receipt['id']}"


async def tell(sh: Staffed, path: str, verb: str, body: dict[str, Any], who: str) -> None:
    version = (await sh[who].read(path))["version"]
    await sh.make(who, f"{path}/{verb}", body, version=version)
    await sh.fold(FORECASTS)


async def refused(sh: Staffed, path: str, verb: str, body: dict[str, Any], who: str) -> tuple[int, str]:
    version = (await sh["director"].read(path))["version"]
    return await sh.refused(who, f"{path}/{verb}", body, version=version)


async def shown(sh: Staffed, **asked: Any) -> tuple[Any, ...]:
    (row,) = (await sh["sh_head"].read("/v1/forecasts", person_id=sh.person("li"), **asked))["items"]
    (one,) = row["figures"]
    return row["number"], one["called"], row["adjusted_number"], one["adjusted"], one["in_force"]


async def test_both_figures_are_kept_version_by_version(sh: Staffed, app: FastAPI) -> None:
    path = await call(sh, "li", "12", on="2026-02-25")
    assert await shown(sh) == (1, "12", None, None, "12")
    await tell(sh, path, "adjust", {"lines": orders("9"), "reason": "招标延期", "on": "2026-02-27"}, "sh_head")
    assert await shown(sh) == (1, "12", 1, "9", "9")
    await tell(sh, path, "revise", {"lines": orders("10")}, "li")
    assert await shown(sh) == (2, "10", 1, "9", "10"), "the head's figure was of the call before"
    await tell(sh, path, "adjust", {"lines": orders("11")}, "sh_manager")
    assert await shown(sh) == (2, "10", 2, "11", "11")
    assert await shown(sh, as_of="2026-02-26") == (1, "12", None, None, "12")
    assert await shown(sh, as_of="2026-02-28") == (1, "12", 1, "9", "9")
    rows = (await sh["li"].read(f"{path}/versions"))["rows"]
    assert [(row["kind"], row["number"], row["by_name"], row["figure"], row["reason"]) for row in rows] == [
        ("called", 1, "li", "12", None), ("adjusted", 1, "sh_head", "9", "招标延期"),
        ("called", 2, "li", "10", None), ("adjusted", 2, "sh_manager", "11", None),
    ]  # fmt: skip
    changed = {"version": 3, "changes": {"lines": orders("13")}, "reason": "录错"}
    await tell(sh, path, "correct", changed, "li")
    assert (await shown(sh))[1] == "13"
    position = (await sh["li"].read(path))["history"][-1]["position"]
    await sh.fold()
    assert (await shown(sh, known_at=position - 1))[1] == "10", "as known before the correction"
    await tell(sh, path, "void", {"version": 4, "reason": "误"}, "sh_head")
    assert await shown(sh) == (2, "13", 1, "9", "13")
    one = await sh["li"].read(path)
    assert set(one["allowed_actions"]) == {"revise", "correct", "void"}
    assert set((await sh["sh_head"].read(path))["allowed_actions"]) == {"adjust", "correct", "void"}
    assert one["people"][sh.person("sh_head")] == "sh_head"


async def test_forecasts_stand_beside_target_and_outcome(sh: Staffed, app: FastAPI) -> None:
    body = {"month": "2026-03", "unit_id": sh.unit("SH"), "totals": [{"measure": "orders", "target": "10"}]}
    split = await sh.make("sh_head", "/v1/splits", {**body, "persons": [sh.person("li")]})
    await sh.make("sh_head", f"/v1/splits/{split['id']}/issue", {}, version=split["version"])
    li, wang = await call(sh, "li", "6"), await call(sh, "wang", "4")
    await tell(sh, wang, "adjust", {"lines": orders("2")}, "sh_head")
    await prospect(sh, "li", "2026-02-10", 5, won="2026-03-02")
    await prospect(sh, "li", "2026-02-11", 3, won="2026-02-20")
    await sh.fold()
    asked = {"month": "2026-03", "as_of": "2026-03-31"}
    rows = (await sh["sh_head"].read("/v1/kpi/forecasts", **asked))["rows"]
    names = ("label", "called", "adjusted", "in_force", "target", "gap", "actual", "deviation")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("li", "6", None, "6", "10", "-4", "5", 0.2), ("wang", "4", "2", "2", None, None, "0", None),
    ]  # fmt: skip
    whole = await sh["director"].read("/v1/kpi/forecasts", group_by="branch", **asked)
    (branch,) = whole["rows"]
    assert [branch[name] for name in names] == ["SH店", "10", "2", "8", "10", "-2", "5", 0.6]
    assert whole["complete"] is False
    ForecastReport.model_validate(whole)
    ForecastVersions.model_validate(await sh["li"].read(f"{li}/versions"))
    ForecastRow.model_validate((await sh["li"].read("/v1/forecasts"))["items"][0])
    mine = (await sh["li"].read("/v1/kpi/forecasts", **asked))["rows"]
    assert [row["label"] for row in mine] == ["li"]
    assert (await sh["bj_head"].read("/v1/kpi/forecasts", **asked))["rows"] == []
    assert (await sh["sh_head"].get("/v1/forecasts", format="xlsx")).status_code == 200
    assert (await sh["zhao"].get(li)).status_code == 404


async def test_what_a_forecast_refuses(sh: Staffed, app: FastAPI) -> None:
    said = {"month": "2026-03", "lines": orders("1")}
    two = [*orders("1"), *orders("2", product="GTX")]
    for who, body, expected in (
        ("sh_head", said | {"person_id": sh.person("li")}, (403, "not_your_forecast")),
        ("hr", said, (403, "forbidden")),
        ("li", said | {"month": "2026-01"}, (409, "month_over")),
        ("li", said | {"on": "2026-03-09"}, (422, "in_the_future")),
        ("li", said | {"lines": orders("1", currency="CNY")}, (422, "currency_of_amounts")),
        ("li", said | {"lines": orders("1") * 2}, (422, "line_twice")),
        ("li", said | {"lines": two}, (422, "product_or_all")),
        ("li", said | {"lines": []}, (422, "validation")),
    ):
        assert await sh.refused(who, "/v1/forecasts", body) == expected, body
    path = await call(sh, "li", "5")
    assert await sh.refused("li", "/v1/forecasts", said) == (409, "forecast_exists")
    assert await refused(sh, path, "revise", {"lines": orders("4")}, "sh_head") == (403, "not_your_forecast")
    assert await refused(sh, path, "adjust", {"lines": orders("4")}, "li") == (403, "forbidden")
    assert await refused(sh, path, "adjust", {"lines": orders("4")}, "bj_head") == (404, "not_found")
    own = await call(sh, "sh_head", "5")
    assert await refused(sh, own, "adjust", {"lines": orders("4")}, "sh_head") == (403, "not_in_reporting_line")
    wrong = {"version": 1, "changes": {"lines": two}, "reason": "错"}
    assert await refused(sh, path, "correct", wrong, "li") == (422, "product_or_all")
    app.state.kit.clock.now = app.state.kit.clock.now.replace(month=4)
    assert await refused(sh, path, "revise", {"lines": orders("4")}, "li") == (409, "month_over")
    office = sh.company["sh_office"]
    behalf = {"authorization": f"Bearer {office.token}", "on-behalf-of": sh.person("wang"), "idempotency-key": "k1"}
    answer = await office.http.post("/v1/forecasts", json=said | {"month": "2026-04"}, headers=behalf)
    assert answer.status_code == 201, answer.text
