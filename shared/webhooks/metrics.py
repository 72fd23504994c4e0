"""Gauges of deliveries on the worker's /metrics: by endpoint, the worst of them by name and the others together.

Ids of endpoints, no names and no addresses. Every worker tells the same, from the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prometheus_client import Gauge

from shared.webhooks.endpoint import Endpoint
from shared.webhooks.figures import all_live, all_replays
from shared.webhooks.telling import Registry

WATCH_SECONDS = 5.0
MOST_NAMED = 100
"""Endpoints with series of their own; a number that grew with the customers would be somebody's outage."""
OTHERS = "others"

_LABELS = ("service", "endpoint")
ENDPOINTS = Gauge("webhook_endpoints", "Endpoints with a live flow, by its state", ("service", "state"))
LAG_EVENTS = Gauge("webhook_lag_events", "Positions of the log not looked at; others: the most of one", _LABELS)
LAG_SECONDS = Gauge("webhook_lag_seconds", "Age of the first event not looked at; others: the oldest", _LABELS)
OLDEST_SECONDS = Gauge(
    "webhook_oldest_undelivered_seconds",
    "Age of the oldest event not delivered, parked and throttled ones included; others: the oldest",
    _LABELS,
)
WAITING = Gauge("webhook_lanes_waiting", "Subjects whose next event is to be tried again", _LABELS)
PARKED = Gauge("webhook_lanes_parked", "Subjects whose next event is not tried again by itself", _LABELS)
FAILING = Gauge("webhook_failing_seconds", "Since when nothing got through; others: the longest", _LABELS)
REPLAYS = Gauge("webhook_replays_open", "Replays that are not over", _LABELS)
REPLAY_LAG = Gauge("webhook_replay_lag_events", "Positions replays have not looked at", _LABELS)

OF_ENDPOINTS = (LAG_EVENTS, LAG_SECONDS, OLDEST_SECONDS, WAITING, PARKED, FAILING, REPLAYS, REPLAY_LAG)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one endpoint stands; `of` is its id, or `OTHERS`."""

    of: str
    lag_events: int = 0
    lag_seconds: float = 0.0
    oldest_seconds: float = 0.0
    waiting: int = 0
    parked: int = 0
    failing_seconds: float = 0.0
    replays: int = 0
    replay_lag: int = 0

    @property
    def badness(self) -> tuple[float, ...]:
        return (self.oldest_seconds, self.parked, self.failing_seconds, self.lag_events, self.replays)


def standings(live: Iterable[Any], replays: Iterable[Any], now: datetime) -> list[Standing]:
    """How each endpoint stands, the worst first. Rows of ALL and REPLAYS of figures."""
    open_replays: dict[UUID, Any] = {row["endpoint_id"]: row for row in replays}

    def age(at: datetime | None) -> float:
        return 0.0 if at is None else max(0.0, (now - at).total_seconds())

    found = []
    for row in live:
        replay = open_replays.get(row["endpoint_id"])
        ahead = row["next_at"] if row["behind"] else None
        found.append(
            Standing(
                of=str(row["endpoint_id"]),
                lag_events=row["behind"],
                lag_seconds=age(ahead),
                oldest_seconds=max(age(ahead), age(row["oldest"])),
                waiting=row["waiting"],
                parked=row["parked"],
                failing_seconds=age(row["failing_since"]),
                replays=0 if replay is None else replay["open"],
                replay_lag=0 if replay is None else int(replay["behind"]),
            )
        )
    return sorted(found, key=lambda each: each.badness, reverse=True)


def named(found: Sequence[Standing], most: int = MOST_NAMED) -> Iterator[Standing]:
    """The first of these as they are, and what the rest comes to: the worst age, the sum of what is counted."""
    yield from found[:most]
    if rest := found[most:]:
        yield Standing(
            of=OTHERS,
            lag_events=max(each.lag_events for each in rest),
            lag_seconds=max(each.lag_seconds for each in rest),
            oldest_seconds=max(each.oldest_seconds for each in rest),
            waiting=sum(each.waiting for each in rest),
            parked=sum(each.parked for each in rest),
            failing_seconds=max(each.failing_seconds for each in rest),
            replays=sum(each.replays for each in rest),
            replay_lag=sum(each.replay_lag for each in rest),
        )


async def watch(pool: Any, registry: Registry, stop: asyncio.Event) -> None:
    """Keep the gauges up to date until the worker stops. `pool` sees all tenants."""
    while not stop.is_set():
        await tell(pool, await registry(pool))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), WATCH_SECONDS)


async def tell(pool: Any, endpoints: Iterable[Endpoint]) -> None:
    """Set the gauges once; series of endpoints that are gone go. What nobody is sent lags behind nothing."""
    sent = {(one.tenant_id, one.endpoint_id) for one in endpoints if one.status in ("open", "paused")}
    live = [row for row in await all_live(pool) if (row["tenant_id"], row["endpoint_id"]) in sent]
    told = standings(live, await all_replays(pool), datetime.now(UTC))
    for gauge in (ENDPOINTS, *OF_ENDPOINTS):
        gauge.clear()
    for state in sorted({row["state"] for row in live}):
        ENDPOINTS.labels("work", state).set(sum(row["state"] == state for row in live))
    for each in named(told):
        labels = ("work", each.of)
        LAG_EVENTS.labels(*labels).set(each.lag_events)
        LAG_SECONDS.labels(*labels).set(each.lag_seconds)
        OLDEST_SECONDS.labels(*labels).set(each.oldest_seconds)
        WAITING.labels(*labels).set(each.waiting)
        PARKED.labels(*labels).set(each.parked)
        FAILING.labels(*labels).set(each.failing_seconds)
        REPLAYS.labels(*labels).set(each.replays)
        REPLAY_LAG.labels(*labels).set(each.replay_lag)
