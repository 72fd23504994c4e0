"""Operations as their owners see them: created, looked at, cancelled. Runs nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from shared.jobs import files

State = Literal["queued", "running", "done", "failed", "cancelled"]
CHANNEL = "dakehu_operations"
"""`listen dakehu_operations`: there may be work. A hint; workers poll as well."""

CREATE = """
insert into es.operations (tenant_id, operation_id, kind, principal_id, principal, parameters)
values ($1, $2, $3, $4, $5::text::jsonb, $6::text::jsonb) on conflict do nothing
"""
COLUMNS = """tenant_id, operation_id, kind, principal_id, parameters::text, state, done, total, problems,
             checkpoint::text, result::text, error, cancel_requested, attempts, created_at, started_at, finished_at,
             updated_at"""
CANCEL = f"""
update es.operations
   set cancel_requested = true, updated_at = clock_timestamp(),
       state = case when state = 'queued' then 'cancelled' else state end,
       finished_at = case when state = 'queued' then clock_timestamp() end
 where tenant_id = $1 and operation_id = $2 and state in ('queued', 'running')
returning {COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One long piece of work. `done` of `total` in the kind's own unit; `total` is None until known."""

    tenant_id: UUID
    operation_id: UUID
    kind: str
    principal_id: UUID
    parameters: dict[str, Any]
    state: State
    done: int
    total: int | None
    problems: int
    checkpoint: dict[str, Any] | None  # where it would go on; the kind's own
    result: dict[str, Any] | None
    error: str | None
    cancel_requested: bool
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime

    @classmethod
    def of(cls, row: asyncpg.Record) -> Operation:
        read = dict(row)
        read["parameters"] = json.loads(read["parameters"])
        read["checkpoint"] = None if read["checkpoint"] is None else json.loads(read["checkpoint"])
        read["result"] = None if read["result"] is None else json.loads(read["result"])
        return cls(**read)

    @property
    def finished(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong with one item. `line` and `column` are where a person finds it in the file, when there is one."""

    code: str
    message: str
    line: int | None = None
    column: str | None = None
    params: Mapping[str, Any] | None = None
    number: int = 0  # its place in the operation's list, from 1


async def create_operation(
    pool: asyncpg.Pool,
    *,
    tenant_id: UUID,
    operation_id: UUID,
    kind: str,
    principal_id: UUID,
    principal: Mapping[str, Any],
    parameters: Mapping[str, Any],
    attached: Mapping[str, bytes | AsyncIterator[bytes]] | None = None,
) -> Operation:
    """Queue an operation with its files, all or nothing. The same id again gives the operation there already is.

    `principal` is all the runner needs to act for the caller (functions, unit, on behalf of whom). Derive the id from
    the idempotency key, so that a retried request finds its operation.
    """
    async with pool.acquire() as connection, connection.transaction():
        created = await connection.execute(
            CREATE, tenant_id, operation_id, kind, principal_id, json.dumps(principal), json.dumps(parameters)
        )
        if created == "INSERT 0 1":
            for name, content in (attached or {}).items():
                await files.attach(connection, tenant_id, operation_id, name, content)
            await connection.execute(f"notify {CHANNEL}")  # delivered at commit, seldom enough to do no harm
    found = await get_operation(pool, tenant_id, operation_id)
    assert found is not None
    return found


async def get_operation(pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID) -> Operation | None:
    row = await pool.fetchrow(
        f"select {COLUMNS} from es.operations where tenant_id = $1 and operation_id = $2", tenant_id, operation_id
    )
    return None if row is None else Operation.of(row)


async def list_operations(
    pool: asyncpg.Pool, tenant_id: UUID, *, principal_id: UUID | None = None, limit: int = 100
) -> list[Operation]:
    """The tenant's operations, or one principal's, newest first."""
    rows = await pool.fetch(
        f"""select {COLUMNS} from es.operations
             where tenant_id = $1 and ($2::uuid is null or principal_id = $2) order by created_at desc limit $3""",
        tenant_id,
        principal_id,
        limit,
    )
    return [Operation.of(row) for row in rows]


async def problems_of(
    pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID, *, after: int = 0, limit: int = 1000
) -> list[Problem]:
    """The operation's problems after a number, in the order they were met."""
    rows = await pool.fetch(
        """select number, line, column_name, code, message, params::text from es.operation_problems
            where tenant_id = $1 and operation_id = $2 and number > $3 order by number limit $4""",
        tenant_id,
        operation_id,
        after,
        limit,
    )
    return [
        Problem(r["code"], r["message"], r["line"], r["column_name"], json.loads(r["params"]), r["number"])
        for r in rows
    ]


async def cancel_operation(pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID) -> Operation | None:
    """Ask for an end: a queued operation's comes at once, a running one's at its next progress.

    What it has done stays done, a finished one stays as it is. None when there is no such operation.
    """
    row = await pool.fetchrow(CANCEL, tenant_id, operation_id)
    if row is not None and row["state"] == "cancelled":
        await files.forget_files(pool, tenant_id, operation_id)
    return await get_operation(pool, tenant_id, operation_id) if row is None else Operation.of(row)
