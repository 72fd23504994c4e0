"""Revival by cohort (再激活率): of the defeats of a month, how many came to life again, and were won, within N days.

A defeat stays in its month and with its owner and unit at that time, whatever became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.opportunities.reports.asking import Asking, Reads, Row, Sql, rounded
from services.opportunities.reports.defeats import KEYS, Defeats, GroupBy
from services.opportunities.reports.labels import Labels
from shared.records.places import joined, places

DIMENSIONS: Mapping[GroupBy, str] = {name: key for name, key in KEYS.items() if name not in ("product", "month")}
DAYS = 90
"""Days (ours) within which a defeat that comes to life again counts as revived."""

REVIVAL = """
with d as (
    select to_char(d.lost_at at time zone {zone}, 'YYYY-MM') as cohort, {keys} as keys,
           case when d.reopened_at <= {at}
                then (d.reopened_at at time zone {zone})::date - (d.lost_at at time zone {zone})::date end as reopened,
           case when d.won_at <= {at}
                then (d.won_at at time zone {zone})::date - (d.lost_at at time zone {zone})::date end as won,
           {day} - (d.lost_at at time zone {zone})::date as past
      from {defeats} as d {joins}
     where d.tenant_id = $1 and {period} and {seen} and {wanted}
)
select cohort, keys, count(*)::int as defeats,
       count(*) filter (where reopened <= {within})::int as reopened,
       count(*) filter (where reopened <= {within} and won <= {within})::int as won,
       avg(reopened) filter (where reopened <= {within}) as days_mean,
       count(*) filter (where reopened is null and past <= {within})::int as pending
  from d
 group by 1, 2
"""


async def revival(
    reads: Reads, asking: Asking, labels: Labels, *, which: Defeats, within: int, group_by: Sequence[GroupBy] = ()
) -> Row:
    """One row per month and group, in order of months. Months asked for without a defeat are there, ungrouped only."""
    rolled = await places(reads, Sql(asking), group_by)
    sql = Sql(asking)
    columns = ", ".join(DIMENSIONS[dimension] for dimension in group_by)
    statement = sql.text(
        REVIVAL,
        keys=f"array[{columns}]::text[]",
        joins=joined(sql, rolled, "d.unit_id"),
        within=f"{sql(within)}::int",
        **which.parts(sql),
    )
    found = await reads.fetch(statement, *sql.values)
    names = await labels.of_groups(reads, asking, group_by, [row["keys"] for row in found])
    rows = [
        {
            "cohort": row["cohort"],
            **names.columns(row["keys"]),
            **_rates(row["defeats"], row["reopened"], row["won"]),
            "days_mean": rounded(row["days_mean"]),
            "pending": row["pending"],
        }
        for row in found
    ]
    if not group_by:
        there = {row["cohort"] for row in rows}
        rows += [
            {"cohort": month, **_rates(0, 0, 0), "days_mean": None, "pending": 0}
            for month in _months(which.since, which.until)
            if month not in there
        ]
    rows.sort(key=lambda row: (row["cohort"], *(str(row[f"{name}_label"]) for name in group_by)))
    return {"rows": rows, "within": within, "cohort": "month"}


def _rates(defeats: int, reopened: int, won: int) -> dict[str, Any]:
    return {
        "defeats": defeats,
        "reopened": reopened,
        "won": won,
        "revival_rate": rounded(reopened / defeats) if defeats else None,
        "won_rate": rounded(won / defeats) if defeats else None,
    }


def _months(since: date | None, until: date | None) -> Sequence[str]:
    if since is None or until is None:
        return ()
    first, last = since.year * 12 + since.month - 1, until.year * 12 + until.month - 1
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, min(last, first + 1_200) + 1)]
