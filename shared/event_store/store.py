"""The event store of a process: append, load, read, head. Knows the log's tables, no fact and no rule."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg

from shared.event_store import connections
from shared.event_store.command import (
    Answered,
    BrokenLog,
    Command,
    Head,
    Outcome,
    StoredFact,
    UnknownTenant,
)
from shared.event_store.hints import Hints
from shared.event_store.writer import Writer

FIRST_EPOCH = 1
CLOSE_WITHIN_S = 2.0
MOST_FOR_ALL = 4
"""Connections of a process for what concerns all tenants."""

_EVENT = """
select tenant_id, position, stream_type, stream_id, version, type, schema_version, data, metadata, occurred_at,
       recorded_at, hash
  from es.events
"""
_LOAD = _EVENT + " where tenant_id = $1 and stream_id = $2 and version > $3 order by version"
_LOAD_UNTIL = _EVENT + " where tenant_id = $1 and stream_id = $2 and version > $3 and position <= $4 order by version"
_READ = _EVENT + " where tenant_id = $1 and position > $2 order by position limit $3"

_HEAD = """
select h.tenant_id, last.position, last.hash, last.recorded_at, es.genesis(h.tenant_id) as genesis,
       (select max(p.epoch) from es.epochs p where p.tenant_id = h.tenant_id) as epoch
  from es.heads h
  left join lateral (
       select e.position, e.hash, e.recorded_at from es.events e
        where e.tenant_id = h.tenant_id order by e.position desc limit 1) as last on true
 where h.tenant_id = $1
"""

_ANSWERED = """
select fingerprint, status, code, stream_id, version, first_position, last_position, at
  from es.commands where tenant_id = $1 and principal_id = $2 and key = $3
"""

_OPEN_HEAD = "insert into es.heads (tenant_id) values ($1) on conflict do nothing"
_OPEN_EPOCH = """
insert into es.epochs (tenant_id, epoch, from_position, reason) values ($1, $2, 1, 'opened') on conflict do nothing
"""

# An epoch is not counted but dated (seconds): two restores of one backup must not both be "the second".
_RESTORED = """
insert into es.epochs (tenant_id, epoch, from_position, reason)
select h.tenant_id,
       greatest(coalesce((select max(p.epoch) from es.epochs p where p.tenant_id = h.tenant_id), 0) + 1,
                extract(epoch from clock_timestamp())::bigint),
       coalesce((select e.position from es.events e
                  where e.tenant_id = h.tenant_id order by e.position desc limit 1), 0) + 1,
       $1
  from es.heads h
"""

_TENANTS = "select tenant_id from es.heads order by tenant_id"

FORGET_AT_ONCE = 5_000

_FORGET = """
delete from es.commands c
 using (select tenant_id, principal_id, key from es.commands where at < $1 limit $2) as old
 where (c.tenant_id, c.principal_id, c.key) = (old.tenant_id, old.principal_id, old.key)
"""


class EventStore:
    """One per process. `append` may be called by any number of tasks at a time.

    Raises, besides what each method names, what PostgreSQL and the network raise on reads.
    """

    def __init__(
        self,
        database_url: str,
        pool: asyncpg.Pool[Any],
        all_tenants: asyncpg.Pool[Any],
        writer: Writer,
        hints: Hints,
    ) -> None:
        self.database_url = database_url
        self.pool = pool
        """For reads, of the current tenant only: jsonb as Python values, times in UTC. Session state is not reset
        between users: leave none."""
        self.all_tenants = all_tenants
        """For what concerns the installation and not a tenant: metrics, maintenance. Never for a request's answer."""
        self._writer = writer
        self._hints = hints

    @classmethod
    async def open(
        cls,
        database_url: str,
        *,
        writers: int = 2,
        readers: int = 10,
        statement_timeout_s: float | None = None,
        reads_as: str = connections.APP,
    ) -> Self:
        """Connect: `writers` connections for appends, up to `readers` in the pool; one for jobs, one for hints.

        `reads_as` WORK, for maintenance: every read sees all tenants.
        """
        settings = dict(connections.READER)
        if statement_timeout_s is not None:
            settings["statement_timeout"] = str(int(statement_timeout_s * 1000))
        pool = await connections.pool(database_url, reads_as, settings=settings, least=1, most=readers)
        all_tenants = pool
        if reads_as == connections.APP:  # connects when first used
            all_tenants = await connections.pool(
                database_url, connections.WORK, settings=settings, least=0, most=MOST_FOR_ALL
            )
        hints = Hints(database_url)
        writer = Writer(database_url, lanes=writers, committed=hints.give)
        try:
            await writer.open()
        except BaseException:
            pool.terminate()
            all_tenants.terminate()
            raise
        hints.open()
        return cls(database_url, pool, all_tenants, writer, hints)

    async def close(self) -> None:
        """Write what is queued, then disconnect. A server that does not answer is not waited for."""
        await self._writer.close()
        await self._hints.close()
        for pool in {self.pool, self.all_tenants}:
            with suppress(TimeoutError):  # the pool then ends its connections without a farewell
                await asyncio.wait_for(pool.close(), CLOSE_WITHIN_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # -- writing ---------------------------------------------------------------------------------------

    async def append(self, command: Command) -> Outcome:
        """Append one command in the next group. Raises Overloaded, OutcomeUnknown, UnknownTenant, UnstorableText."""
        return await self._writer.append(command)

    async def append_all(self, commands: Sequence[Command]) -> list[Outcome]:
        """Append a job's commands in order, beside people's. Each has its outcome; raises as `append` does."""
        return await self._writer.append_all(commands)

    @property
    def queued(self) -> int:
        """Commands waiting to be sent."""
        return self._writer.queued

    async def open_tenant(self, tenant_id: UUID) -> None:
        """Give a tenant its head and first epoch. Harmless twice."""
        async with self.all_tenants.acquire() as connection, connection.transaction():
            await connection.execute(_OPEN_HEAD, tenant_id)
            await connection.execute(_OPEN_EPOCH, tenant_id, FIRST_EPOCH)

    async def restored(self, reason: str) -> None:
        """The database was restored: begin a new epoch for every tenant, so that no cursor from the other history is
        taken for one of this."""
        await self.all_tenants.execute(_RESTORED, reason)

    async def forget_commands(self, before: datetime) -> int:
        """Delete idempotency records older than `before`; how many. After that a key means a new command."""
        forgotten = 0
        while True:
            status: str = await self.all_tenants.execute(_FORGET, before, FORGET_AT_ONCE)
            gone = int(status.rpartition(" ")[2])
            forgotten += gone
            if gone < FORGET_AT_ONCE:
                return forgotten

    # -- reading ---------------------------------------------------------------------------------------

    async def load(
        self, tenant_id: UUID, stream_id: UUID, *, after_version: int = 0, until_position: int | None = None
    ) -> list[StoredFact]:
        """A stream's events by version; empty when there are none."""
        if until_position is None:
            rows = await self.pool.fetch(_LOAD, tenant_id, stream_id, after_version)
        else:
            rows = await self.pool.fetch(_LOAD_UNTIL, tenant_id, stream_id, after_version, until_position)
        return [StoredFact(*row) for row in rows]

    async def read(self, tenant_id: UUID, after: int, limit: int) -> list[StoredFact]:
        """The tenant's events after a position, in order. Raises BrokenLog when one is missing."""
        rows = await self.pool.fetch(_READ, tenant_id, after, limit)
        facts = [StoredFact(*row) for row in rows]
        if facts and (facts[0].position != after + 1 or facts[-1].position != after + len(facts)):
            raise BrokenLog(f"events after position {after} of tenant {tenant_id} are missing")
        return facts

    async def head(self, tenant_id: UUID) -> Head:
        """Where the tenant's log ends. Raises UnknownTenant."""
        row = await self.pool.fetchrow(_HEAD, tenant_id)
        if row is None:
            raise UnknownTenant(f"tenant {tenant_id} was never opened")
        epoch = row["epoch"] or FIRST_EPOCH
        return Head(row["position"] or 0, row["hash"] or row["genesis"], epoch, row["recorded_at"])

    async def position_at(self, tenant_id: UUID, instant: datetime) -> int:
        """The last position recorded at or before an instant; 0 when there is none."""
        position: int = await self.pool.fetchval("select es.position_at($1, $2)", tenant_id, instant)
        return position

    async def tenants(self) -> list[UUID]:
        return [row["tenant_id"] for row in await self.all_tenants.fetch(_TENANTS)]

    async def answered(self, tenant_id: UUID, principal_id: UUID, key: str) -> Answered | None:
        """What was answered under a key, if it is still remembered."""
        row = await self.pool.fetchrow(_ANSWERED, tenant_id, principal_id, key)
        return None if row is None else Answered(*row)

    async def holder(self, tenant_id: UUID, scope: str, key: str) -> UUID | None:
        """The stream that holds a claim."""
        found: UUID | None = await self.pool.fetchval(
            "select stream_id from es.claims where tenant_id = $1 and scope = $2 and key = $3", tenant_id, scope, key
        )
        return found
