"""Runs claimed operations, one coroutine a kind. Knows no kind and no process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import asyncpg
import structlog

from shared.event_store.store import EventStore
from shared.identity.current_tenant import as_tenant
from shared.jobs.files import forget_files
from shared.jobs.running import HEARTBEAT_SECONDS, MOST_ATTEMPTS, Cancelled, LeaseLost, Running, claim_next
from shared.settings import Settings

log = structlog.get_logger(__name__)

Handler = Callable[[Running], Awaitable[Mapping[str, Any] | None]]
"""Does an operation's work and returns its result. It may be begun again after a crash: go on from `checkpoint`,
and key what it appends by (operation, item), so that a repeated item is harmless."""


async def _end(running: Running, state: Literal["failed", "cancelled"], error: str | None = None) -> None:
    """Nothing will read the files of an operation that came to nothing, and they may hold personal data."""
    await running.finish(state, error=error)
    await forget_files(running.pool, running.tenant_id, running.operation_id)


@dataclass(frozen=True, slots=True)
class Resources:
    """What the worker gives every operation as `running.resources`."""

    store: EventStore
    settings: Settings


class Failed(Exception):
    """The operation cannot be done; the text is shown to its owner. Another exception is shown as `internal_error`."""


class Runner:
    """Takes operations of the kinds in `handlers` and runs them, one at a time each.

    `pool` sees the operations of all tenants. The work itself goes over the store of `resources`, as the operation's
    tenant: the database shows it that tenant's rows and no other's.
    """

    def __init__(
        self, pool: asyncpg.Pool, handlers: Mapping[str, Handler], *, resources: Resources | None = None
    ) -> None:
        self._pool = pool
        self._handlers = handlers
        self._resources = resources

    async def run_one(self, holder: int) -> bool:
        """Run the next operation to its end, if there is one. On cancellation it is left to be taken up again."""
        if not self._handlers:
            return False
        resources = self._resources
        running = await claim_next(
            self._pool,
            self._handlers.keys(),
            holder,
            resources=resources,
            work_pool=None if resources is None else resources.store.pool,
        )
        if running is None:
            return False
        with (
            as_tenant(running.tenant_id),
            structlog.contextvars.bound_contextvars(operation=str(running.operation_id), kind=running.kind),
        ):
            try:
                await self._run(running)
            except LeaseLost:
                log.warning("operation_lost")
        return True

    async def _run(self, running: Running) -> None:
        if running.attempts > MOST_ATTEMPTS:
            await _end(running, "failed", "gave_up")
            return
        work = asyncio.ensure_future(self._handlers[running.kind](running))
        pulse = asyncio.create_task(self._pulse(running, work))
        try:
            result = await work
        except LeaseLost:
            raise
        except Cancelled:
            await _end(running, "cancelled")
        except Failed as error:
            await _end(running, "failed", str(error))
        except asyncio.CancelledError:
            if not pulse.done():  # the process ends, not the lease
                raise
            pulse.result()
            await _end(running, "cancelled")
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
            raise  # the database is gone: the lease runs out, and whoever takes it goes on from the checkpoint
        except Exception:
            log.exception("operation_failed")
            await _end(running, "failed", "internal_error")
        else:
            await running.finish("done", result=result)
        finally:
            work.cancel()
            pulse.cancel()
            with suppress(asyncio.CancelledError, LeaseLost):
                await pulse

    async def _pulse(self, running: Running, work: asyncio.Future[Any]) -> None:
        """Keep the lease; stop the work when it is lost, or when its end was asked for."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                end = await running.heartbeat()
            except LeaseLost:
                work.cancel()
                raise
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                log.warning("heartbeat_failed", error=str(error))
                continue
            if end:
                work.cancel()
                return
