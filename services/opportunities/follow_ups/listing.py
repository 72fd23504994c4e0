"""The follow-up list: each opportunity in stock with its open duty, or duties done on some days. Decides no duty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from services.opportunities.follow_ups.duties import credited, duties
from services.opportunities.follow_ups.duty import ESCALATED, duty
from services.opportunities.follow_ups.rules import Rules
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.few import few
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from shared.days import end_of, start_of
from shared.http.reading import FIRST_DAY
from shared.records.paging import Order, Page, next_of, paged

State = Literal["overdue", "due", "planned", "upcoming", "done"]
SORTS: Mapping[str, Order] = {
    "due_on": Order("f.due_on", "date"),
    "-due_on": Order("f.due_on", "date", descending=True),
    "planned_on": Order("coalesce(f.planned_on, 'infinity')", "date"),
}
DONE_SORTS: Mapping[str, Order] = dict.fromkeys(SORTS, Order("f.done_on", "date", descending=True))
STANDING = """{s}.stream_id, {s}.version, {s}.title, {s}.account_id, {s}.owner_id, {s}.unit_id, {s}.expected_on,
       {s}.open_units, {s}.open_amount, {s}.currency, {s}.review"""

OPEN = """
select f.*, {sort_value} as sort_value
  from (select {standing}, d.*, coalesce({escalated}, false) as escalated
          from {standings} as s {duty}
         where {standing_now} and {shown} and {wanted}) as f
 where {which} and {beyond}
 order by {order}
 limit {limit}
"""

# Those who were reached on these days, with all their duties: one done late may have been opened long before.
TOUCHED = """(s.stream_id in (
          select m.stream_id from {contacts_made} as m
           where m.tenant_id = $1 and m.reached and m.made_at between {from_at} and {until_at}
          union all
          select c.opportunity_id from {contacts} as c
           where {holds_c} and c.reached and c.visited_on between {since} and {until}) and {only})"""
DONE = """
with {duties}
select f.*, {sort_value} as sort_value
  from (select {standing}, d.level, d.opened_on, d.due_on, d.done_on, d.escalated,
               greatest(d.done_on - d.due_on, 0) as days_overdue, d.due_on - d.opened_on as cadence_days
          from duties as d {credited}
         where d.done_on between {since} and {until} and {wanted}) as f
 where {which} and {beyond}
 order by {order}
 limit {limit}
"""
DONE_BY = """
select opportunity_id, day, way, person
  from (select m.stream_id as opportunity_id, (m.made_at at time zone {zone})::date as day, m.way,
               m.contacted_by as person, m.made_at as at
          from {contacts_made} as m
         where m.tenant_id = $1 and m.reached and m.made_at <= {at} and m.stream_id = any({ids}::uuid[])
        union all
        select c.opportunity_id, c.visited_on, c.way, c.owner_id, c.from_at
          from {contacts} as c
         where {holds_c} and c.reached and c.opportunity_id = any({ids}::uuid[])) as made
 where day between {since} and {until}
 order by at desc
"""


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Which: by state, level, days (due, or done for `done`), escalated or not, and what records they are of."""

    state: State | None = None
    level: str | None = None
    since: date | None = None
    until: date | None = None
    escalated: bool | None = None
    filters: Filters = Filters()  # noqa: RUF009 - immutable

    def predicate(self, sql: Sql) -> str:
        said = ["true"]
        if self.level is not None:
            said.append(f"f.level = {sql(self.level)}")
        if self.escalated is not None:
            said.append("f.escalated" if self.escalated else "not f.escalated")
        if self.state != "done":
            if self.state is not None:
                said.append(f"f.state = {sql(self.state)}")
            if self.since is not None:
                said.append(f"f.due_on >= {sql(self.since)}")
            if self.until is not None:
                said.append(f"f.due_on <= {sql(self.until)}")
        return " and ".join(said)


async def follow_ups(
    reads: Reads,
    asking: Asking,
    rules: Rules,
    labels: Labels,
    *,
    which: FollowUps | None = None,
    sort: str = "due_on",
    page: Page | None = None,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of duties, and after which the next goes on. Rows by today's sight."""
    which, page = which or FollowUps(), page or Page()
    if which.state == "done":
        found, after = next_of(await _done(reads, asking, rules, which, sort, page), page)
        made = await _made(reads, asking, found, which)
    else:
        found, after = next_of(await _open(reads, asking, rules, which, sort, page), page)
        made = {}
    return await named(reads, asking, labels, found, made), after


async def named(
    reads: Reads, asking: Asking, labels: Labels, found: Sequence[Any], made: Mapping[tuple[UUID, date], Any]
) -> list[Row]:
    """The rows as they are answered, with names."""
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(
        asking.tenant_id, {row["owner_id"] for row in found} | {one["person"] for one in made.values()}
    )
    rows = []
    for row in found:
        done = row.get("done_on")
        by = made.get((row["stream_id"], done)) if done else None
        rows.append(
            {
                "opportunity_id": row["stream_id"],
                "version": row["version"],
                "title": row["title"],
                "account_id": row["account_id"],
                "account": accounts.get(row["account_id"]),
                "level": row["level"],
                "expected_on": row["expected_on"],
                "units": row["open_units"],
                "amount": money(row["open_amount"]),
                "currency": row["currency"],
                "review": row["review"],
                "state": "done" if done else row["state"],
                "opened_on": row["opened_on"],
                "last_contact_on": row.get("last_contact_on"),
                "cadence_days": row["cadence_days"],
                "due_on": row["due_on"],
                "days_overdue": row["days_overdue"],
                "escalated": row["escalated"],
                "planned_on": row.get("planned_on"),
                "planned_way": row.get("planned_way"),
                "plan_missed": bool(row.get("plan_missed")),
                "done_on": done,
                "done_way": None if by is None else by["way"],
                "done_by": None if by is None else by["person"],
                "done_by_name": None if by is None else people.get(by["person"]),
                "owner_id": row["owner_id"],
                "owner": people.get(row["owner_id"]),
                "unit_id": row["unit_id"],
                "unit": units.get(row["unit_id"]),
            }
        )
    return rows


def standing_now(sql: Sql, ids: Sequence[UUID] | None) -> str:
    """The predicate of a standing `s` in stock at the instant; `ids`: of these alone, each by its key."""
    if ids is not None:
        return f"s.stream_id = any({sql(ids)}::uuid[]) and s.stock is not null and {sql.holds('s')}"
    return f"s.stock is not null and {sql.holds('s')}" if sql.asking.latest else sql.in_stock("s")


async def _open(
    reads: Reads, asking: Asking, rules: Rules, which: FollowUps, sort: str, page: Page
) -> Sequence[Mapping[str, Any]]:
    sql = Sql(asking)
    ids = None if asking.latest else await few(reads, asking)
    statement = sql.text(
        OPEN,
        standing=STANDING.format(s="s"),
        duty=duty(sql, rules),
        escalated=ESCALATED,
        standing_now=standing_now(sql, ids),
        shown="true" if ids is not None else sql.shown("s"),
        wanted=which.filters.predicate(sql, "s"),
        which=which.predicate(sql),
        **paged(sql, SORTS, sort, page, "f.stream_id"),
    )
    return await reads.fetch(statement, *sql.values)


async def _done(
    reads: Reads, asking: Asking, rules: Rules, which: FollowUps, sort: str, page: Page
) -> Sequence[Mapping[str, Any]]:
    sql = Sql(asking)
    since, until = _days(asking, which)
    between = {"since": f"{sql(since)}::date", "until": f"{sql(until)}::date"}
    touched = sql.text(
        TOUCHED,
        **between,
        from_at=f"{sql(start_of(since, asking.zone))}::timestamptz",
        until_at=f"{sql(min(end_of(until, asking.zone), end_of(asking.day, asking.zone)))}::timestamptz",
        holds_c=sql.holds("c"),
        only=sql.shown_by("s.stream_id"),
    )
    statement = sql.text(
        DONE,
        **between,
        duties=duties(sql, rules, since=FIRST_DAY, only=touched),
        standing=STANDING.format(s="n"),
        credited=credited(sql),
        wanted=which.filters.predicate(sql, "n"),
        which=which.predicate(sql),
        **paged(sql, DONE_SORTS, sort, page, "f.stream_id"),
    )
    return await reads.fetch(statement, *sql.values)


async def _made(
    reads: Reads, asking: Asking, found: Sequence[Any], which: FollowUps
) -> Mapping[tuple[UUID, date], Any]:
    """By opportunity and day: who made the contact that did the duty, in which way; the first of the day."""
    if not found:
        return {}
    since, until = _days(asking, which)
    sql = Sql(asking)
    statement = sql.text(
        DONE_BY,
        since=f"{sql(since)}::date",
        until=f"{sql(until)}::date",
        ids=sql([row["stream_id"] for row in found]),
        holds_c=sql.holds("c"),
    )
    return {(row["opportunity_id"], row["day"]): row for row in await reads.fetch(statement, *sql.values)}


def _days(asking: Asking, which: FollowUps) -> tuple[date, date]:
    """From when to when it was done: the day asked about, unless said."""
    until = min(which.until or asking.day, asking.day)
    return which.since or (asking.day if which.until is None else FIRST_DAY), until
