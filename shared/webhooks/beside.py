"""What goes on beside deliveries in a worker: notices told, gauges set, old attempts forgotten. Delivers no event."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.telemetry import logger
from shared.webhooks import attempt_log, metrics
from shared.webhooks.telling import Teller

log = logger("deliveries")

TELL_SECONDS = 1.0
"""How often new notices are looked for."""
FORGET_SECONDS = 3_600.0


async def beside(pool: Any, teller: Teller, stop: asyncio.Event, *, attempt_days: int) -> None:
    """Do all of it until `stop`. `pool` sees all tenants. Raises what the database raises."""
    async with asyncio.TaskGroup() as group:
        group.create_task(metrics.watch(pool, teller.registry, stop))
        group.create_task(_tell(teller, stop))
        group.create_task(_forget(pool, stop, timedelta(days=attempt_days)))


async def _tell(teller: Teller, stop: asyncio.Event) -> None:
    while not stop.is_set():
        if not await teller.run_once():
            await _rest(stop, TELL_SECONDS)


async def _forget(pool: Any, stop: asyncio.Event, kept: timedelta) -> None:
    while not stop.is_set():
        if forgotten := await attempt_log.forget(pool, datetime.now(UTC) - kept):
            log.info("attempts_forgotten", count=forgotten)
        await _rest(stop, FORGET_SECONDS)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
