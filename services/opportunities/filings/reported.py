"""Units ordered, cancelled, delivered (AAK) and reported (系统提报) side by side. Counts units, each on its own day.

Order, hand-over and report are three dates; credit goes to owner and unit at the time of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from services.opportunities.reports.asking import Asking, Reads, Row, Sql
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from shared.records.places import joined, places

GroupBy = Literal["owner", "org_unit", "branch", "region", "product", "account", "month"]

KEYS: Mapping[str, str] = {
    "owner": "c.owner_id::text",
    "org_unit": "c.unit_id::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "product": "m.product",
    "account": "c.account_id::text",
    "month": "to_char(m.day, 'YYYY-MM')",
}
COUNTS = ("ordered", "cancelled", "delivered", "reported")

REPORTED = """
with moves as (
    select u.stream_id, u.at, u.kind, u.product, u.units, coalesce(u.on_day, (u.at at time zone {zone})::date) as day
      from {unit_flow} as u
     where u.tenant_id = $1 and u.at <= {at}
    union all
    select f.opportunity_id, r.reported_at, 'reported', r.product, 1, r.reported_on
      from {unit_reports} as r
      join {filings} as f on f.stream_id = r.stream_id and {filing_holds}
     where {report_holds} and r.state = 'accepted'
)
select array[{keys}]::text[] as keys,
       coalesce(sum(m.units) filter (where m.kind = 'ordered'), 0)::int as ordered,
       coalesce(sum(m.units) filter (where m.kind = 'cancelled'), 0)::int as cancelled,
       coalesce(sum(m.units) filter (where m.kind = 'delivered'), 0)::int as delivered,
       coalesce(sum(m.units) filter (where m.kind = 'reported'), 0)::int as reported
  from moves as m
  join {standings} as c
       on c.tenant_id = $1 and c.stream_id = m.stream_id and c.from_at <= m.at and (c.to_at is null or c.to_at > m.at)
  {rolled}
 where {within} and {counted} and {wanted}
 group by 1
"""


async def reported(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    *,
    group_by: Sequence[str],
    since: date | None = None,
    until: date | None = None,
    filters: Filters | None = None,
) -> Row:
    """One row per group that has units, and the total. Filters by owner and unit are by credit too."""
    which = filters or Filters()
    rolled = await places(reads, Sql(asking), group_by)
    sql = Sql(asking)
    within = ["true"]
    if since is not None:
        within.append(f"m.day >= {sql(since)}")
    if until is not None:
        within.append(f"m.day <= {sql(until)}")
    if which.product is not None:
        within.append(f"m.product = {sql(which.product)}")
    of = Filters(which.owner_id, which.unit_id, which.account_id, which.channel, None, which.currency)
    statement = sql.text(
        REPORTED,
        keys=", ".join(KEYS[dimension] for dimension in group_by),
        filing_holds=sql.holds("f"),
        report_holds=sql.holds("r"),
        rolled=joined(sql, rolled, "c.unit_id"),
        within=" and ".join(within),
        counted=sql.counted("c"),
        wanted=of.predicate(sql, "c"),
    )
    found = await reads.fetch(statement, *sql.values)
    names = await labels.of_groups(reads, asking, group_by, [tuple(row["keys"]) for row in found])
    rows = [{**names.columns(row["keys"]), **_counts(row)} for row in found if any(row[name] for name in COUNTS)]
    rows.sort(key=lambda row: [(row[name] is None, row[f"{name}_label"], row[name] or "") for name in group_by])
    total = _counts({name: sum(row[name] for row in found) for name in COUNTS})
    return {"rows": rows, "total": total, "group_by": list(group_by)}


def _counts(row: Mapping[str, int]) -> Row:
    return {
        **{name: row[name] for name in COUNTS},
        "delivered_not_reported": row["delivered"] - row["reported"],
    }
