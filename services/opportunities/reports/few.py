"""The opportunities of who sees few: their ids, so that a list need not look at everybody's. Decides no sight."""

from __future__ import annotations

from uuid import UUID

from services.opportunities.reports.asking import Asking, Reads, Sql
from services.opportunities.views.standings import STANDINGS

FEW = 2_000
"""Opportunities. For so many a look-up each costs less than going down a list for the one in fifty that is seen."""

THOSE_SEEN = "select n.stream_id from {table} as n where n.tenant_id = $1 and n.to_at is null and {way}"


async def few(reads: Reads, asking: Asking) -> list[UUID] | None:
    """The ids of what the asker sees today, if these are few. One seen in several ways counts as often.

    None as known at a position: that is folded again and has no index.
    """
    if asking.sight.everything or asking.known_at is not None:
        return None
    sql = Sql(asking)
    ways = [THOSE_SEEN.format(table=STANDINGS.table, way=way) for way in sql.ways("n")]
    if not ways:
        return []
    rows = await reads.fetch(f"{' union all '.join(ways)} limit {sql(FEW + 1)}::int", *sql.values)
    return None if len(rows) > FEW else sorted({row["stream_id"] for row in rows})
