"""The sums of a sheet by declared level: opening stock, what came and went, closing stock. Stores nothing.

Opening is what the close of the month before knew; `restated` is what was entered later for days before the month, and
units that moved in the organisation. So every row sums, and one month's closing is the next one's opening.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from services.kpi.asking import Asking, Reads, Row, Sql
from services.kpi.inventories.sheet import Sheet, scope
from shared.days import start_of

CAME: Final = ("new", "reopened", "resumed", "transferred_in", "level_in")
WENT: Final = (
    "won", "defeated", "frozen", "lost_contact", "disposed", "cancelled", "transferred_out", "level_out",
)  # fmt: skip

STOCK = """
select p.level, count(*)::int as count
  from {prospects} as p
 where p.tenant_id = $1 and p.from_at <= {instant} and (p.to_at is null or p.to_at > {instant})
   and p.status = 'open' and {scope}
 group by p.level
"""
# A prospect is in a cell (its level) while it is open and of the sheet; each change of cells is one way out and one in.
FLOWS = """
with touched as (
    select distinct p.stream_id
      from {prospects} as p
     where p.tenant_id = $1 and p.from_at >= {since} and p.from_at <= {at}
),
placed as (
    select p.stream_id, p.from_at, p.version, p.status, p.level, {scope} as here
      from {prospects} as p
     where p.tenant_id = $1 and p.from_at <= {at} and p.stream_id in (select stream_id from touched)
),
steps as (
    select from_at, status, lag(status) over steps as was_status,
           case when here and status = 'open' then level end as cell,
           lag(case when here and status = 'open' then level end) over steps as was
      from placed
    window steps as (partition by stream_id order by from_at, version)
),
moves as (
    select * from steps where from_at >= {since} and cell is distinct from was
)
select cell as level,
       case when was is not null then 'level_in'
            when was_status is null then 'new'
            when was_status = 'open' then 'transferred_in'
            when was_status in ('frozen', 'lost_contact') then 'resumed'
            else 'reopened' end as kind, count(*)::int as count
  from moves
 where cell is not null
 group by 1, 2
union all
select was,
       case when cell is not null then 'level_out'
            when status = 'open' then 'transferred_out'
            when status = 'ordered' then 'won'
            else status end, count(*)::int
  from moves
 where was is not null
 group by 1, 2
"""


async def sums(
    reads: Reads, asking: Asking, sheet: Sheet, codes: Sequence[str], *, owner_id: UUID | None = None
) -> list[Row]:
    """A row per level and their total. `codes`: the levels in their order; others that occur come after."""
    opening = await _stock(reads, sheet.opening(asking), sheet, owner_id)
    known = await _stock(reads, asking, sheet, owner_id, before_month=True)
    closing = await _stock(reads, asking, sheet, owner_id)
    flows = await _flows(reads, asking, sheet, owner_id)
    found = {*opening, *known, *closing, *(level for level, _ in flows)}
    levels = [*codes, *sorted(found - set(codes))]
    rows: list[Row] = []
    for level in levels:
        row: Row = {"level": level, "opening": opening.get(level, 0)}
        row["restated"] = known.get(level, 0) - row["opening"]
        row |= {kind: flows.get((level, kind), 0) for kind in (*CAME, *WENT)}
        row["closing"] = closing.get(level, 0)
        rows.append(row)
    return rows


def total(rows: Sequence[Row]) -> Row:
    """All levels together; what went from one level to another is both in and out."""
    names = ("opening", "restated", *CAME, *WENT, "closing")
    return {"level": None, **{name: sum(row[name] for row in rows) for name in names}}


async def _stock(
    reads: Reads, asking: Asking, sheet: Sheet, owner_id: UUID | None, *, before_month: bool = False
) -> dict[str, int]:
    sql = Sql(asking)
    instant = f"{sql(sheet.opening(asking).at)}::timestamptz" if before_month else sql.named("at")
    text = sql.text(STOCK, instant=instant, scope=scope(sql, "p", sheet, owner_id=owner_id))
    rows: Sequence[Any] = await reads.fetch(text, *sql.values)
    return {row["level"]: row["count"] for row in rows}


async def _flows(reads: Reads, asking: Asking, sheet: Sheet, owner_id: UUID | None) -> dict[tuple[str, str], int]:
    sql = Sql(asking)
    since = f"{sql(start_of(sheet.first_day, asking.zone))}::timestamptz"
    text = sql.text(FLOWS, since=since, scope=scope(sql, "p", sheet, owner_id=owner_id))
    found: dict[tuple[str, str], int] = defaultdict(int)
    row: Any
    for row in await reads.fetch(text, *sql.values):
        found[row["level"], row["kind"]] += row["count"]
    return found
