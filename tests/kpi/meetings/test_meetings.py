"""Review meetings: tables fixed, instructions followed up and carried on, over HTTP on a real database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.utils import get_flat_params

from services.kpi.meetings.tables import PATHS
from services.kpi.meetings.views import MEETINGS
from shared.event_store.store import EventStore
from shared.http.route import Route
from shared.settings import Settings
from tests.accounts.company import Client
from tests.kpi.staffed import Staffed, staffed


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


def holding(sh: Staffed, **said: Any) -> dict[str, Any]:
    return {"kind": "weekly", "title": "第10周周会", "unit_id": sh.unit("SH"), **said}


async def hold(sh: Staffed, who: str = "sh_head", **said: Any) -> str:
    await sh.fold(MEETINGS)
    return str((await sh.make(who, "/v1/meetings", holding(sh, **said)))["id"])


async def tell(sh: Staffed, meeting: str, verb: str, body: dict[str, Any], who: str = "sh_head") -> int:
    version = (await sh[who].read(f"/v1/meetings/{meeting}"))["version"]
    return int((await sh.make(who, f"/v1/meetings/{meeting}/{verb}", body, version=version))["version"])


def instruction(sh: Staffed, text: str, owner: str, due_on: str = "2026-03-06", **said: Any) -> dict[str, Any]:
    return {"text": text, "owner_id": sh.person(owner), "due_on": due_on, **said}


async def undone(sh: Staffed, who: str = "sh_head", **asked: Any) -> list[tuple[str, str, int, int]]:
    await sh.fold(MEETINGS)
    rows = (await sh[who].read("/v1/kpi/instructions", **asked))["rows"]
    return [(row["text"], row["state"], row["days_late"], row["times_carried"]) for row in rows]


async def test_the_tables_of_a_meeting_are_read_again_as_they_were(sh: Staffed) -> None:
    first = await hold(sh, tables=[{"name": "instructions", "query": {"state": "open"}}])
    await tell(sh, first, "instruct", instruction(sh, "约见采购总监", "li"))
    await sh.fold(MEETINGS)
    second = await hold(sh, title="第11周周会", tables=[{"name": "instructions"}])
    shown = await sh["sh_head"].read(f"/v1/meetings/{second}")
    (table,) = shown["tables"]
    assert (table["name"], table["title"]) == ("instructions", "Instructions")
    await tell(sh, second, "finish-instruction", {"number": 1})
    await sh.fold()
    split = urlsplit(table["path"])
    asked = {name: values[0] for name, values in parse_qs(split.query).items()}
    again = await sh["sh_head"].read(split.path, **asked)
    assert [(row["meeting_id"], row["state"]) for row in again["rows"]] == [(first, "open")], "before this meeting"
    told = await sh["sh_head"].read(split.path)
    assert [(row["meeting_id"], row["state"]) for row in told["rows"]] == [(second, "done")]


async def test_what_is_not_done_is_carried_to_the_next_meeting_and_listed(sh: Staffed, app: FastAPI) -> None:
    first = await hold(sh, participants=[sh.person("wang")])
    for body in (instruction(sh, "甲", "li"), instruction(sh, "乙", "li"), instruction(sh, "丙", "wang")):
        await tell(sh, first, "instruct", body)
    await tell(sh, first, "decide", {"text": "主推混动"})
    await tell(sh, first, "finish-instruction", {"number": 1, "result": "已约"}, who="li")
    app.state.kit.clock.now += timedelta(days=7)
    assert [row for row in await undone(sh) if row[1] == "open"] == [("乙", "open", 3, 0), ("丙", "open", 3, 0)]
    second = await hold(sh, title="第11周周会")
    assert set(await undone(sh)) == {("甲", "done", 0, 0), ("乙", "open", 3, 1), ("丙", "open", 3, 1)}
    assert await undone(sh, late="true") == [("乙", "open", 3, 1), ("丙", "open", 3, 1)]
    assert {row[0] for row in await undone(sh, "wang")} == {"甲", "乙", "丙"}, "who took part sees all of it"
    shown = await sh["li"].read(f"/v1/meetings/{second}")
    assert [(one["number"], one["text"], one["times_carried"], one["owner"]) for one in shown["instructions"]] == [
        (1, "乙", 1, "li"), (2, "丙", 1, "wang"),
    ]  # fmt: skip
    before = await sh["sh_head"].read(f"/v1/meetings/{first}")
    assert [one["state"] for one in before["instructions"]] == ["done", "carried", "carried"]
    assert before["decisions"] == [{"number": 1, "text": "主推混动", "on": "2026-03-02"}]
    await tell(sh, second, "drop-instruction", {"number": 2, "reason": "项目取消"})
    assert sorted(await undone(sh)) == [("丙", "dropped", 0, 1), ("乙", "open", 3, 1), ("甲", "done", 0, 0)]
    assert {(text, state) for text, state, _, _ in await undone(sh, as_of="2026-03-05")} == {
        ("甲", "done"), ("乙", "open"), ("丙", "open"),
    }  # fmt: skip
    third = await hold(sh, title="第12周周会")
    assert [one["times_carried"] for one in (await sh["sh_head"].read(f"/v1/meetings/{third}"))["instructions"]] == [2]


async def test_who_holds_meetings_who_sees_them_and_who_does_what(sh: Staffed) -> None:
    assert await sh.refused("li", "/v1/meetings", holding(sh)) == (403, "forbidden")
    assert await sh.refused("bj_head", "/v1/meetings", holding(sh)) == (403, "outside_your_units")
    meeting = await hold(sh, "sh_office", owner_id=sh.person("sh_manager"))
    await tell(sh, meeting, "instruct", instruction(sh, "甲", "li"), who="sh_manager")
    path = f"/v1/meetings/{meeting}"
    assert (await sh["zhao"].get(path)).status_code == 404
    assert (await sh["wang"].get(path)).status_code == 404
    assert (await sh["li"].get(path)).status_code == 200, "who was told something"
    assert await sh.refused("li", f"{path}/decide", {"text": "x"}, version=2) == (403, "forbidden")
    await sh.fold(MEETINGS)
    for who, count in (("li", 1), ("wang", 0), ("bj_head", 0), ("director", 1)):
        assert len((await sh[who].read("/v1/meetings"))["items"]) == count, who
    await tell(sh, meeting, "write-minutes", {"minutes": "一、李雷迟到"}, who="sh_office")
    shown = await sh["director"].read(path)
    assert shown["texts"] == {"minutes": "一、李雷迟到"}
    facts = await sh.pool.fetch("select data::text as said from es.events where stream_type = 'meeting'")
    assert not any("李雷迟到" in row["said"] for row in facts)
    await tell(sh, meeting, "close", {})
    assert "decide" not in (await sh["sh_head"].read(path))["allowed_actions"]


async def test_what_a_meeting_refuses(sh: Staffed) -> None:
    nobody = {"text": "x", "owner_id": sh.unit("SH"), "due_on": "2026-03-06"}
    meeting = await hold(sh)
    refusals: list[tuple[str, dict[str, Any], int, str]] = [
        ("instruct", nobody, 422, "unknown_person"),
        ("finish-instruction", {"number": 9}, 422, "unknown_instruction"),
        ("drop-instruction", {"number": 9, "reason": "x"}, 422, "unknown_instruction"),
        ("decide", {"text": "x", "on": "2026-03-01"}, 409, "before_meeting"),
        ("decide", {"text": "x", "on": "2027-03-01"}, 422, "in_the_future"),
        ("correct", {"version": 1, "changes": {"known_at": 3}, "reason": "x"}, 422, "not_correctable"),
        ("void", {"version": 1, "reason": "x"}, 409, "first_fact"),
    ]
    for verb, body, status, code in refusals:
        assert await sh.refused("sh_head", f"/v1/meetings/{meeting}/{verb}", body, version=1) == (status, code), verb


async def test_late_minutes_of_past_meetings_and_other_series(sh: Staffed) -> None:
    late = await hold(sh, on="2026-02-23")
    shown = await sh["sh_head"].read(f"/v1/meetings/{late}")
    assert shown["standing"]["held_on"] == "2026-02-23"
    assert shown["standing"]["known_at"] == 0, "nothing was recorded by then"
    monthly = await hold(sh, kind="monthly")
    assert "previous_id" not in (await sh["sh_head"].read(f"/v1/meetings/{monthly}"))["standing"]
    body = holding(sh, unit_id=sh.unit("HQ"), previous_id=monthly)
    assert await sh.refused("director", "/v1/meetings", body) == (422, "other_series")
    assert await sh.refused("sh_head", "/v1/meetings", holding(sh, owner_id=sh.unit("SH"))) == (422, "unknown_person")
    assert await sh.refused("director", "/v1/meetings", holding(sh, unit_id=sh.person("li"))) == (422, "unknown_unit")
    await tell(sh, monthly, "instruct", instruction(sh, "甲", "li"))
    body = instruction(sh, "甲", "li", "2026-02-01")
    assert await sh.refused("sh_head", f"/v1/meetings/{monthly}/instruct", body, version=2) == (422, "due_before_given")
    answer: Client = sh["sh_head"]
    voided = await answer.make(f"/v1/meetings/{monthly}/void", {"version": 2, "reason": "误记"}, version=2)
    assert voided["version"] == 3
    assert await undone(sh) == []


def test_every_table_of_the_catalogue_is_one_that_answers_of_any_day_as_known_at_any_time() -> None:
    from services.accounts.main import app as accounts
    from services.kpi.main import app as kpi
    from services.opportunities.main import app as opportunities

    wanted = {path for path, _, _ in PATHS.values()}
    tables: dict[str, set[str]] = {}
    for app in (accounts, opportunities, kpi):
        for route in app.routes:
            if isinstance(route, Route) and "GET" in (route.methods or ()) and route.path in wanted:
                tables[route.path] = {one.alias for one in get_flat_params(route.dependant)}
    missing = [name for name, (path, _, _) in PATHS.items() if not {"as_of", "known_at"} <= tables.get(path, set())]
    assert not missing


async def agenda(sh: Staffed, who: str, day: str) -> list[tuple[str, str, int, bool]]:
    await sh.fold()
    items = (await sh[who].read("/v1/agenda", on=day))["items"]
    kinds = ("hold_weekly_meeting", "meeting_instruction")
    return [(one["kind"], one["due_on"], one["days_late"], one["mine"]) for one in items if one["kind"] in kinds]


async def test_the_weekly_meeting_and_its_instructions_stand_on_the_agenda(sh: Staffed, app: FastAPI) -> None:
    weekly = ("hold_weekly_meeting", "2026-03-02", 0, True)
    assert await agenda(sh, "sh_head", "2026-03-02") == [weekly]
    meeting = await hold(sh)
    await tell(sh, meeting, "instruct", instruction(sh, "甲", "li", "2026-03-04"))
    assert await agenda(sh, "sh_head", "2026-03-02") == [], "it was held"
    assert await agenda(sh, "li", "2026-03-02") == [("meeting_instruction", "2026-03-04", 0, True)]
    app.state.kit.clock.now += timedelta(days=8)
    assert await agenda(sh, "sh_head", "2026-03-10") == [
        ("hold_weekly_meeting", "2026-03-09", 1, True), ("meeting_instruction", "2026-03-04", 6, False),
    ]  # fmt: skip
    assert await agenda(sh, "director", "2026-03-10") == [
        ("meeting_instruction", "2026-03-04", 6, False), ("hold_weekly_meeting", "2026-03-09", 1, False),
    ]  # fmt: skip
    assert await agenda(sh, "wang", "2026-03-10") == []
