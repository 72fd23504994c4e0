"""Follow-up timeliness (跟进及时率): duties that fell due, on time, late, not done, by a key. Decides no duty.

A duty counts on its due day, or the earlier day it was done, for the owner and unit at the end of that day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from services.opportunities.follow_ups.duties import credited, duties, those_credited
from services.opportunities.follow_ups.rules import Rules
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, rounded
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from shared.records.places import joined, places

GroupBy = Literal["owner", "org_unit", "branch", "region", "level", "month"]
KEYS: Mapping[GroupBy, str] = {
    "owner": "n.owner_id::text",
    "org_unit": "n.unit_id::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "level": "d.level",
    "month": "to_char(d.counted_on, 'YYYY-MM')",
}
FIGURES = ("fell_due", "on_time", "late", "not_done", "escalated")

REPORT = """
with {duties}
select {key} as key, count(*)::int as fell_due,
       (count(*) filter (where d.outcome = 'on_time'))::int as on_time,
       (count(*) filter (where d.outcome = 'late'))::int as late,
       (count(*) filter (where d.outcome = 'not_done'))::int as not_done,
       (count(*) filter (where d.escalated))::int as escalated,
       coalesce(sum(d.done_on - d.due_on) filter (where d.outcome = 'late'), 0)::int as days_late
  from duties as d {credited} {rolled}
 where d.counted_on between {since} and {until} and {counted}
 group by 1
"""


async def timeliness(
    reads: Reads,
    asking: Asking,
    rules: Rules,
    labels: Labels,
    *,
    group_by: GroupBy = "owner",
    since: date,
    until: date,
    filters: Filters | None = None,
) -> Row:
    """One row per key, and the total. `on_time_rate` = on_time / fell_due, null when none; days late are of the late.

    What was done after the instant asked about is not done yet; days after it are not there yet.
    """
    until = min(until, asking.day)
    rolled = await places(reads, Sql(asking), (group_by,))
    sql = Sql(asking)
    counted = f"{sql.counted('n')} and {(filters or Filters()).predicate(sql, 'n')}"
    only = "true"
    if not asking.sight.everything or filters not in (None, Filters()):  # who asks for all of all reads all anyway
        only = those_credited(sql, since=since, until=until, counted=counted)
    statement = sql.text(
        REPORT,
        duties=duties(sql, rules, since=since, only=only),
        key=KEYS[group_by],
        credited=credited(sql),
        rolled=joined(sql, rolled, "n.unit_id"),
        since=f"{sql(since)}::date",
        until=f"{sql(until)}::date",
        counted=counted,
    )
    found = await reads.fetch(statement, *sql.values)
    names = await labels.of_groups(reads, asking, (group_by,), [(row["key"],) for row in found])
    rows = [{"key": row["key"], "label": names.label(group_by, row["key"]), **_figures(row)} for row in found]
    rows.sort(key=lambda row: (row["key"] is None, row["label"], row["key"] or ""))
    total = {name: sum(row[name] for row in found) for name in (*FIGURES, "days_late")}
    return {"rows": rows, "total": _figures(total)}


def _figures(row: Mapping[str, int]) -> Row:
    return {
        **{name: row[name] for name in FIGURES},
        "on_time_rate": rounded(row["on_time"] / row["fell_due"]) if row["fell_due"] else None,
        "days_late_mean": rounded(row["days_late"] / row["late"]) if row["late"] else None,
    }
