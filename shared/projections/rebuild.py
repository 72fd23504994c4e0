"""Fold a view anew. Marks what is to be done; the worker, or `catch_up`, does it chunk by chunk."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import asyncpg

from shared.projections.view import View


async def rebuild(pool: asyncpg.Pool, views: Collection[View], *, tenant_id: UUID | None = None) -> None:
    """Ask for every row of these views to be folded again, in place, a chunk of streams in each transaction.

    Readers see whole rows all the time and live folding goes on; a rebuild asked for during a rebuild starts over.
    A changed fold is not rebuilt but gets a new version, which is built beside the old one.
    """
    await pool.execute(
        """update es.checkpoints c set refolding = true, refold_from = null, updated_at = clock_timestamp()
             from unnest($1::text[], $2::int[]) as v(name, version)
            where c.view = v.name and c.version = v.version and ($3::uuid is null or c.tenant_id = $3)""",
        [view.name for view in views],
        [view.version for view in views],
        tenant_id,
    )
