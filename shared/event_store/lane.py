"""A connection that appends, and the truth about what it appended when it is lost. Must not queue.

A lane answers every job it is given. When the connection is lost between the send and the answer it makes sure that
the old backend is gone, then appends the same commands again: the append takes the head lock, and finds either the
key (it happened: that answer) or not (it did not: now it does). Only when that fails is the outcome unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from shared.event_store import connections, fault_points
from shared.event_store.appending import APPEND, Layout
from shared.event_store.command import Command, Outcome, OutcomeUnknown, Overloaded, UnknownTenant, UnstorableText

RECOVER_WITHIN_S = 5.0
ANSWER_WITHIN_S = 15.0
"""Longer than the statement timeout: passed, the connection is dead and not merely slow."""

# By pid and start: after a restart of the server a pid may be someone else's.
END_BACKEND = "select pg_terminate_backend(pid, 2000) from pg_stat_activity where pid = $1 and backend_start = $2"

_UNKNOWN_TENANT = "DK003"


class Job:
    """A command under way and everyone who waits for its outcome."""

    __slots__ = ("answered", "command", "futures", "queued_at", "sent_before")

    def __init__(self, command: Command, future: asyncio.Future[Outcome], queued_at: float) -> None:
        self.command = command
        self.futures = [future]
        self.queued_at = queued_at
        self.sent_before = False
        self.answered = False

    def answer(self, outcome: Outcome) -> None:
        self.answered = True
        for future in self.futures:
            if not future.done():
                future.set_result(outcome)

    def fail(self, error: BaseException) -> None:
        self.answered = True
        for future in self.futures:
            if not future.done():
                future.set_exception(error)
                future.exception()  # whoever waits is told; if nobody does any more, that is no news


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, so that nobody knows what became of the call."""
    if isinstance(error, asyncpg.DataError):
        return False
    return isinstance(
        error,
        OSError  # TimeoutError among them
        | asyncpg.PostgresConnectionError
        | asyncpg.InterfaceError
        | asyncpg.InternalClientError  # the driver lost its place: a cancel that came between two answers, say
        | asyncpg.AdminShutdownError
        | asyncpg.CrashShutdownError
        | asyncpg.CannotConnectNowError
        | asyncpg.TooManyConnectionsError,
    )


class Lane:
    """One connection of its own. `flush` is called by one task at a time."""

    def __init__(self, database_url: str, name: str) -> None:
        self._database_url = database_url
        self._settings = connections.WRITER | {"application_name": f"dakehu append {name}"}
        self._connection: asyncpg.Connection[Any] | None = None
        self._statement: Any = None
        self._backend: tuple[int, datetime] | None = None
        self._lost_backend: tuple[int, datetime] | None = None

    async def connect(self) -> None:
        """Connect, and end what is left of the connection before: it may still hold a lock, or a command unread.

        Backends belong to the login, so it is the login that ends one; only then the connection takes its role.
        """
        connection = await connections.connect(self._database_url, self._settings)
        try:
            if self._lost_backend is not None:
                await connection.execute(END_BACKEND, *self._lost_backend)
                self._lost_backend = None
            row = await connection.fetchrow(
                "select pid, backend_start from pg_stat_activity where pid = pg_backend_pid()"
            )
            assert row is not None
            self._backend = (row["pid"], row["backend_start"])
            await connection.execute(connections.BECOME_WRITER)
            self._statement = await connection.prepare(APPEND)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection

    async def close(self) -> None:
        if self._connection is not None:
            try:
                await self._connection.close(timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                self._connection.terminate()
        self._connection = None

    def _abandon(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._lost_backend = self._backend
        self._connection = None

    async def _call(self, layout: Layout) -> list[Outcome]:
        if fault_points.armed:
            sending = asyncio.ensure_future(self._statement.fetch(*layout.arrays, timeout=ANSWER_WITHIN_S))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            fault_points.reach("append.sent")
            rows = await sending
            fault_points.reach("append.answered")
        else:
            rows = await self._statement.fetch(*layout.arrays, timeout=ANSWER_WITHIN_S)
        return layout.outcomes(rows[0])

    async def flush(self, jobs: Sequence[Job]) -> None:
        """Append the jobs' commands in one call and answer every job. Raises nothing but cancellation."""
        if len(jobs) > 1 and any(job.command.tenant_id != jobs[0].command.tenant_id for job in jobs):
            jobs = sorted(jobs, key=lambda job: job.command.tenant_id.bytes)
        loop = asyncio.get_running_loop()
        give_up_at: float | None = None
        while True:
            sent = False
            try:
                if self._connection is None:
                    await self.connect()
                sent = True
                layout = Layout([job.command for job in jobs])
                outcomes = await self._call(layout)
            except Exception as error:  # noqa: BLE001 - every job hears of it; the lane serves the others
                if sent and not is_lost(error):
                    await self._refused(jobs, error)
                    return
                self._abandon()
                for job in jobs:
                    job.sent_before = job.sent_before or sent
                now = loop.time()
                give_up_at = give_up_at or now + RECOVER_WITHIN_S
                if now >= give_up_at:
                    for job in jobs:
                        job.fail(OutcomeUnknown() if job.sent_before else Overloaded("the database cannot be reached"))
                    return
                await asyncio.sleep(0.05)
            except BaseException:
                self._abandon()
                for job in jobs:
                    job.fail(OutcomeUnknown("the store was stopped before the database answered"))
                raise
            else:
                break
        for job, outcome in zip(jobs, outcomes, strict=True):
            if outcome.kind == "conflict" and job.sent_before and job.command.key is None:
                job.fail(OutcomeUnknown("it may have been appended: a command without a key cannot be looked up"))
            else:
                job.answer(outcome)

    async def _refused(self, jobs: Sequence[Job], error: Exception) -> None:
        """PostgreSQL rolled the call back: find the command it was about by trying them one at a time."""
        if len(jobs) == 1:
            jobs[0].fail(_translated(error, jobs[0]))
            return
        if isinstance(error, asyncpg.LockNotAvailableError):
            tenants = {job.command.tenant_id for job in jobs}
            if len(tenants) == 1:
                for job in jobs:
                    job.fail(_translated(error, job))
                return
            for tenant in tenants:
                await self.flush([job for job in jobs if job.command.tenant_id == tenant])
            return
        for job in jobs:
            await self.flush([job])


def _translated(error: Exception, job: Job) -> Exception:
    match error:
        case asyncpg.LockNotAvailableError() | asyncpg.QueryCanceledError() | asyncpg.DeadlockDetectedError():
            if job.sent_before:
                return OutcomeUnknown()
            return Overloaded("the tenant's log is locked by another writer")
        case asyncpg.UntranslatableCharacterError() | asyncpg.CharacterNotInRepertoireError():
            return UnstorableText("a text holds U+0000")
        case asyncpg.PostgresError() if error.sqlstate == _UNKNOWN_TENANT:
            return UnknownTenant(f"tenant {job.command.tenant_id} was never opened")
        case _:
            return error
