"""Batches while the log is busy or its answer is lost, and for whom their rows are counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import httpx
import pytest

from services.opportunities.main import opportunities_app
from shared.event_store.store import EventStore
from shared.settings import Settings
from tests.http.conftest import Faulty
from tests.opportunities.routes.machine import JSON, Machine, brief
from tests.opportunities.routes.test_inbound import CANCELLED, DELIVERED, KNOWN, PLACED, machine_of
from tests.opportunities.routes.world import Clock, World

Serving = Callable[..., AbstractAsyncContextManager[tuple[Machine, Faulty]]]
OTHER: JSON = {"order": {"system": "erp", "key": "SO-2"}}


@pytest.fixture
def serving(settings: Settings, store: EventStore, clock: Clock, ours: World) -> Serving:
    @asynccontextmanager
    async def serve(**chosen: Any) -> AsyncIterator[tuple[Machine, Faulty]]:
        given, faulty = settings.model_copy(update=chosen), Faulty(store)
        app = opportunities_app(settings=given, store=cast(EventStore, faulty), clock=clock)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://opportunities") as http,
        ):
            yield machine_of(ours, http, given), faulty

    return serve


async def test_what_a_busy_log_refuses_holds_the_rest_of_its_order_back_and_is_done_the_next_time(
    serving: Serving,
) -> None:
    rows = (KNOWN, KNOWN | OTHER, PLACED, DELIVERED, PLACED | OTHER, CANCELLED)
    async with serving() as (erp, store):
        await erp.batch("orders", *rows[:2], key="night")
        store.fault = "full"
        outcomes, summary = await erp.batch("orders", *rows, key="night", query="?on_refusal=continue")
        assert brief(outcomes) == [
            (503, "overloaded"), (201, "ok"), (424, "row_before_failed"), (424, "row_before_failed"), (200, "ok"),
            (424, "row_before_failed"),
        ]  # fmt: skip
        assert outcomes[0]["retry_after"] == 1
        assert (summary["done"], summary["refused"], summary["not_tried"]) == (2, 1, 3)
        outcomes, _ = await erp.batch("orders", *rows, key="night")
        assert brief(outcomes) == [(201, "ok")] * 2 + [(200, "ok")] * 4
        assert [one.get("replayed", False) for one in outcomes] == [True, True, False, False, True, False]


async def test_a_row_whose_answer_was_lost_was_done_and_is_told_so(serving: Serving) -> None:
    async with serving() as (erp, store):
        await erp.batch("orders", KNOWN)
        store.fault = "cut"
        outcomes, _ = await erp.batch("orders", PLACED, DELIVERED, key="night")
        assert brief(outcomes) == [(503, "outcome_unknown"), (424, "row_before_failed")]
        outcomes, _ = await erp.batch("orders", PLACED, DELIVERED, key="night")
        assert [(one["status"], one.get("replayed", False)) for one in outcomes] == [(200, True), (200, False)]


async def test_every_row_counts_against_the_budget_and_the_next_request_waits(serving: Serving) -> None:
    async with serving(limit_commands=10) as (erp, _):
        outcomes, _ = await erp.batch("products", *({"fact": "withdrawn", "code": f"x{n}"} for n in range(12)))
        assert brief(outcomes) == [(404, "not_found")] * 12
        answer = await erp.alone("orders", KNOWN)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert int(answer.headers["retry-after"]) >= 6
