"""Group commit: commands gather while the flush before them is on its way. Must not know what is appended.

No timer gathers them: an idle lane takes what is there at once. Nothing waits longer than `MAX_WAIT_S` unsent, and no
more than `MAX_QUEUED` commands wait: beyond, the caller is told to come back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from shared.event_store import fault_points
from shared.event_store.appending import check
from shared.event_store.command import Command, Outcome, Overloaded
from shared.event_store.lane import Job, Lane

MAX_EVENTS_A_FLUSH = 256
MAX_COMMANDS_A_FLUSH = 256
SMALL_GROUP = 8
"""Not worth dividing."""
MAX_EVENTS_A_JOBS_CALL = 100
MAX_QUEUED = 8_192
MAX_WAIT_S = 2.0

Key = tuple[UUID, UUID, str]


class Writer:
    """The lanes of one process, the queue before them, and the lane of jobs beside it."""

    def __init__(self, database_url: str, *, lanes: int, committed: Callable[[], None]) -> None:
        self._lanes = [Lane(database_url, str(n)) for n in range(1, lanes + 1)]
        self._jobs_lane = Lane(database_url, "jobs")
        self._jobs_turn = asyncio.Lock()
        self._committed = committed
        self._queue: deque[Job] = deque()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._woken = 0
        self._under_way: dict[Key, Job] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._watch: asyncio.TimerHandle | None = None
        self._closing = False

    async def open(self) -> None:
        for lane in self._lanes:
            await lane.connect()
        self._loop = asyncio.get_running_loop()
        self._tasks = [asyncio.create_task(self._serve(lane), name="append") for lane in self._lanes]

    async def close(self) -> None:
        """Take no more, write what is queued, disconnect."""
        self._closing = True
        for idle in self._idle:
            if not idle.done():
                idle.set_result(None)
        self._idle.clear()
        await asyncio.gather(*self._tasks)
        if self._watch is not None:
            self._watch.cancel()
        for lane in (*self._lanes, self._jobs_lane):
            await lane.close()

    @property
    def queued(self) -> int:
        return len(self._queue)

    # -- people's commands ---------------------------------------------------------------------------

    async def append(self, command: Command) -> Outcome:
        check(command)
        if command.key is None:
            return await self._submit(command, None)
        key = (command.tenant_id, command.principal_id, command.key)
        while (first := self._under_way.get(key)) is not None and not first.answered:
            future: asyncio.Future[Outcome] = self._loop.create_future()
            first.futures.append(future)
            outcome = await future
            same = first.command.fingerprint == command.fingerprint
            if outcome.kind in ("ok", "duplicate"):
                return replace(outcome, kind="duplicate" if same else "key_reused")
            if same:
                return outcome
        return await self._submit(command, key)

    async def _submit(self, command: Command, key: Key | None) -> Outcome:
        if self._closing:
            raise Overloaded("the store is closing")
        if len(self._queue) >= MAX_QUEUED:
            raise Overloaded
        future: asyncio.Future[Outcome] = self._loop.create_future()
        job = Job(command, future, self._loop.time())
        if key is not None:
            self._under_way[key] = job
        self._queue.append(job)
        fault_points.reach("append.queued")
        if self._idle:
            self._woken += 1
            self._idle.popleft().set_result(None)
        elif self._watch is None:
            self._watch = self._loop.call_later(MAX_WAIT_S, self._turn_away)
        return await future

    async def _serve(self, lane: Lane) -> None:
        while True:
            if not self._queue:
                if self._closing:
                    return
                idle: asyncio.Future[None] = self._loop.create_future()
                self._idle.append(idle)
                await idle
                self._woken = max(self._woken - 1, 0)
                continue
            jobs = self._take(lanes=self._woken + 1)
            try:
                await lane.flush(jobs)
            finally:
                for job in jobs:
                    self._forget(job)
            self._committed()

    def _take(self, lanes: int) -> list[Job]:
        """The next group, leaving a part to the other lanes that are about to take one.

        Else all writers would wait for one flush, and this process for PostgreSQL and back by turns.
        """
        queue = self._queue
        most = min(max(len(queue) // lanes, SMALL_GROUP), MAX_COMMANDS_A_FLUSH)
        jobs = [queue.popleft()]
        events = jobs[0].command.events
        while queue and len(jobs) < most:
            events += queue[0].command.events
            if events > MAX_EVENTS_A_FLUSH:
                break
            jobs.append(queue.popleft())
        return jobs

    def _forget(self, job: Job) -> None:
        command = job.command
        if command.key is not None:
            key = (command.tenant_id, command.principal_id, command.key)
            if self._under_way.get(key) is job:  # a retry may be under way already
                del self._under_way[key]

    def _turn_away(self) -> None:
        """Answer those who waited too long, and look again when the next one will have."""
        self._watch = None
        now = self._loop.time()
        while self._queue and now - self._queue[0].queued_at >= MAX_WAIT_S:
            job = self._queue.popleft()
            self._forget(job)
            job.fail(Overloaded())
        if self._queue:
            self._watch = self._loop.call_later(self._queue[0].queued_at + MAX_WAIT_S - now, self._turn_away)

    # -- jobs ------------------------------------------------------------------------------------------

    async def append_all(self, commands: Sequence[Command]) -> list[Outcome]:
        """In order, in calls of one tenant and at most a hundred events, so that people's commands come between."""
        for command in commands:
            check(command)
        loop = asyncio.get_running_loop()
        jobs = [Job(command, loop.create_future(), loop.time()) for command in commands]
        start = 0
        async with self._jobs_turn:
            while start < len(jobs):
                end = start + 1
                events = jobs[start].command.events
                while (
                    end < len(jobs)
                    and end - start < MAX_EVENTS_A_JOBS_CALL
                    and jobs[end].command.tenant_id == jobs[start].command.tenant_id
                    and events + jobs[end].command.events <= MAX_EVENTS_A_JOBS_CALL
                ):
                    events += jobs[end].command.events
                    end += 1
                await self._jobs_lane.flush(jobs[start:end])
                self._committed()
                start = end
        results = await asyncio.gather(*(job.futures[0] for job in jobs), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if isinstance(result, Outcome)]
