"""The hot-customer table over HTTP: instructions until after they are done, and what changed between two days."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from services.opportunities.reports.shapes import HotChanges, HotCustomers
from services.opportunities.views import VIEWS
from shared.projections.follow import catch_up
from shared.projections.tables import prepare
from tests.opportunities.routes.world import Client, Clock, World

OPPORTUNITIES = "/v1/opportunities"
Fold = Callable[[], Awaitable[None]]


@pytest.fixture
async def fold(pool: asyncpg.Pool) -> Fold:
    await prepare(pool, VIEWS)

    async def catch_up_now() -> None:
        await catch_up(pool, VIEWS)

    return catch_up_now


async def changes(client: Client, **query: str) -> dict[str, Any]:
    said = await client.read("/v1/hot-customers/changes", **query)
    HotChanges.model_validate(said)
    return said


async def test_an_instruction_stays_on_the_table_with_its_result(
    rep: Client, head: Client, prospect: dict[str, Any], ours: World, fold: Fold, clock: Clock
) -> None:
    id = str((await rep.tell(OPPORTUNITIES, prospect))["id"])
    path = f"{OPPORTUNITIES}/{id}"
    judged = {
        "level": "H",
        "expected_on": "2025-03-24",
        "obstacle": "财务未批",
        "support_needed": "样车",
        "on": "2025-03-18",
    }
    await rep.tell(f"{path}/qualify", judged, version=1)
    await head.tell(f"{path}/instruct", {"text": "约见领导", "due_on": "2025-03-21"}, version=2)
    clock.pass_days(3)
    await fold()
    (row,) = (await rep.read("/v1/hot-customers"))["rows"]
    assert (row["obstacle"], row["support_needed"], row["instruction"]["text"]) == ("财务未批", "样车", "约见领导")
    assert (row["instruction_days_overdue"], row["instruction_done_on"]) == (2, None)
    assert (row["follow_up_on"], row["follow_up_days_overdue"], row["follow_up_escalated"]) == ("2025-03-20", 3, True)
    done = await rep.tell(f"{path}/complete-instruction", {"result": "已见", "on": "2025-03-22"}, version=3)
    await rep.tell(f"{path}/contact", {"on": "2025-03-22", "next_on": "2025-03-25"})
    await fold()
    said = await rep.read("/v1/hot-customers")
    HotCustomers.model_validate(said)
    (row,) = said["rows"]
    assert (row["instruction"]["text"], row["instruction_done_on"], row["instruction_result"]) == (
        "约见领导", "2025-03-22", "已见",
    )  # fmt: skip
    assert (row["instruction_done_by"], row["instruction_days_overdue"]) == (str(ours.rep_id), 0)
    assert (row["last_contact_on"], row["follow_up_on"], row["follow_up_planned_on"]) == (
        "2025-03-22", "2025-03-24", "2025-03-25",
    )  # fmt: skip
    (then,) = (await rep.read("/v1/hot-customers", as_of="2025-03-21"))["rows"]
    assert (then["instruction_done_on"], then["follow_up_on"]) == (None, "2025-03-20")
    (known,) = (await rep.read("/v1/hot-customers", known_at=str(done["position"] - 1)))["rows"]
    assert known["instruction_done_on"] is None


async def test_who_came_who_left_to_where_and_what_moved_between_two_days(
    rep: Client, director: Client, west_rep: Client, stranger: Client, prospect: dict[str, Any], ours: World, fold: Fold
) -> None:
    ids = {}
    for title in ("签单", "推迟", "换手", "新增"):
        body = prospect | {"title": title, "account_id": None}
        body["on"] = "2025-03-15" if title == "新增" else "2025-03-01"
        ids[title] = f"{OPPORTUNITIES}/{(await rep.tell(OPPORTUNITIES, body))['id']}"
    for title in ("签单", "推迟", "换手"):
        hot = {"level": "H", "expected_on": "2025-03-16", "on": "2025-03-10"}
        await rep.tell(f"{ids[title]}/qualify", hot, version=1)
    await rep.tell(f"{ids['签单']}/win", {"on": "2025-03-14"}, version=2)
    await rep.tell(f"{ids['推迟']}/qualify", {"level": "B", "expected_on": "2025-04-10", "on": "2025-03-15"}, version=2)
    await rep.tell(f"{ids['新增']}/qualify", {"level": "H", "expected_on": "2025-03-22", "on": "2025-03-16"}, version=1)
    slip = {"level": "H", "expected_on": "2025-03-23", "on": "2025-03-17"}
    await rep.tell(f"{ids['换手']}/qualify", slip, version=2)
    handed = await director.tell(
        f"{ids['换手']}/transfer", {"owner_id": str(ours.west_rep_id), "on": "2025-03-18"}, version=3
    )
    await fold()
    said = await changes(director, **{"from": "2025-03-12", "to": "2025-03-20"})
    found = {row["title"]: row for row in said["rows"]}
    assert {title: (row["change"], row["came_from"], row["went_to"]) for title, row in found.items()} == {
        "签单": ("left", None, "ordered"),
        "推迟": ("left", None, "level"),
        "换手": ("changed", None, None),
        "新增": ("entered", "captured", None),
    }
    assert (said["entered"], said["left"], said["changed"], said["unchanged"]) == (1, 2, 1, 0)
    assert [found["推迟"][name] for name in ("level_before", "level", "expected_before", "expected_on", "slipped")] == [
        "H", "B", "2025-03-16", "2025-04-10", 1,
    ]  # fmt: skip
    assert (found["签单"]["level"], found["签单"]["amount_before"], found["签单"]["amount"]) == (
        "O", "3000000.00", "3000000.00",
    )  # fmt: skip
    assert (found["换手"]["slipped"], found["换手"]["owner_changed"], found["换手"]["owner_id"]) == (
        1, True, str(ours.west_rep_id),
    )  # fmt: skip
    # rows by today's sight: what was handed over is the successor's, its past, too
    assert [row["title"] for row in (await changes(west_rep, **{"from": "2025-03-12"}))["rows"]] == ["换手"]
    assert "换手" not in [row["title"] for row in (await changes(rep, **{"from": "2025-03-12"}))["rows"]]
    assert (await changes(stranger))["rows"] == []
    known = await changes(director, **{"from": "2025-03-12", "known_at": str(handed["position"] - 1)})
    assert [row["owner_changed"] for row in known["rows"] if row["title"] == "换手"] == [False]
    only = await changes(director, **{"from": "2025-03-12", "change": "left"})
    assert ({row["title"] for row in only["rows"]}, only["entered"]) == ({"签单", "推迟"}, 1)
    mine = await changes(director, **{"from": "2025-03-12", "owner_id": str(ours.west_rep_id)})
    assert [(row["title"], row["change"]) for row in mine["rows"]] == [("换手", "changed")]


async def test_a_range_without_a_day_is_refused(director: Client, fold: Fold) -> None:
    await fold()
    for query in ({"from": "2025-03-21", "to": "2025-03-20"}, {"change": "vanished"}, {"policy": "nobody's"}):
        assert (await director.get("/v1/hot-customers/changes", **query)).status_code == 422
