"""How long deals stay at a level before they move on, and how often they come back. Knows no policy and no cadence.

A stay begins when a deal comes to a level (or into the stock) and ends when it leaves it: judged anew, ordered, frozen,
lost, delivered. It is credited to who is responsible at its end, or now. Days are calendar days of the tenant's zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Literal

from services.opportunities.policies.level_policy import NEW, ORDERED, LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, rounded
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.flow import TOLD
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import board_codes
from shared.days import end_of, start_of
from shared.records.places import joined, places

GroupBy = Literal["owner", "org_unit", "branch", "region", "channel"]
KEYS: Mapping[GroupBy, str] = {
    "owner": "t.owner_id::text",
    "org_unit": "t.unit_id::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "channel": "t.channel",
}

# Several standings of one level are one stay. `came_back`: the deal was at this level before, and at another since.
STAYS = """
with {told} seen as (
    select s.stream_id, s.from_at, s.to_at, s.owner_id, s.unit_id, s.account_id, s.channel, s.lines, s.currency,
           case s.stock when 'open' then coalesce(s.level, 'N') when 'ordered' then 'O' end as level
      from {relation} as s
     where s.tenant_id = $1 and s.from_at <= {at} and {touched}
),
steps as (
    select *, level is distinct from lag(level) over (partition by stream_id order by from_at) as moved from seen
),
numbered as (
    select *, count(*) filter (where moved) over (partition by stream_id order by from_at) as stay from steps
),
lasting as (
    select distinct on (stream_id, stay)
           stream_id, stay, level, owner_id, unit_id, account_id, channel, lines, currency,
           min(from_at) over (partition by stream_id, stay) as began,
           case when to_at > {at} then null else to_at end as ended
      from numbered
     where level is not null
     order by stream_id, stay, from_at desc
),
stays as (
    select *, (began at time zone {zone})::date as began_on, (ended at time zone {zone})::date as ended_on,
           row_number() over (partition by stream_id, level order by stay) > 1
           and lag(level) over (partition by stream_id order by stay) <> level as came_back
      from lasting
)
select {key} as key, t.level,
       count(*) filter (where ended is not null)::int as completed,
       avg(ended_on - began_on) as days_mean,
       percentile_cont(0.5) within group (order by ended_on - began_on) as days_median,
       percentile_cont(0.9) within group (order by ended_on - began_on) as days_p90,
       count(*) filter (where ended is null)::int as running,
       avg({day} - began_on) filter (where ended is null) as running_days_mean,
       percentile_cont(0.5) within group (order by {day} - began_on)
           filter (where ended is null) as running_days_median,
       percentile_cont(0.9) within group (order by {day} - began_on)
           filter (where ended is null) as running_days_p90,
       count(*) filter (where came_back)::int as came_back
  from stays as t {rolled}
 where {counted} and {wanted} and {within}
 group by 1, 2
"""
TOUCHED = """s.stream_id in (
           select n.stream_id from {relation} as n
            where n.tenant_id = $1 and n.stock is not null
              and tstzrange(n.from_at, n.to_at) && tstzrange({start}, {at}, '[]'))"""
DAYS = tuple(f"{of}days_{name}" for of in ("", "running_") for name in ("mean", "median", "p90"))


async def time_in_level(
    reads: Reads,
    asking: Asking,
    policy: LevelPolicy,
    labels: Labels,
    *,
    group_by: GroupBy | None = None,
    since: date | None = None,
    until: date | None = None,
    filters: Filters | None = None,
) -> Row:
    """A row per key and level: stays completed in the range, and those that last at its end."""
    if until is not None and (end := end_of(until, asking.zone)) < asking.at:
        asking = replace(asking, at=end, latest=False, tree_at=end)
    by = () if group_by is None else (group_by,)
    rolled = await places(reads, Sql(asking), by)
    sql = Sql(asking)
    refolded = asking.known_at is not None
    relation = "told" if refolded else "{standings}"
    touched, within = "true", "true"
    if since is not None:
        start = f"{sql(start_of(since, asking.zone))}::timestamptz"
        touched = TOUCHED.replace("{relation}", relation).replace("{start}", start)
        within = f"(t.ended is null or t.ended_on >= {sql(since)})"
    statement = sql.text(
        STAYS.replace("{relation}", relation).replace("{told}", TOLD if refolded else "").replace("{touched}", touched),
        key="null::text" if group_by is None else KEYS[group_by],
        rolled=joined(sql, rolled, "t.unit_id"),
        counted=sql.counted("t"),
        wanted=(filters or Filters()).predicate(sql, "t"),
        within=within,
    )
    found = {(row["key"], row["level"]): row for row in await reads.fetch(statement, *sql.values)}
    keys = sorted({key for key, _ in found}, key=lambda key: (key is None, key or "")) or ([None] if not by else [])
    names = await labels.of_groups(reads, asking, by, [(key,) for key in keys] if by else [])
    known = (NEW, *board_codes(policy))
    rows = []
    for key in keys:
        others = sorted({level for of, level in found if of == key} - {*known, ORDERED})
        for level in (*known, *others, ORDERED):
            row = found.get((key, level))
            rows.append(
                {
                    **(names.columns((key,)) if by else {}),
                    "level": level,
                    **{name: 0 if row is None else row[name] for name in ("completed", "running", "came_back")},
                    **{name: None if row is None else rounded(row[name]) for name in DAYS},
                }
            )
    return {"rows": rows}
