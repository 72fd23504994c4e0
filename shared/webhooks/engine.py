"""Delivers this worker's share of the flows: takes them, keeps them, gives them back. Knows no event, no receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import asyncpg

from shared.event_store import connections
from shared.event_store.command import EventStoreError
from shared.telemetry import logger
from shared.webhooks import lanes
from shared.webhooks.delivering import Delivering
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.flows import LEASE_SECONDS, MARGIN_SECONDS, RENEW_SECONDS, Flow, Flows, Key
from shared.webhooks.recording import LeaseLost, Recorder
from shared.webhooks.room import Room
from shared.webhooks.shares import Shares
from shared.webhooks.surroundings import Surroundings

log = logger("deliveries")

BEAT_SECONDS = 0.25
"""How often is looked for news while there is something to do; a hint comes before."""
IDLE_SECONDS = 1.0
SOON_SECONDS = 0.01
"""Between two looks, however often is hinted."""
REGISTRY_SECONDS = 1.0
END_SECONDS = 4.0
"""What is under way when the worker is told to end has so long."""
BROKEN_SECONDS = 20.0
"""A flow whose delivery ended with an error of ours is left alone so long."""

OF_ONE_FLOW = (asyncpg.DataError, asyncpg.QueryCanceledError, asyncpg.ProgramLimitExceededError)
"""What the database says of a statement, not of itself: of events that cannot be read, or not in time."""


@dataclass(slots=True)
class Held:
    """One flow of ours, at work."""

    delivering: Delivering
    task: asyncio.Task[None]

    @property
    def flow(self) -> Flow:
        return self.delivering.flow


class Engine:
    """`pool` sees the rows of all tenants; `key` names this worker by an advisory lock its session holds."""

    def __init__(self, pool: Any, key: int, around: Surroundings) -> None:
        self._pool = pool
        self._around = around
        self._flows = Flows(pool, key)
        self._recorder = Recorder(pool, key)
        self._room = Room()
        self._shares = Shares(around.most_of_a_tenant)
        self._held: dict[Key, Held] = {}
        self._broken: dict[Key, float] = {}
        self._endpoints: dict[Key, Endpoint] = {}
        self._news = asyncio.Event()

    def hint(self) -> None:
        """There may be something new."""
        self._news.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, then finish what is under way. Raises what the database raises."""
        renewed = registered = 0.0
        await self._flows.begin()
        try:
            async with asyncio.TaskGroup() as group:
                recording = group.create_task(self._recorder.run())
                while not stop.is_set():
                    at = monotonic()
                    changed = False
                    if at - registered >= REGISTRY_SECONDS:
                        registered = at
                        changed = await self._follow()
                    if changed or at - renewed >= RENEW_SECONDS:
                        renewed = at
                        await self._renew()
                        await self._claim(group)
                    await self._beat()
                    await self._pause(stop)
                for held in self._held.values():
                    held.delivering.end()
                late = monotonic() + END_SECONDS
                while self._held:
                    await asyncio.wait([held.task for held in self._held.values()], timeout=RENEW_SECONDS)
                    await self._renew()
                    if monotonic() > late:  # whose receivers take long are sent it again, by another worker
                        for held in self._held.values():
                            held.task.cancel()
                recording.cancel()
        finally:
            self._held.clear()
        await self._flows.leave()

    async def _pause(self, stop: asyncio.Event) -> None:
        await asyncio.sleep(SOON_SECONDS)
        waits = [asyncio.ensure_future(self._news.wait()), asyncio.ensure_future(stop.wait())]
        busy = any(held.delivering.busy for held in self._held.values())
        try:
            await asyncio.wait(
                waits, timeout=BEAT_SECONDS if busy else IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()
        self._news.clear()

    async def _follow(self) -> bool:
        """What the registry says now, and whether that is something else. Who changed is delivered to anew."""
        endpoints: Sequence[Endpoint] = await self._around.load()
        await self._flows.follow(endpoints)
        before, self._endpoints = self._endpoints, {(e.tenant_id, e.endpoint_id): e for e in endpoints}
        for tenant_id, endpoint_id, reason in await self._flows.untold():
            endpoint = self._endpoints.get((tenant_id, endpoint_id))
            try:
                version = None if endpoint is None else await self._around.pause(endpoint, reason)
            except EventStoreError as error:  # it is stopped already; the next look tells the log
                log.warning("pause_not_recorded", endpoint=str(endpoint_id), error=type(error).__name__)
                continue
            if version is not None:
                await self._flows.told(tenant_id, endpoint_id, version)
        for held in self._held.values():
            if self._endpoints.get((held.flow.tenant_id, held.flow.endpoint_id)) != held.delivering.endpoint:
                held.delivering.end()
        return before != self._endpoints

    async def _renew(self) -> None:
        if not self._held:
            return
        at = monotonic()
        states: Mapping[Key, str] = await self._flows.renew([held.flow for held in self._held.values()])
        for key, held in list(self._held.items()):
            state = states.get(key)
            if state is None:
                log.warning("flow_lost", flow=str(held.flow.flow_id))
                held.task.cancel()
                continue
            held.delivering.lease_until = at + LEASE_SECONDS - MARGIN_SECONDS
            if state != "running":
                held.delivering.end()

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        now = monotonic()
        self._broken = {key: until for key, until in self._broken.items() if until > now}
        open = [endpoint for endpoint in self._endpoints.values() if endpoint.status == "open"]
        if not open:
            return
        surplus = await self._flows.surplus(open) if self._held else 0
        for held in list(self._held.values())[:surplus]:
            held.delivering.end()
        at = monotonic()
        claimed = await self._flows.claim(open)
        heads = await self._flows.heads({flow.tenant_id for flow in claimed}) if claimed else {}
        for flow in claimed:
            if flow.key in self._held or flow.key in self._broken:
                continue
            endpoint = self._endpoints[flow.tenant_id, flow.endpoint_id]
            head = heads.get(flow.tenant_id, 0)
            delivering = Delivering(
                self._pool,
                flow,
                endpoint,
                self._recorder,
                self._around,
                shares=self._shares,
                room=self._room,
                head=head,
            )
            delivering.lease_until = at + LEASE_SECONDS - MARGIN_SECONDS
            self._held[flow.key] = Held(delivering, group.create_task(self._deliver(delivering)))

    async def _deliver(self, delivering: Delivering) -> None:
        flow = delivering.flow
        try:
            await delivering.run()
        except* LeaseLost:
            log.warning("flow_lost", flow=str(flow.flow_id))
        except* OF_ONE_FLOW as errors:  # what one tenant has must not keep the others waiting
            self._break(flow, errors)
        except* connections.AWAY:
            raise  # the database is away: all begins anew
        except* Exception as errors:  # noqa: BLE001 - said in the log, and left alone for a while
            self._break(flow, errors)
        else:
            await self._flows.release(flow)
        finally:
            self._held.pop(flow.key, None)

    def _break(self, flow: Flow, errors: BaseException) -> None:
        log.error("delivery_broken", flow=str(flow.flow_id), endpoint=str(flow.endpoint_id), exc_info=errors)
        self._broken[flow.key] = monotonic() + BROKEN_SECONDS

    async def _beat(self) -> None:
        if not self._held:
            return
        flows = [held.flow for held in self._held.values()]
        heads = await self._flows.heads({flow.tenant_id for flow in flows})
        due = await lanes.due(self._pool, flows, self._around.clock())
        for held in list(self._held.values()):
            held.delivering.head = heads.get(held.flow.tenant_id, 0)
            held.delivering.beat(list(due.get(held.flow.key, ())))
