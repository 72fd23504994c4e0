"""Items of an operation: what it is about, one by one, and what became of each. Knows no kind of operation.

The log is the truth about what was done; this says what there is to do, so that a killed operation goes on, and an
operation can be shown and undone item by item.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import asyncpg

from shared.jobs.running import LeaseLost, Running

State = Literal["planned", "done", "unchanged", "refused", "undone"]

HELD = """
select from es.operations where tenant_id = $1 and operation_id = $2 and token = $3 and state = 'running' for share
"""
LAST = """
select coalesce(max(number), 0) as number, coalesce(max(round), 0) as round
  from es.operation_items where tenant_id = $1 and operation_id = $2
"""
ADD = """
insert into es.operation_items (tenant_id, operation_id, number, round, kind, stream_id, said)
select $1, $2, $3 + i.n, $4, i.kind, i.stream_id, i.said::jsonb
  from unnest($5::text[], $6::uuid[], $7::text[]) with ordinality as i(kind, stream_id, said, n)
"""
SETTLE = """
update es.operation_items i
   set state = s.state, code = s.code, params = s.params::jsonb
  from unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) as s(number, state, code, params)
 where i.tenant_id = $1 and i.operation_id = $2 and i.number = s.number
"""
ITEMS = """
select number, round, kind, stream_id, said::text, state, code, params::text
  from es.operation_items
 where tenant_id = $1 and operation_id = $2 and number > $3 and ($4::text[] is null or state = any($4))
 order by number limit $5
"""
COUNTS = """
select kind, state, count(*) as items
  from es.operation_items where tenant_id = $1 and operation_id = $2
 group by kind, state
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do to one stream. `number` counts from 1; `said` is the kind's own."""

    number: int
    round: int
    kind: str
    stream_id: UUID
    said: Mapping[str, Any]
    state: State = "planned"
    code: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def key(self, operation_id: UUID) -> str:
        """The idempotency key of the item's command; it stands in the metadata of the facts."""
        return f"{operation_id}:{self.number}"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an item."""

    number: int
    state: State
    code: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


async def add_round(running: Running, found: Sequence[tuple[str, UUID, Mapping[str, Any]]]) -> int:
    """Note what there is to do, (kind, stream, said) each, all or nothing; the round's number. Raises LeaseLost."""
    async with running.pool.acquire() as connection, connection.transaction():
        if await connection.fetchrow(HELD, running.tenant_id, running.operation_id, running.token) is None:
            raise LeaseLost(running.operation_id)
        last = await connection.fetchrow(LAST, running.tenant_id, running.operation_id)
        assert last is not None
        await connection.execute(
            ADD,
            running.tenant_id,
            running.operation_id,
            last["number"],
            last["round"] + 1,
            [kind for kind, _, _ in found],
            [stream_id for _, stream_id, _ in found],
            [json.dumps(said, default=str) for _, _, said in found],
        )
    return int(last["round"]) + 1


async def settle(pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID, settled: Sequence[Settled]) -> None:
    """Note what became of items. Harmless twice."""
    await pool.execute(
        SETTLE,
        tenant_id,
        operation_id,
        [one.number for one in settled],
        [one.state for one in settled],
        [one.code for one in settled],
        [json.dumps(dict(one.params), default=str) for one in settled],
    )


async def items_of(
    pool: asyncpg.Pool,
    tenant_id: UUID,
    operation_id: UUID,
    *,
    after: int = 0,
    limit: int = 1_000,
    states: Sequence[State] | None = None,
) -> list[Item]:
    """The operation's items after a number, in order."""
    rows = await pool.fetch(ITEMS, tenant_id, operation_id, after, None if states is None else list(states), limit)
    return [
        Item(
            row["number"],
            row["round"],
            row["kind"],
            UUID(bytes=row["stream_id"].bytes),
            json.loads(row["said"]),
            row["state"],
            row["code"],
            json.loads(row["params"]),
        )
        for row in rows
    ]


async def all_items(
    pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID, *, states: Sequence[State] | None = None
) -> list[Item]:
    """All of them, read in pieces."""
    found: list[Item] = []
    while page := await items_of(pool, tenant_id, operation_id, after=found[-1].number if found else 0, states=states):
        found += page
    return found


async def counts_of(pool: asyncpg.Pool, tenant_id: UUID, operation_id: UUID) -> Counter[tuple[str, State]]:
    """How many items there are of each kind and state."""
    rows = await pool.fetch(COUNTS, tenant_id, operation_id)
    return Counter({(row["kind"], row["state"]): row["items"] for row in rows})
