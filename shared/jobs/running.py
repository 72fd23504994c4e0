"""An operation in the hands of a worker: claimed, reported on, finished. Every write is fenced by the claim's token."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import asyncpg

from shared.jobs import files
from shared.jobs.operations import Problem

LEASE_SECONDS = 30.0
HEARTBEAT_SECONDS = 5.0
MOST_ATTEMPTS = 5
"""An operation that takes its worker down with it so often is given up."""

# Tenants take turns: the one with the fewest running operations first. A dead session's claim is free at once.
CLAIM = """
update es.operations o
   set state = 'running', holder = $2, token = o.token + 1, attempts = o.attempts + 1,
       until = clock_timestamp() + make_interval(secs => $3),
       started_at = coalesce(o.started_at, clock_timestamp()), updated_at = clock_timestamp()
  from (select c.tenant_id, c.operation_id from es.operations c
         where c.kind = any ($1)
           and (c.state = 'queued'
                or c.state = 'running' and (c.until < clock_timestamp() or not es.present(c.holder)))
         order by (select count(*) from es.operations r where r.tenant_id = c.tenant_id and r.state = 'running'),
                  c.created_at
         limit 1 for update skip locked) free
 where (o.tenant_id, o.operation_id) = (free.tenant_id, free.operation_id)
returning o.tenant_id, o.operation_id, o.kind, o.principal_id, o.principal::text, o.parameters::text,
          o.checkpoint::text, o.done, o.total, o.problems, o.token, o.attempts
"""
HEARTBEAT = """
update es.operations set until = clock_timestamp() + make_interval(secs => $4)
 where tenant_id = $1 and operation_id = $2 and token = $3 and state = 'running'
returning cancel_requested
"""
PROGRESS = """
update es.operations
   set done = $4, total = coalesce($5, total), checkpoint = coalesce($6::text::jsonb, checkpoint),
       problems = problems + $7, until = clock_timestamp() + make_interval(secs => $8), updated_at = clock_timestamp()
 where tenant_id = $1 and operation_id = $2 and token = $3 and state = 'running'
returning cancel_requested, problems
"""
PROBLEMS = """
insert into es.operation_problems (tenant_id, operation_id, number, line, column_name, code, message, params)
select $1, $2, $3 + p.n, p.line, p.column_name, p.code, p.message, p.params::jsonb
  from unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[]) with ordinality
       as p(line, column_name, code, message, params, n)
"""
FINISH = """
update es.operations
   set state = $4, result = $5::text::jsonb, error = $6, holder = null, until = null,
       finished_at = clock_timestamp(), updated_at = clock_timestamp()
 where tenant_id = $1 and operation_id = $2 and token = $3 and state = 'running'
"""


class LeaseLost(Exception):
    """Another worker has the operation now, or it is over. Stop; nothing more of yours is recorded."""


class Cancelled(Exception):
    """Somebody asked for the operation's end."""


@dataclass(slots=True)
class Running:
    """What an operation's code gets: its parameters, its files, and where it stopped when it was begun before.

    `done`, `total` and `checkpoint` are those of the last `progress`; problems reported with it are kept with it, so
    going on from the checkpoint repeats none. `resources` is what the worker offers to all (the event store).
    """

    pool: asyncpg.Pool
    tenant_id: UUID
    operation_id: UUID
    kind: str
    principal_id: UUID
    principal: dict[str, Any]
    parameters: dict[str, Any]
    checkpoint: dict[str, Any] | None
    done: int
    total: int | None
    problems: int
    token: int
    attempts: int
    resources: Any = field(default=None, repr=False)

    def file(self, name: str) -> AsyncIterator[bytes]:
        """An attached file in chunks. Raises KeyError, FileDamaged when read."""
        return files.read_file(self.pool, self.tenant_id, self.operation_id, name)

    async def file_names(self) -> list[str]:
        return await files.file_names(self.pool, self.tenant_id, self.operation_id)

    async def heartbeat(self) -> bool:
        """Keep the lease; True when the end was asked for. Raises LeaseLost."""
        row = await self.pool.fetchrow(HEARTBEAT, self.tenant_id, self.operation_id, self.token, LEASE_SECONDS)
        if row is None:
            raise LeaseLost(self.operation_id)
        return bool(row["cancel_requested"])

    async def progress(
        self,
        done: int,
        total: int | None = None,
        *,
        checkpoint: Mapping[str, Any] | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        """Record how far the work is, from where to go on, and the problems met since, in one transaction.

        Raises LeaseLost, and Cancelled once this is recorded and the end was asked for.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                PROGRESS,
                self.tenant_id,
                self.operation_id,
                self.token,
                done,
                total,
                None if checkpoint is None else json.dumps(checkpoint),
                len(problems),
                LEASE_SECONDS,
            )
            if row is None:
                raise LeaseLost(self.operation_id)
            if problems:
                await connection.execute(
                    PROBLEMS,
                    self.tenant_id,
                    self.operation_id,
                    row["problems"] - len(problems),
                    [p.line for p in problems],
                    [p.column for p in problems],
                    [p.code for p in problems],
                    [p.message for p in problems],
                    [json.dumps(p.params or {}, default=str) for p in problems],
                )
        self.done, self.problems = done, row["problems"]
        self.total = self.total if total is None else total
        self.checkpoint = self.checkpoint if checkpoint is None else dict(checkpoint)
        if row["cancel_requested"]:
            raise Cancelled(self.operation_id)

    async def finish(
        self,
        state: Literal["done", "failed", "cancelled"],
        *,
        result: Mapping[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        """Raises LeaseLost."""
        done = await self.pool.execute(
            FINISH,
            self.tenant_id,
            self.operation_id,
            self.token,
            state,
            None if result is None else json.dumps(result, default=str),
            error,
        )
        if done == "UPDATE 0":
            raise LeaseLost(self.operation_id)


async def claim_next(
    pool: asyncpg.Pool,
    kinds: Collection[str],
    holder: int,
    *,
    resources: Any = None,
    work_pool: asyncpg.Pool | None = None,
) -> Running | None:
    """Take the next operation of these kinds: one queued, or one whose worker is gone. None when there is none.

    `pool` sees all tenants' operations; the work is done over `work_pool`, which need see only its tenant's. `holder`
    is the key whose advisory lock (7310, key) this worker's session holds for as long as it lives.
    """
    row = await pool.fetchrow(CLAIM, list(kinds), holder, LEASE_SECONDS)
    if row is None:
        return None
    read = dict(row)
    for name in ("principal", "parameters", "checkpoint"):
        read[name] = None if read[name] is None else json.loads(read[name])
    return Running(pool=work_pool or pool, resources=resources, **read)
