"""Delivers one flow as long as it is held: reads ahead, sends what may be sent, writes what came of it.

Three things go on beside each other: reading, sending, writing; what is in memory is the `Window`. Whatever is not
written when the flow is lost, or the process dies, is done again by whoever holds the flow next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from shared.feed.reading import Shown
from shared.telemetry import logger
from shared.webhooks import lanes, payload, schedule
from shared.webhooks.endpoint import Endpoint
from shared.webhooks.flows import Flow
from shared.webhooks.lanes import EVENTS_AT_ONCE, Lane
from shared.webhooks.outcome import attempt_of, headers_of, said_of
from shared.webhooks.payload import Persons
from shared.webhooks.rate import Rate
from shared.webhooks.recording import Moved, Recorder
from shared.webhooks.room import Room
from shared.webhooks.schedule import Verdict
from shared.webhooks.sending import UNSENDABLE, Answer
from shared.webhooks.shares import Shares
from shared.webhooks.signing import NothingSigns
from shared.webhooks.source import Source
from shared.webhooks.standing import BACKLOG, CAUGHT_UP, PARKED, RECOVERED, Kind
from shared.webhooks.surroundings import Surroundings
from shared.webhooks.vaulted import Signing
from shared.webhooks.window import Item, Window

log = logger("deliveries")

READ_BELOW = 200
"""Events in memory below which more are read."""
SLOW_SECONDS = 1.0
"""What is under way for longer no longer keeps the cursor."""
ROOM_SECONDS = 0.1
"""How often is looked for room where the tenant has as much under way as it may."""
WRITE_CURSOR_SECONDS = 1.0
"""How often is written that nothing of what was read was for this endpoint."""
BACKLOG_EVENTS, CAUGHT_UP_EVENTS = 10_000, 1_000
"""So far behind the end of the log is told, and that it is over."""


class Delivering:
    """One flow, held. `head`: where its tenant's log ends, kept up by the engine, like `lease_until`."""

    def __init__(
        self,
        pool: Any,
        flow: Flow,
        endpoint: Endpoint,
        recorder: Recorder,
        around: Surroundings,
        *,
        shares: Shares,
        room: Room,
        head: int,
    ) -> None:
        self.flow = flow
        self.endpoint = endpoint
        self.head = head
        self.lease_until = 0.0
        """Of the monotonic clock: nothing is sent after it."""
        self._pool = pool
        self._recorder = recorder
        self._room = room
        self._around = around
        self._shares = shares
        self._standing = flow.standing()
        self._backlog_at = flow.backlog_at
        self._window = Window(flow.position, flow.ahead, {})
        self._signing = Signing((), {})
        self._source = Source(pool, flow, endpoint, around)
        self._written = flow.position
        self._written_at = monotonic()
        self._under_way = 0
        """Requests whose outcome is not written yet."""
        self._rate = Rate(endpoint.rate, flow.rate)
        self._begun = False
        self._done = False
        self._ending = False
        self._ended = asyncio.Event()
        self._hungry = asyncio.Event()
        self._dirty = asyncio.Event()
        self._settlers: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    # -- for the engine --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Deliver until `end`. Raises LeaseLost, and what the database raises."""
        only_lane = self.flow.flow_id if self.endpoint.ordered == "endpoint" else None
        waiting = await lanes.all_lanes(self._pool, self.flow)
        self._window = Window(self.flow.position, self.flow.ahead, waiting, only_lane=only_lane)
        signing = await self._around.signing(self.endpoint)
        if signing is None:
            return
        self._signing = signing
        try:
            async with asyncio.TaskGroup() as self._tasks:
                loops = [self._tasks.create_task(self._keep_reading()), self._tasks.create_task(self._keep_writing())]
                self._begun = True
                self._hungry.set()
                await self._ended.wait()
                await self._settled()
                for each in loops:
                    each.cancel()
        finally:
            self._left(self._under_way)
            if self._timer is not None:
                self._timer.cancel()

    def end(self) -> None:
        """Begin nothing more; what is under way comes to its end."""
        self._ending = True
        self._go()

    @property
    def busy(self) -> bool:
        """Whether there is more to do than to wait for new events."""
        return not (self._begun and self._window.empty and not self._window.lanes and self._window.upto >= self._end)

    def beat(self, due: list[UUID]) -> None:
        """From time to time: lanes whose time has come, what takes long, what is to be told."""
        if not self._begun:
            return
        now, at = self._around.clock(), monotonic()
        self._window.to_load.update(lane for lane in due if self._window.idle(lane))
        for item in self._window.keeping():
            if at - item.sent_at > SLOW_SECONDS:
                until = now + timedelta(seconds=self._around.deadline)
                self._window.slow(item, self._lane(item, now, until, item.attempts))
                self._dirty.set()
        if at - self._written_at > WRITE_CURSOR_SECONDS and self._window.position != self._written:
            self._dirty.set()
        self._tell_backlog(now)
        self._go()

    # -- sending ---------------------------------------------------------------------------------------

    def _go(self) -> None:
        """Begin whatever may be begun. Waits for nothing."""
        if self._ending:
            if not self._window.sending:
                self._ended.set()
            return
        now = self._around.clock()
        standing, window = self._standing, self._window
        while self._has_room and window.ready and not standing.waits(now):
            if monotonic() >= self.lease_until:
                return
            if not self._shares.room(self.flow.tenant_id):
                self._again_in(ROOM_SECONDS)
                break
            if wait := self._rate.wait(monotonic()):
                self._again_in(wait)
                break
            item = window.next(least_tried=standing.alarmed_at is not None)
            if item is None:
                break
            self._under_way += 1
            self._room.entered(self._under_way)
            self._shares.send(self.flow.tenant_id, self._tasks, self._send(item))
        if standing.not_before is not None and standing.not_before > now:
            self._again_in((standing.not_before - now).total_seconds())
        elif standing.alarmed_at is not None and not window.ready and not window.sending and not window.to_load:
            window.to_load.update(window.least_tried())
        self._hungry.set()

    @property
    def _has_room(self) -> bool:
        return self._under_way < min(self._standing.most, self._room.share(under_way=self._under_way))

    def _left(self, count: int) -> None:
        self._under_way -= count
        self._room.left(self._under_way + count, self._under_way)

    def _again_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(min(seconds, 1.0), self._go)

    async def _send(self, item: Item) -> None:
        now = self._around.clock()
        persons = await self._persons(item.shown)
        try:
            body = payload.body(self.endpoint, item.shown, persons)
            headers = headers_of(self.flow, self._signing, item, now, body)
        except NothingSigns:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is about this event, others are not kept back by it
            self._unsendable(item, error, now)
            return
        item.sent_at = monotonic()
        if item.sent_at >= self.lease_until:
            self._left(1)
            self._window.put_back(item)
            self._go()
            return
        answer = await self._around.sender.post(
            self.endpoint.url, headers, body, allowed=self._source.allowed, deadline=self._around.deadline
        )
        self._answered(item, answer, now)

    async def _persons(self, shown: Shown) -> Persons:
        if self._around.persons is None or not self.endpoint.personal:
            return {}
        return await self._around.persons(self.endpoint, shown.body)

    def _answered(self, item: Item, answer: Answer, at: datetime) -> None:
        now, window = self._around.clock(), self._window
        said = schedule.verdict(answer)
        notices = self._standing.answered(said, answer, now, self._around.chance)
        number, next_at, parked = item.attempts + 1, None, False
        match said:
            case Verdict.DELIVERED:
                window.delivered(item)
            case Verdict.OURS:
                next_at = self._standing.not_before
                window.put_back(item)
            case Verdict.GONE:
                next_at = now
                window.failed(item, self._lane(item, now, now, number, answer))
            case Verdict.LATER | Verdict.NEVER:
                lane = self._lane(item, now, now, number, answer)
                parked = self._standing.alarmed_at is None and schedule.parks(said, number, now - lane.first_failed_at)
                if parked:
                    lane.state = "parked"
                else:
                    asked = schedule.asked_to_wait(answer, now)
                    next_at = lane.next_at = now + schedule.delay(number, asked, self._around.chance)
                window.failed(item, lane)
        window.changes.woken = window.changes.woken or RECOVERED in notices
        self._note(item, answer, (*notices, *((PARKED,) if parked else ())), number=number, at=at, next_at=next_at)
        if self._standing.paused_by is not None:
            self.end()
        self._go()

    def _unsendable(self, item: Item, error: Exception, at: datetime) -> None:
        """No body can be made of an event: our defect, not the receiver's. Its lane parks; the others go on."""
        log.error("event_unsendable", endpoint=str(self.endpoint.endpoint_id), position=item.position, exc_info=error)
        answer, number = Answer(None, 0.0, UNSENDABLE, type(error).__name__), item.attempts + 1
        lane = self._lane(item, at, at, number, answer)
        lane.state = "parked"
        self._window.failed(item, lane)
        self._note(item, answer, (PARKED,), number=number, at=at, next_at=None)
        self._go()

    def _note(
        self,
        item: Item,
        answer: Answer,
        notices: Iterable[Kind],
        *,
        number: int,
        at: datetime,
        next_at: datetime | None,
    ) -> None:
        """What came of an attempt, to be written."""
        now, changes = self._around.clock(), self._window.changes
        changes.answered += 1
        changes.tried.append(attempt_of(self.flow, item, answer, number=number, at=at, next_at=next_at))
        for kind in notices:
            changes.noticed.append((kind, now, said_of(self.flow, self.endpoint, self._standing, item, answer)))
        self._dirty.set()

    def _lane(self, item: Item, now: datetime, next_at: datetime, attempts: int, answer: Answer | None = None) -> Lane:
        known = self._window.lanes.get(item.lane)
        first = known.first_failed_at if known is not None and item.attempts else now
        status, fault = (answer.status, answer.fault) if answer is not None else (None, None)
        return Lane(item.lane, item.position, item.recorded_at, "waiting", attempts, next_at, first, status, fault)

    def _tell_backlog(self, now: datetime) -> None:
        behind, told = self.head - self._window.position, self._backlog_at is not None
        if self.flow.replay or not (behind < CAUGHT_UP_EVENTS if told else behind > BACKLOG_EVENTS):
            return
        kind: Kind = CAUGHT_UP if told else BACKLOG
        self._backlog_at = None if told else now
        self._window.changes.noticed.append((kind, now, {"name": self.endpoint.name, "events": behind}))
        self._dirty.set()

    # -- reading ---------------------------------------------------------------------------------------

    async def _keep_reading(self) -> None:
        while True:
            await self._hungry.wait()
            self._hungry.clear()
            if self._ending or self._standing.paused_by is not None:
                continue
            if self._window.to_load:
                await self._load_lanes()
            while self._wants_more():
                page = await self._source.read(self._window.upto, self._end)
                self._window.take(page.events, page.upto)
                self._go()
            self._finish()

    @property
    def _end(self) -> int:
        return self.head if self.flow.upto is None else min(self.head, self.flow.upto)

    def _wants_more(self) -> bool:
        window = self._window
        if self._ending or window.upto >= self._end or window.queued >= READ_BELOW:
            return False
        if self._standing.alarmed_at is not None and (window.ready or window.queued):
            return False
        return not (self.endpoint.ordered == "endpoint" and window.lanes)

    async def _load_lanes(self) -> None:
        """The events of lanes whose time has come. What they wait with is in the table once all is written."""
        wanted, window = {lane for lane in self._window.to_load if self._window.idle(lane)}, self._window
        window.to_load.clear()
        for lane in wanted:
            window.lanes[lane].more = False
        await self._settled()
        rows = await lanes.some_lanes(self._pool, self.flow, wanted)
        waits = await lanes.waiting(self._pool, self.flow, wanted)
        positions = frozenset(position for some in waits.values() for position in some)
        found = {shown.position: shown for shown in await self._source.at(positions)}
        for lane in wanted & window.lanes.keys():
            if (row := rows.get(lane)) is not None:
                row.more = window.lanes[lane].more
                window.lanes[lane] = row
            places = waits.get(lane, ())
            shown = [found[position] for position in places if position in found]
            window.drain(lane, places, shown, more=len(places) == EVENTS_AT_ONCE)
        self._dirty.set()
        self._go()

    def _finish(self) -> None:
        """A replay is done when all is read, and delivered or parked."""
        window = self._window
        if not self.flow.replay or window.upto < (self.flow.upto or 0) or not window.empty:
            return
        if not self._done and all(lane.state == "parked" for lane in window.lanes.values()):
            self._done = True
            self._dirty.set()

    # -- writing ---------------------------------------------------------------------------------------

    async def _keep_writing(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            settlers, self._settlers = self._settlers, []
            window, changes = self._window, self._window.taken()
            changes.lanes = {lane: replace(row) for lane, row in changes.lanes.items()}
            moved = Moved(
                self.flow,
                window.position,
                window.ahead(),
                replace(self._standing),
                self._backlog_at,
                self._done,
                len(window.sending),
                changes,
            )
            await self._recorder.record(moved)
            self._written, self._written_at = moved.position, monotonic()
            self._left(changes.answered)
            if changes.woken:
                await lanes.wake(self._pool, self.flow, self._around.clock())
            for settler in settlers:
                if not settler.done():
                    settler.set_result(None)
            self._go()

    async def _settled(self) -> None:
        """Until all that is known now is written."""
        settler: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settlers.append(settler)
        self._dirty.set()
        await settler
