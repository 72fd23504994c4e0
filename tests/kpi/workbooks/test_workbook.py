"""The month as a workbook: its figures are those of the values, its people those in sight, its cells typed."""

from __future__ import annotations

import io
import zipfile
from uuid import uuid4

import asyncpg
import httpx
import pytest

from shared.event_store.store import EventStore
from shared.settings import Settings
from shared.testing.workbooks import sheets
from tests.accounts.test_organisation_routes import problem
from tests.kpi.engine.test_routes import a_spring
from tests.kpi.staffed import Staffed, staffed

SHEETS = ["Overview", "Twelve months", "Branches", "People", "Definitions"]


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    found = await staffed(store, http, settings, pool)
    await a_spring(found)
    await found.fold()
    return found


async def book(sh: Staffed, who: str, **params: str) -> dict[str, list[list[str | float | None]]]:
    answer = await sh[who].get("/v1/kpi/workbook", **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith('attachment; filename="month-2026-')
    return sheets(answer.content)


async def test_the_figures_are_those_of_the_values_and_the_people_those_in_sight(sh: Staffed) -> None:
    found = await book(sh, "director", month="2026-02")
    assert list(found) == SHEETS
    overview = {row[0]: row for row in found["Overview"][3:] if row}
    values = (await sh["director"].read("/v1/kpi/values", kpi="orders,new_records", from_="2026-02-01"))["rows"]
    for row in values:
        if row["period"] == "2026-02":
            assert overview[row["name"]][2] == float(row["value"])
    people = {row[0]: row for row in found["People"][3:]}
    assert people["zhao"][1] == 3.0
    assert [row[0] for row in found["Twelve months"][3:]][-1] == "2026-02"
    assert len(found["Twelve months"][3:]) == 12

    own = await book(sh, "bj_head", month="2026-02")
    assert {row[0] for row in own["Branches"][3:]} == {"BJ店"}
    assert {row[0] for row in own["People"][3:]} == {"zhao"}
    narrow = await book(sh, "director", month="2026-02", unit_id=sh.unit("SH"))
    assert "zhao" not in {row[0] for row in narrow["People"][3:]}


async def test_it_holds_no_formula_and_reads_in_chinese(sh: Staffed) -> None:
    answer = await sh["director"].http.get(
        "/v1/kpi/workbook",
        params={"month": "2026-02"},
        headers={"authorization": f"Bearer {sh['director'].token}", "accept-language": "zh-CN"},
    )
    assert list(sheets(answer.content)) == ["概览", "近十二个月", "分公司", "人员", "口径说明"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        for name in packed.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in packed.read(name), name


async def test_what_is_no_month_is_refused_and_another_company_is_empty(sh: Staffed) -> None:
    answer = await sh["director"].get("/v1/kpi/workbook", month="2026-13")
    assert problem(answer) == (422, "validation")
    empty = await book(sh, "director", month="2026-02", unit_id=str(uuid4()))
    assert empty["People"][3:] == []
