"""Gauges of endpoints: the worst by name, the others together, and never more series than that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY, generate_latest

from shared.event_store import connections
from shared.webhooks import metrics
from shared.webhooks.endpoint import Endpoint, Place
from shared.webhooks.metrics import OTHERS, named, standings
from tests.webhooks.delivered import BEGAN, flowing, held_up


def live(endpoint: UUID, **said: Any) -> dict[str, Any]:
    return {
        "endpoint_id": endpoint,
        "state": "running",
        "behind": 0,
        "next_at": None,
        "waiting": 0,
        "parked": 0,
        "oldest": None,
        "failing_since": None,
    } | said


def test_the_oldest_event_counts_wherever_it_is_held_up() -> None:
    parked, behind, idle = uuid4(), uuid4(), uuid4()
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    found = standings(
        [
            live(idle),
            live(behind, behind=7, next_at=BEGAN - minute),
            live(parked, behind=1, next_at=BEGAN - minute, parked=2, oldest=BEGAN - hour),
        ],
        [{"endpoint_id": idle, "open": 1, "behind": 40}],
        BEGAN,
    )
    assert [each.of for each in found] == [str(parked), str(behind), str(idle)]
    assert [each.oldest_seconds for each in found] == [3_600, 60, 0]
    assert [each.lag_seconds for each in found] == [60, 60, 0]
    assert (found[2].replays, found[2].replay_lag) == (1, 40)


def test_the_number_of_series_is_bounded_and_what_is_left_out_is_told_together() -> None:
    rows = [live(uuid4(), behind=number, next_at=BEGAN - timedelta(seconds=number), parked=1) for number in range(1, 8)]
    *shown, rest = named(standings(rows, [], BEGAN), most=4)
    assert [each.lag_events for each in shown] == [7, 6, 5, 4]
    assert (rest.of, rest.lag_events, rest.oldest_seconds, rest.parked) == (OTHERS, 3, 3, 3)
    assert len(list(named(standings(rows, [], BEGAN), most=7))) == 7


@pytest.fixture
async def all_of(own_database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with connections.pool(
        own_database_url, connections.WORK, settings=connections.SESSION, least=1, most=2
    ) as pool:
        yield pool


async def test_gauges_tell_what_stands_in_the_tables_and_forget_who_is_gone(all_of: asyncpg.Pool) -> None:
    tenant, endpoint = uuid4(), uuid4()
    await flowing(all_of, tenant, endpoint)
    now = datetime.now(UTC)
    await held_up(all_of, tenant, endpoint, uuid4(), [3], event_at=now - timedelta(hours=2))
    of = Endpoint(tenant, endpoint, 1, "ERP", "https://erp.example.com/hooks", "open", Place(1, 0))
    await flowing(all_of, tenant, uuid4())  # of one that was removed: nothing lags behind for it
    await metrics.tell(all_of, [of])
    labels = {"service": "work", "endpoint": str(endpoint)}
    assert REGISTRY.get_sample_value("webhook_lanes_parked", labels) == 1
    oldest = REGISTRY.get_sample_value("webhook_oldest_undelivered_seconds", labels)
    assert oldest is not None
    assert 7_200 <= oldest < 7_800
    assert REGISTRY.get_sample_value("webhook_endpoints", {"service": "work", "state": "running"}) == 1

    await metrics.tell(all_of, [replace(of, status="removed")])
    assert str(endpoint).encode() not in generate_latest()
