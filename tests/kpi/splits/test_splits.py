"""The month's split over HTTP: proposed by weight, edited, issued when it closes, changed by number, confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.kpi.splits.shapes import ConfirmationRow, SplitRow, SplitTable
from services.kpi.splits.views import CONFIRMATIONS, SPLIT_TARGETS, SPLITS
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.kpi.raw_facts import prospect
from tests.kpi.staffed import Staffed, staffed

OURS = (SPLITS, SPLIT_TARGETS, CONFIRMATIONS)


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


def proposing(sh: Staffed, unit: str = "SH", **said: Any) -> dict[str, Any]:
    totals = [{"measure": "orders", "target": "41", "stretch": "50"}]
    return {"month": "2026-04", "unit_id": sh.unit(unit), "totals": totals, **said}


async def propose(sh: Staffed, who: str = "sh_head", unit: str = "SH", **said: Any) -> str:
    receipt = await sh.make(who, "/v1/splits", proposing(sh, unit, **said))
    await sh.fold(*OURS)
    return str(receipt["id"])


async def tell(sh: Staffed, path: str, verb: str, body: dict[str, Any], who: str = "sh_head") -> None:
    version = (await sh[who].read(path))["version"]
    await sh.make(who, f"{path}/{verb}", body, version=version)
    await sh.fold(*OURS)


async def refused(sh: Staffed, path: str, verb: str, body: dict[str, Any], who: str = "sh_head") -> tuple[int, str]:
    version = (await sh["director"].read(path))["version"]
    return await sh.refused(who, f"{path}/{verb}", body, version=version)


def line(sh: Staffed, name: str, target: str, **said: Any) -> dict[str, Any]:
    return {"measure": "orders", "target": target, "person_id": sh.person(name), **said}


async def table(sh: Staffed, split: str, who: str = "sh_head", **asked: Any) -> list[tuple[Any, ...]]:
    rows = (await sh[who].read(f"/v1/splits/{split}/table", **asked))["rows"]
    return [(row["part"], row["person"] or row["unit"], row["target"], row["stretch"]) for row in rows]


async def confirmation_of(sh: Staffed, name: str, **asked: Any) -> dict[str, Any]:
    (row,) = (await sh["sh_head"].read("/v1/confirmations", person_id=sh.person(name), **asked))["items"]
    return dict(row)


async def test_a_month_is_split_confirmed_objected_to_answered_and_changed(sh: Staffed, app: FastAPI) -> None:
    split = await propose(sh)
    rows = await table(sh, split)
    assert rows[0] == ("total", None, "41", "50")
    assert {(row[1], row[3]) for row in rows[1:]} == {("li", "25"), ("wang", "25")}
    assert {rows[1][2], rows[2][2]} == {"21", "20"}, "nothing done before: equal parts, and they sum"
    path = f"/v1/splits/{split}"
    await tell(sh, path, "edit", {"lines": [line(sh, "li", "21", stretch="30"), line(sh, "wang", "19", stretch="20")]})
    assert await refused(sh, path, "issue", {}) == (409, "sums_do_not_close")
    (item,) = (await sh["sh_head"].read("/v1/splits", month="2026-04"))["items"]
    assert (item["closes"], item["persons"], item["status"]) == (False, 2, "draft")
    await tell(sh, path, "edit", {"lines": [line(sh, "li", "22", stretch="30"), line(sh, "wang", "19", stretch="20")]})
    await tell(sh, path, "issue", {"confirm_by": "2026-03-04"})
    assert await refused(sh, path, "edit", {"lines": []}) == (409, "split_issued")
    li, wang = await confirmation_of(sh, "li"), await confirmation_of(sh, "wang")
    assert [(li["status"], li["days_late"]), wang["targets"][0]["target"]] == [("asked", 0), "19"]
    ask_li, ask_wang = f"/v1/confirmations/{li['id']}", f"/v1/confirmations/{wang['id']}"
    assert await refused(sh, ask_li, "confirm", {}, "sh_head") == (403, "not_yours")
    for who, possible in (("li", {"confirm", "object"}), ("sh_head", set())):
        assert set((await sh[who].read(ask_li))["allowed_actions"]) - {"correct", "void"} == possible
    await tell(sh, ask_li, "confirm", {}, "li")
    assert await refused(sh, ask_li, "object", {"objection": "太高"}, "li") == (409, "already_confirmed")
    wanted = [{"measure": "orders", "target": "15"}]
    await tell(sh, ask_wang, "object", {"objection": "四月<b>培训</b>", "wanted": wanted}, "wang")
    assert await refused(sh, ask_wang, "answer", {"verdict": "kept"}, "wang") == (403, "forbidden")
    assert await refused(sh, ask_wang, "answer", {"verdict": "kept"}, "bj_head") == (404, "not_found")
    await tell(sh, ask_wang, "answer", {"verdict": "kept", "answer": "培训已计入"})
    assert (await confirmation_of(sh, "wang"))["status"] == "answered"
    SplitTable.model_validate(await sh["sh_head"].read(f"{path}/table"))
    for row, shape in ((await confirmation_of(sh, "wang"), ConfirmationRow), (item, SplitRow)):
        assert set(row) == set(shape.model_fields)
        shape.model_validate(row)
    app.state.kit.clock.now += timedelta(days=4)
    late = (await sh["sh_head"].read("/v1/confirmations", late="true"))["items"]
    assert [(row["person"], row["days_late"], row["answered_by_name"]) for row in late] == [("wang", 2, "sh_head")]
    assert (await sh["sh_head"].read("/v1/confirmations", late="true", as_of="2026-03-04"))["items"] == []
    # changed by number: whose targets change confirms anew, the others have confirmed
    lines = [
        line(sh, "li", "22", stretch="30"),
        line(sh, "wang", "15", stretch="16"),
        line(sh, "sh_head", "4", stretch="4"),
    ]
    assert await refused(sh, path, "change", {"lines": lines[:2], "reason": "少"}) == (409, "sums_do_not_close")
    await tell(sh, path, "change", {"lines": lines, "reason": "培训两周"})
    wang = await confirmation_of(sh, "wang")
    assert (wang["status"], wang["number"], wang["targets"][0]["target"]) == ("asked", 1, "15")
    assert (await confirmation_of(sh, "li"))["status"] == "confirmed"
    assert [row["target"] for row in (await confirmation_of(sh, "wang", as_of="2026-03-03"))["targets"]] == ["19"]
    assert (await table(sh, split, as_of="2026-03-03"))[2] == ("person", "wang", "19", "20")
    await tell(sh, path, "change", {"lines": [line(sh, "li", "41", stretch="50")], "reason": "王磊调离"})
    assert (await confirmation_of(sh, "wang"))["status"] == "lapsed"
    assert (await confirmation_of(sh, "li"))["status"] == "asked"
    assert await refused(sh, ask_wang, "confirm", {}, "wang") == (409, "confirmation_lapsed")
    for version in (2, 4, 5):  # the draft it was issued from, the issue, a change
        assert await refused(sh, path, "void", {"version": version, "reason": "错"}) == (409, "issued_stays")
    assert await refused(sh, path, "void", {"version": 1, "reason": "错"}) == (409, "issued_stays")


async def test_the_confirmation_is_a_page_to_print(sh: Staffed, app: FastAPI) -> None:
    split = await propose(sh, persons=[sh.person("li")], totals=[
        {"measure": "orders", "target": "12", "stretch": "15"},
        {"measure": "amount", "target": "3600000", "currency": "CNY"},
    ])  # fmt: skip
    await tell(sh, f"/v1/splits/{split}", "issue", {"on": "2026-03-02", "confirm_by": "2026-03-05"})
    li = await confirmation_of(sh, "li")
    path = f"/v1/confirmations/{li['id']}"
    await tell(sh, path, "object", {"objection": "<script>alert(1)</script>", "wanted": []}, "li")
    answer = await sh["li"].get(f"{path}/page")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for said in (
        "个人目标确认书",
        "SH店",
        "2026 年 4 月",
        "订单（台）",
        ">12<",
        "3600000.00 CNY",
        "&lt;script&gt;",
        "有异议",
    ):
        assert said in answer.text, said
    for never in ("<script", "http://", "https://", "src=", "url("):
        assert never not in answer.text, never
    (policy,) = answer.headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "frame-ancestors 'none'" in policy
    assert (await sh["wang"].get(f"{path}/page")).status_code == 404


async def test_weights_are_what_was_done_and_what_is_open(sh: Staffed) -> None:
    await prospect(sh, "li", "2026-01-10", 3, won="2026-02-03")
    await prospect(sh, "wang", "2026-01-12", 1, won="2026-01-20")
    await prospect(sh, "wang", "2026-02-20", 4)
    await prospect(sh, "wang", "2025-01-10", 9, won="2025-02-03")  # before the range
    await sh.fold()
    split = await propose(sh, totals=[{"measure": "orders", "target": "40"}], history_share="0.5")
    answer = await sh["sh_head"].read(f"/v1/splits/{split}/table")
    rows = {row["person"]: row for row in answer["rows"] if row["person"]}
    assert (answer["history_from"], answer["history_to"]) == ("2025-04-01", "2026-04-01")
    assert {name: (row["history"], row["pipeline"], row["target"]) for name, row in rows.items()} == {
        "li": ("3", "0", "15"), "wang": ("1", "4", "25"),
    }  # fmt: skip
    path = f"/v1/splits/{split}"
    await tell(sh, path, "reweigh", {"history_share": "1"})
    assert {row[1]: row[2] for row in (await table(sh, split))[1:]} == {"li": "30", "wang": "10"}
    await tell(sh, path, "void", {"version": 2, "reason": "错"})
    assert {row[1]: row[2] for row in (await table(sh, split))[1:]} == {"li": "15", "wang": "25"}


async def test_a_split_above_gives_the_unit_below_its_target(sh: Staffed) -> None:
    head = await propose(sh, "director", "HQ", totals=[{"measure": "orders", "target": "100"}], persons=[])
    path = f"/v1/splits/{head}"
    lines = [{"measure": "orders", "target": n, "unit_id": sh.unit(unit)} for unit, n in (("SH", "60"), ("BJ", "40"))]
    await tell(sh, path, "edit", {"lines": lines}, "director")
    await tell(sh, path, "issue", {}, "director")
    sh_split = await propose(sh, totals=[])
    (total, *_) = (await sh["sh_head"].read(f"/v1/splits/{sh_split}/table"))["rows"]
    assert (total["target"], total["source"], total["in_force"], total["differs"]) == ("60", "split", "60", False)
    assert await sh.refused("bj_head", "/v1/splits", proposing(sh, "BJ")) == (422, "planned_otherwise")
    lines[0]["target"], lines[1]["target"] = "70", "30"
    await tell(sh, path, "change", {"lines": lines, "reason": "上海加十"}, "director")
    (total, *_) = (await sh["sh_head"].read(f"/v1/splits/{sh_split}/table"))["rows"]
    assert (total["target"], total["in_force"], total["differs"]) == ("60", "70", True)
    assert await refused(sh, f"/v1/splits/{sh_split}", "issue", {}) == (409, "targets_moved")
    await tell(sh, f"/v1/splits/{sh_split}", "reweigh", {})
    await tell(sh, f"/v1/splits/{sh_split}", "issue", {})
    issued = await sh["sh_head"].read(f"/v1/splits/{sh_split}")
    assert issued["standing"]["confirm_by"] == "2026-03-05", "three working days on"
    assert set(issued["allowed_actions"]) == {"change", "correct", "void"}
    assert issued["people"][sh.person("li")] == "li", "who got something is named"
    assert (await sh["sh_head"].read("/v1/splits", unit_id=sh.unit("HQ")))["items"][0]["id"] == sh_split
    assert (await sh["sh_head"].get(path)).status_code == 404, "the split above is not theirs"


async def test_attainment_is_against_what_the_split_gave(sh: Staffed, app: FastAPI) -> None:
    await prospect(sh, "li", "2026-02-10", 2, won="2026-03-02")
    split = await propose(sh, month="2026-03", totals=[{"measure": "orders", "target": "8"}])
    path = f"/v1/splits/{split}"
    await tell(sh, path, "edit", {"lines": [line(sh, "li", "5"), line(sh, "wang", "3")]})
    await tell(sh, path, "issue", {})
    await sh.fold()
    asked = {"kpi": "attainment_orders", "from_": "2026-03-01", "to": "2026-03-31"}

    async def values(group_by: str, **more: Any) -> list[tuple[Any, ...]]:
        rows = (await sh["sh_head"].read("/v1/kpi/values", group_by=group_by, **asked, **more))["rows"]
        return [(row[f"{group_by}_label"], row["numerator"], row["denominator"]) for row in rows]

    assert sorted(await values("person")) == [("li", "2", "5"), ("wang", "0", "3")]
    assert await values("unit") == [("SH店", "2", "8")]
    await tell(sh, path, "change", {"lines": [line(sh, "li", "8")], "reason": "王磊请假"})
    await sh.fold()
    assert await values("person") == [("li", "2", "8")]
    issued = (await sh["sh_head"].read(path))["history"][2]["position"]
    assert sorted(await values("person", known_at=issued)) == [("li", "2", "5"), ("wang", "0", "3")], "as known then"


async def test_what_a_split_refuses(sh: Staffed) -> None:
    nobody = "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"
    for who, body, expected in (
        ("li", proposing(sh), (403, "forbidden")),
        ("bj_head", proposing(sh), (403, "outside_your_units")),
        ("sh_head", proposing(sh) | {"unit_id": nobody}, (422, "unknown_unit")),
        ("sh_head", proposing(sh, totals=[]), (422, "nothing_to_split")),
        ("sh_head", proposing(sh, persons=[]), (422, "nobody_to_split_to")),
        ("sh_head", proposing(sh, persons=[sh.person("zhao")]), (422, "not_a_part")),
        ("sh_head", proposing(sh, units=[sh.unit("BJ")]), (422, "not_a_part")),
        ("sh_head", proposing(sh, totals=[{"measure": "amount", "target": "1"}]), (422, "currency_of_amounts")),
        ("sh_head", proposing(sh, totals=[{"measure": "orders", "target": "1"}] * 2), (422, "line_twice")),
        ("sh_head", proposing(sh, on="2026-03-09"), (422, "in_the_future")),
        ("sh_head", proposing(sh, month="2026-13"), (422, "validation")),
    ):
        assert await sh.refused(who, "/v1/splits", body) == expected, body
    split = await propose(sh)
    path = f"/v1/splits/{split}"
    assert await sh.refused("sh_head", "/v1/splits", proposing(sh)) == (409, "split_exists")
    for lines, expected in (
        ([{"measure": "orders", "target": "1"}], (422, "one_receiver")),
        ([line(sh, "zhao", "1")], (422, "not_a_part")),
        ([line(sh, "li", "1"), line(sh, "li", "2")], (422, "line_twice")),
        ([line(sh, "li", "1") | {"measure": "deliveries"}], (422, "nothing_to_split_of")),
    ):
        assert await refused(sh, path, "edit", {"lines": lines}) == expected
    assert await refused(sh, path, "change", {"lines": [line(sh, "li", "41", stretch="50")], "reason": "早"}) == (
        409, "split_not_issued",
    )  # fmt: skip
    assert await refused(sh, path, "issue", {"confirm_by": "2026-03-01"}) == (422, "confirm_by_past")
    changing = {"version": 1, "changes": {"month": "2026-05-01"}, "reason": "错"}
    assert await refused(sh, path, "correct", changing) == (422, "not_correctable")
    assert await refused(sh, path, "edit", {"lines": []}, "li") == (404, "not_found")
    await tell(sh, path, "issue", {})
    li = await confirmation_of(sh, "li")
    asked = f"/v1/confirmations/{li['id']}"
    assert await refused(sh, asked, "answer", {"verdict": "kept"}) == (409, "no_objection")
    await tell(sh, asked, "object", {"objection": "高"}, "li")
    assert await refused(sh, asked, "object", {"objection": "再"}, "li") == (409, "already_objected")
    await tell(sh, asked, "answer", {"verdict": "accepted"})
    assert await refused(sh, asked, "answer", {"verdict": "kept"}) == (409, "already_answered")
    await tell(sh, asked, "void", {"version": 3, "reason": "误"})
    await tell(sh, asked, "void", {"version": 2, "reason": "误"}, "li")
    assert (await confirmation_of(sh, "li"))["status"] == "asked"
    assert await refused(sh, asked, "void", {"version": 1, "reason": "误"}) == (409, "first_fact")
