"""The visit tracking table (大用户走访跟踪表), in pages. A visit's levels are those of the judgements it carried.

What was said in words comes from the vault; an objection's repeats are counted over the account's visits so far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.opportunities.policies.level_policy import NEW
from services.opportunities.reports.asking import Asking, Reads, Row, Sql
from services.opportunities.reports.few import few
from services.opportunities.reports.labels import Labels
from services.opportunities.views.standings import STANDINGS
from services.opportunities.visits.view import VISITS as VIEW
from services.opportunities.visits.visit import TEXTS
from shared.records.paging import Order, Page, next_of, paged

SORTS: Mapping[str, Order] = {
    "-day": Order("v.day", "date", descending=True),
    "day": Order("v.day", "date"),
}

# Who sees much: down the days until the page is full, each visit looked at by itself.
VISITS = """
select v.*, {sort_value} as sort_value
  from {visits} as v
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
# The same of a past day: beyond it lie, of what was told by then, only the visits planned ahead. `least … = 1` says
# `> 0` in a form the planner thinks rare: else, the longer ago the day, the sooner it reads all visits since.
VISITS_OF_A_DAY = """
with ahead as materialized (
    select v.* from {visits} as v
     where {holds} and v.day > ({at} at time zone 'UTC')::date
       and least(v.day - (v.from_at at time zone 'UTC')::date, 1) = 1
)
select * from (
    (select v.*, {sort_value} as sort_value
       from ahead as v where {shown} and {wanted} and {beyond} order by {order} limit {limit})
    union all
    (select v.*, {sort_value} as sort_value
       from {visits} as v
      where {holds} and v.day <= ({at} at time zone 'UTC')::date and {shown} and {wanted} and {beyond}
      order by {order}
      limit {limit})
) as v
 order by {order}
 limit {limit}
"""
# Who sees little: all they see, each by an index, and how it stood: a visit as it is today is so since its `from_at`.
VISITS_OF_FEW = """
with found as materialized ({shown}),
shown as materialized (select distinct on (p.stream_id) p.* from found as p)
select v.*, {sort_value} as sort_value
  from (select p.* from shown as p where p.from_at <= {at}
        union all
        select v.* from shown as p join {visits} as v on v.stream_id = p.stream_id where p.from_at > {at} and {holds}
       ) as v
 where {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
JUDGED = """
select j.visit_id, j.stream_id as opportunity_id, j.level_before, j.level, j.expected_on
  from {judgements} as j
 where j.tenant_id = $1 and j.visit_id = any({ids}::uuid[]) and j.judged_at <= {at} and {shown}
 order by j.visit_id, j.stream_id, j.version
"""
OBJECTIONS = """
select v.account_id, o.objection, count(*)::int as raised
  from {visits} as v cross join lateral unnest(v.objections) as o(objection)
 where {holds} and v.status = 'logged' and v.account_id = any({ids}::uuid[])
 group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Visits:
    """Which visits: by their day (visited, else planned), people, account, opportunity, purpose, way, status."""

    since: date | None = None
    until: date | None = None
    owner_id: UUID | None = None
    participant_id: UUID | None = None
    unit_id: UUID | None = None
    account_id: UUID | None = None
    opportunity_id: UUID | None = None
    purpose: str | None = None
    way: str | None = None
    status: str | None = None

    def predicate(self, sql: Sql) -> str:
        said = ["true"]
        for name in ("owner_id", "account_id", "purpose", "way", "status"):
            if (value := getattr(self, name)) is not None:
                said.append(f"v.{name} = {sql(value)}")
        if self.since is not None:
            said.append(f"v.day >= {sql(self.since)}")
        if self.until is not None:
            said.append(f"v.day <= {sql(self.until)}")
        if self.participant_id is not None:
            said.append(f"{sql(self.participant_id)}::uuid = any(v.participants)")
        if self.opportunity_id is not None:
            id = sql(self.opportunity_id)
            said.append(f"{id}::uuid = any(v.opportunity_ids) and {sql.shown_by(f'{id}::uuid')}")
        if self.unit_id is not None:
            said.append(sql.below("v.unit_id", self.unit_id))
        return " and ".join(said)


async def visits(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    *,
    which: Visits | None = None,
    sort: str = "-day",
    page: Page | None = None,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of visits, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    ids = await few(reads, asking)
    down = VISITS if asking.latest or asking.known_at is not None else VISITS_OF_A_DAY
    statement = sql.text(
        down if ids is None else VISITS_OF_FEW,
        holds=sql.holds("v"),
        shown=_shown(sql) if ids is None else _found(sql, ids),
        wanted=(which or Visits()).predicate(sql),
        **paged(sql, SORTS, sort, page, "v.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    seen = await _seen(reads, asking, found)
    judged = await _judged(reads, asking, [row["stream_id"] for row in found])
    raised = await _raised(reads, asking, {row["account_id"] for row in found})
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {person for row in found for person in _people(row)})
    texts = await labels.texts(asking.tenant_id, [row["stream_id"] for row in found], TEXTS)
    items = [
        {
            "id": row["stream_id"],
            "version": row["version"],
            "status": row["status"],
            "account_id": row["account_id"],
            "account": accounts.get(row["account_id"]),
            "opportunity_ids": [id for id in row["opportunity_ids"] if seen is None or id in seen],
            "owner_id": row["owner_id"],
            "owner": people.get(row["owner_id"]),
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
            "purpose": row["purpose"],
            "way": row["way"],
            "planned_on": row["planned_on"],
            "visited_on": row["visited_on"],
            "reached": row["reached"],
            "participants": [{"person_id": id, "name": people.get(id)} for id in row["participants"]],
            "persons_met": [{**met, "name": people.get(UUID(met["person_id"]))} for met in row["persons_met"]],
            "expected_objections": row["expected_objections"],
            "objections": [
                {"text": text, "raised": raised.get((row["account_id"], text), 1)} for text in row["objections"]
            ],
            "competitor": row["competitor"],
            "rumours": row["rumours"],
            "units_owned": row["units_owned"],
            "buying_plan": row["buying_plan"],
            "judgements": judged.get(row["stream_id"], []),
            "next_step": row["next_step"],
            "next_on": row["next_on"],
            "reviewed_by": row["reviewed_by"],
            "reviewed_by_name": people.get(row["reviewed_by"]),
            "reviewed_on": row["reviewed_on"],
            "cancel_reason": row["cancel_reason"],
            **{name: texts.get(row["stream_id"], {}).get(name) for name in TEXTS},
        }
        for row in found
    ]
    return items, after


# Whose a visit is today: it follows the opportunities it names; one that names none is its owner's and unit's.
OWN = """(case when cardinality({v}.opportunity_ids) = 0 then {own}
          else exists (
              select from {standings} as n
               where n.tenant_id = $1 and n.stream_id = any({v}.opportunity_ids) and n.to_at is null and {seen}) end
       or array_remove({v}.participants, {v}.owner_id) && {persons})"""
# `offset 0`: looked up for each row; the planner may otherwise judge every visit there is and hash them.
TODAY = """exists (
    select from {table} as p
     where p.tenant_id = $1 and p.stream_id = v.stream_id and p.to_at is null and {own}
    offset 0)"""
# The same, found instead of judged, each way by an index of its own.
NAMING = """
select p.* from unnest({few}) as f(id) join {table} as p on p.opportunity_ids @> array[f.id]
 where p.tenant_id = $1 and p.to_at is null"""
NAMING_NONE = """
select p.* from {table} as p
 where p.tenant_id = $1 and p.to_at is null and cardinality(p.opportunity_ids) = 0 and {way}"""
TAKING_PART = """
select p.* from {table} as p
 where p.tenant_id = $1 and p.to_at is null and p.participants && {persons}
   and array_remove(p.participants, p.owner_id) <> '{{}}' and array_remove(p.participants, p.owner_id) && {persons}"""
SEEN = "select n.stream_id from {table} as n where n.tenant_id = $1 and n.stream_id = any({ids}::uuid[]) and {shown}"


def _shown(sql: Sql) -> str:
    """Who sees an opportunity sees its visits; besides, colleagues who took part do. By who is responsible today."""
    sight = sql.asking.sight
    if sight.everything:
        return "true"

    def own(row: str) -> str:
        return OWN.format(
            v=row,
            standings=STANDINGS.table,
            seen=sql.counted("n"),
            own=sql.counted(row),
            persons=f"{sql(sorted(sight.selves))}::uuid[]",
        )

    if sql.asking.is_present:
        return own("v")
    today = TODAY.format(table=VIEW.table, own=own("p"))
    # Most rows of a past day are today's too; but what was then known to be so still may be otherwise today.
    return today if sql.asking.known_at is not None else f"(case when v.to_at is null then {own('v')} else {today} end)"


def _found(sql: Sql, ids: list[UUID]) -> str:
    """The visits of who sees these few opportunities."""
    persons = f"{sql(sorted(sql.asking.sight.selves))}::uuid[]"
    found = [
        NAMING.format(table=VIEW.table, few=f"{sql(ids)}::uuid[]"),
        *(NAMING_NONE.format(table=VIEW.table, way=way) for way in sql.ways("p")),
        TAKING_PART.format(table=VIEW.table, persons=persons),
    ]
    return " union all ".join(found)


async def _seen(reads: Reads, asking: Asking, rows: Sequence[Any]) -> set[UUID] | None:
    """Which of the opportunities these visits name the asker sees; None: all."""
    if asking.sight.everything:
        return None
    sql = Sql(asking)
    ids = sql(sorted({id for row in rows for id in row["opportunity_ids"]}))
    statement = SEEN.format(table=STANDINGS.table, ids=ids, shown=f"n.to_at is null and {sql.counted('n')}")
    return {row["stream_id"] for row in await reads.fetch(statement, *sql.values)}


def _people(row: Any) -> set[UUID | None]:
    met = {UUID(met["person_id"]) for met in row["persons_met"]}
    return {row["owner_id"], row["reviewed_by"], *row["participants"], *met}


async def _judged(reads: Reads, asking: Asking, ids: list[UUID]) -> Mapping[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    if ids:
        sql = Sql(asking)
        for row in await reads.fetch(sql.text(JUDGED, ids=sql(ids), shown=sql.shown_by("j.stream_id")), *sql.values):
            found[row["visit_id"]].append(
                {
                    "opportunity_id": row["opportunity_id"],
                    "level_before": row["level_before"] or NEW,
                    "level": row["level"] or NEW,
                    "expected_on": row["expected_on"],
                }
            )
    return found


async def _raised(reads: Reads, asking: Asking, ids: set[UUID | None]) -> Mapping[tuple[UUID, str], int]:
    wanted = sorted(id for id in ids if id is not None)
    if not wanted:
        return {}
    sql = Sql(asking)
    statement = sql.text(OBJECTIONS, holds=sql.holds("v"), ids=sql(wanted))
    return {(row["account_id"], row["objection"]): row["raised"] for row in await reads.fetch(statement, *sql.values)}
