"""Figures beside their targets: of a unit its own, of a person theirs, of all what the topmost units are to do."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest

from services.kpi.plans.targets import TARGET_VIEWS
from services.kpi.views.funnel import FUNNEL
from services.kpi.views.stock import STOCK
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.kpi.raw_facts import prospect, tell
from tests.kpi.staffed import Staffed, staffed

ISSUED = "2026-01-04"


def to(target: int, measure: str = "orders", **whose: str) -> dict[str, Any]:
    return {"measure": measure, "target": str(target), "stretch": None, "product": None, "currency": None, **whose}


async def split(sh: Staffed, unit: str, month: str, total: dict[str, Any], *lines: dict[str, Any]) -> None:
    """A unit's month as split and issued."""
    said = {
        "status": "draft", "number": 0, "month": f"{month}-01", "unit_id": sh.unit(unit),
        "owner_id": sh.person("director"), "totals": [total], "lines": list(lines), "weights": [],
        "history_share": "0.5", "history_from": "2025-10-01", "history_to": "2025-12-31",
    }  # fmt: skip
    await tell(sh, "split", ("SplitProposed", ISSUED, said), ("SplitIssued", ISSUED, {"status": "issued"}))


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    """January: HQ is to order 10, of these SH 6 and BJ 4, of SH's Li 4 and Wang 2; Li ordered 3, Zhao 2."""
    made = await staffed(store, http, settings, pool)
    sh, bj = {"unit_id": made.unit("SH")}, {"unit_id": made.unit("BJ")}
    await split(made, "HQ", "2026-01", to(10), to(6, **sh), to(4, **bj))
    people = [to(4, person_id=made.person("li"), **sh), to(2, person_id=made.person("wang"), **sh)]
    await split(made, "SH", "2026-01", to(6), *people)
    await split(made, "HQ", "2026-02", to(5, "deliveries"), to(5, "deliveries", **sh))
    await prospect(made, "li", "2026-01-03", 3, won="2026-01-20")
    await prospect(made, "zhao", "2026-01-03", 2, unit="BJ", won="2026-01-25")
    await made.fold(FUNNEL, STOCK, *TARGET_VIEWS)
    return made


async def rows(sh: Staffed, kpi: str, who: str = "director", **params: Any) -> list[dict[str, Any]]:
    asked = {"from_": "2026-01-01", "to": "2026-01-31", **params}
    found: list[dict[str, Any]] = (await sh[who].read("/v1/kpi/values", kpi=kpi, **asked))["rows"]
    return found


async def beside(sh: Staffed, who: str = "director", **params: Any) -> tuple[Any, ...]:
    (row,) = await rows(sh, "orders", who, **params)
    return row["value"], row["target"], row["attainment"], row["gap"]


async def test_a_figure_stands_beside_its_target(sh: Staffed) -> None:
    assert await beside(sh) == ("5", "10", "0.5", "-5")
    assert await beside(sh, unit_id=sh.unit("SH")) == ("3", "6", "0.5", "-3")
    assert await beside(sh, person_id=sh.person("li")) == ("3", "4", "0.75", "-1")
    assert await beside(sh, channel="web") == ("5", None, None, None)
    assert await beside(sh, from_="2026-01-05", to="2026-01-05", period="week") == ("0", None, None, None)
    assert await beside(sh, as_of="2026-01-03") == ("0", None, None, None)
    assert await beside(sh, period="quarter") == ("5", "10", "0.5", "-5")


async def test_each_group_has_its_own_target_and_whoever_looks_theirs(sh: Staffed) -> None:
    told = {row["branch_label"]: (row["value"], row["target"]) for row in await rows(sh, "orders", group_by="branch")}
    assert told == {"SH店": ("3", "6"), "BJ店": ("2", "4")}
    told = {row["person_label"]: (row["value"], row["target"]) for row in await rows(sh, "orders", group_by="person")}
    assert told == {"li": ("3", "4"), "wang": ("0", "2"), "zhao": ("2", None)}
    told = {row["unit_label"]: (row["value"], row["target"]) for row in await rows(sh, "orders", group_by="unit")}
    assert told == {"SH店": ("3", "6"), "BJ店": ("2", "4")}
    assert await beside(sh, "sh_head") == ("3", "6", "0.5", "-3")
    assert await beside(sh, "li") == ("3", "4", "0.75", "-1")


async def test_attainment_and_cover_divide_by_targets(sh: Staffed) -> None:
    (row,) = await rows(sh, "attainment_orders")
    assert (row["numerator"], row["denominator"], row["value"]) == ("5", "10", "0.5")
    (row,) = await rows(sh, "order_cover")
    assert (row["numerator"], row["denominator"], row["value"]) == ("5", "5", "1")
    (row,) = await rows(sh, "attainment_deliveries")
    assert (row["value"], row["state"]) == (None, "zero_denominator")
    asked = {"kpi": "attainment_orders", "part": "denominator", "from_": "2026-01-01"}
    found = await sh["director"].read("/v1/kpi/drill-down", **asked)
    told = [(item["kind"], item["unit"], item["amount"]) for item in found["items"]]
    assert (found["counted"], told) == ("10", [("target", "总部", "10")])
