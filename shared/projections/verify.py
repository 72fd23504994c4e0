"""A view proves itself: its rows equal a fresh fold of the whole log. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import asyncpg

from shared.projections.fold import CHUNK_END, FIRST_STREAM, LAST_STREAM, plan_for_many
from shared.projections.view import View

CHUNK_EVENTS = 50_000
"""About so many events a statement, so that none holds a snapshot for long."""
SHOWN = 20
"""At most so many differences of a chunk."""

UPTO = """(select c.position from es.checkpoints c
            where c.tenant_id = $1 and c.view = '{name}' and c.version = {version})"""

# One statement, hence one snapshot: the rows and the checkpoint they belong to. `where false` lends names and types.
COMPARE = """
with stored as materialized (
    select * from {table} where tenant_id = $1 and stream_id between $2 and $3
),
fresh as materialized (
    select * from {table} where false union all ({select})
)
(select 'missing' as what, stream_id, to_jsonb(m)::text as row
   from (select * from fresh except all select * from stored) m limit {shown})
union all
(select 'surplus', stream_id, to_jsonb(s)::text
   from (select * from stored except all select * from fresh) s limit {shown})
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row the fold gives but the table lacks (`missing`), or the reverse (`surplus`). `row` is JSON."""

    view: str
    tenant_id: UUID
    what: Literal["missing", "surplus"]
    stream_id: UUID
    row: str


async def verify_view(
    pool: asyncpg.Pool,
    view: View,
    *,
    tenant_id: UUID | None = None,
    progress: Callable[[UUID], None] = lambda _: None,
) -> list[Difference]:
    """Compare the table with a fold up to its checkpoint, stream by stream. Folding may go on meanwhile.

    Empty when they agree. `progress` is told each stream id reached; ids are even over their range.
    """
    tenants = [tenant_id] if tenant_id else [r["tenant_id"] for r in await pool.fetch("select tenant_id from es.heads")]
    upto = UPTO.format(name=view.name, version=view.version)
    compare = COMPARE.format(table=view.table, select=view.select_range(upto), shown=SHOWN)
    differences: list[Difference] = []
    for tenant in tenants:
        first = FIRST_STREAM
        while True:
            async with pool.acquire() as connection:
                last = await connection.fetchval(CHUNK_END, tenant, first, CHUNK_EVENTS) or LAST_STREAM
                async with connection.transaction():
                    await plan_for_many(connection)
                    rows = await connection.fetch(compare, tenant, first, last)
            differences += [Difference(view.table, tenant, *row) for row in rows]
            progress(last)
            if last == LAST_STREAM:
                break
            first = UUID(int=last.int + 1)
    return differences
