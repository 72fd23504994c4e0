"""Ids that follow from what is named, begun anew where an import was undone. Records nothing.

What is named gives the first id of a series. When that record was undone its stream stays in the log as it is, and the
next id of the series is the record's, so that the same file can be imported again however often it was undone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid5

UNDONE = """
select stream_id from es.events
 where tenant_id = $1 and stream_id = any($2::uuid[]) and type = 'FactVoided' and data ->> 'version' = '1'
"""


def following(id: UUID) -> UUID:
    """The id after this one in its series."""
    return uuid5(id, "again")


async def current(pool: Any, tenant_id: UUID, firsts: Collection[UUID]) -> dict[UUID, UUID]:
    """For the first id of each series, the one in use: of a stream there is, or of one still to be opened."""
    found = {id: id for id in firsts}
    asked = list(found.values())
    while asked:
        rows = await pool.fetch(UNDONE, tenant_id, asked)
        undone = {UUID(bytes=row["stream_id"].bytes) for row in rows}
        if not undone:
            break
        moved = {first: following(id) for first, id in found.items() if id in undone}
        found |= moved
        asked = list(moved.values())
    return found
