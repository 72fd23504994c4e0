"""What splits, confirmations and lead plans put on the agenda: month end, Mondays, and who is late."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.kpi.lead_plans.test_lead_plans import proposing as planning
from tests.kpi.splits.test_splits import confirmation_of, propose, tell
from tests.kpi.staffed import Staffed, staffed

KINDS = ("split_month", "confirm_target", "answer_objection", "plan_leads", "review_leads")


@pytest.fixture
async def sh(
    store: EventStore, http: httpx.AsyncClient, settings: Settings, pool: asyncpg.Pool[asyncpg.Record]
) -> Staffed:
    return await staffed(store, http, settings, pool)


async def agenda(sh: Staffed, who: str, on: str, *kinds: str) -> list[tuple[Any, ...]]:
    """Kind, due, days late, whether it is theirs, and whose."""
    items = (await sh[who].read("/v1/agenda", on=on))["items"]
    return [
        (item["kind"], item["due_on"], item["days_late"], item["mine"], item["person"] or item["unit"])
        for item in items
        if item["kind"] in (kinds or KINDS)
    ]


async def test_month_end_mondays_and_who_is_late(sh: Staffed, app: FastAPI) -> None:
    # nobody has done anything yet: the rhythms are there all the same
    assert await agenda(sh, "director", "2026-03-24") == []
    assert await agenda(sh, "director", "2026-03-25") == [
        ("plan_leads", "2026-03-31", 0, True, "director"), ("split_month", "2026-03-31", 0, True, "director"),
    ]  # fmt: skip
    assert await agenda(sh, "director", "2026-03-02") == [("review_leads", "2026-03-02", 0, True, "director")]
    assert await agenda(sh, "director", "2026-04-06") == [], "a holiday: the Monday is moved"
    assert await agenda(sh, "director", "2026-04-07", "review_leads") == [
        ("review_leads", "2026-04-07", 0, True, "director")
    ]
    assert await agenda(sh, "li", "2026-03-25") == []
    assert await agenda(sh, "director", "2026-04-02", "split_month") == [], "nothing to split was planned"
    # a draft that is not issued is late, for the head and for who is above
    split = await propose(sh)
    path = f"/v1/splits/{split}"
    app.state.kit.clock.now = datetime(2026, 4, 2, 2, tzinfo=UTC)
    assert await agenda(sh, "sh_head", "2026-04-02", "split_month") == [
        ("split_month", "2026-03-31", 2, True, "sh_head")
    ]
    assert await agenda(sh, "director", "2026-04-02", "split_month") == [
        ("split_month", "2026-03-31", 2, False, "SH店")
    ]
    assert await agenda(sh, "bj_head", "2026-04-02", "split_month") == []
    await tell(sh, path, "issue", {"on": "2026-04-01", "confirm_by": "2026-04-03"})
    assert await agenda(sh, "sh_head", "2026-04-02", "split_month") == []
    assert await agenda(sh, "sh_head", "2026-03-31", "split_month") == [
        ("split_month", "2026-03-31", 0, True, "sh_head")
    ], "it was not issued then"
    # who has not confirmed
    assert await agenda(sh, "li", "2026-04-02") == [("confirm_target", "2026-04-03", 0, True, "li")]
    assert await agenda(sh, "sh_head", "2026-04-02", "confirm_target") == []
    app.state.kit.clock.now = datetime(2026, 4, 9, 2, tzinfo=UTC)
    li = f"/v1/confirmations/{(await confirmation_of(sh, 'li'))['id']}"
    wang = f"/v1/confirmations/{(await confirmation_of(sh, 'wang'))['id']}"
    late = await agenda(sh, "sh_head", "2026-04-08", "confirm_target")
    assert sorted(late) == [
        ("confirm_target", "2026-04-03", 5, False, "li"), ("confirm_target", "2026-04-03", 5, False, "wang"),
    ]  # fmt: skip
    await tell(sh, li, "confirm", {"on": "2026-04-08"}, "li")
    await tell(sh, wang, "object", {"on": "2026-04-08", "objection": "高"}, "wang")
    assert await agenda(sh, "sh_head", "2026-04-08", "confirm_target", "answer_objection") == [
        ("answer_objection", "2026-04-08", 0, True, "sh_head")
    ]
    assert await agenda(sh, "wang", "2026-04-08") == []
    await tell(sh, wang, "answer", {"on": "2026-04-08", "verdict": "kept"})
    assert await agenda(sh, "wang", "2026-04-08") == [("confirm_target", "2026-04-03", 5, True, "wang")]


async def test_a_review_not_held_is_late(sh: Staffed, app: FastAPI) -> None:
    made = await sh.make("sh_head", "/v1/lead-plans", planning(sh))
    path = f"/v1/lead-plans/{made['id']}"
    await sh.fold()
    await tell(sh, path, "issue", {})
    app.state.kit.clock.now = datetime(2026, 3, 12, 2, tzinfo=UTC)
    await sh.fold()
    assert await agenda(sh, "sh_head", "2026-03-11") == [("review_leads", "2026-03-09", 2, True, "sh_head")]
    assert await agenda(sh, "director", "2026-03-11") == [("review_leads", "2026-03-09", 2, False, "SH店")]
    await tell(sh, path, "review-week", {"week": 1, "on": "2026-03-10"})
    await sh.fold()
    assert await agenda(sh, "sh_head", "2026-03-11") == []
    assert await agenda(sh, "director", "2026-03-11") == []
    assert await agenda(sh, "sh_head", "2026-03-09") == [("review_leads", "2026-03-09", 0, True, "sh_head")]
