"""Projects, plan against actual, of a day: late, used, open are worked out here. Stores nothing.

A milestone is late when its planned day is over and it was not reached by the day asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.opportunities.projects.views import PROJECTS as VIEW
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money, rounded
from services.opportunities.reports.labels import Labels
from services.opportunities.views.accounts import ACCOUNTS
from shared.records.paging import Order, Page, next_of, paged

SORTS: Mapping[str, Order] = {
    "-opened_at": Order("p.opened_at", "timestamptz", descending=True),
    "opened_at": Order("p.opened_at", "timestamptz"),
}

# Owner and unit are those of the opportunity, or the account, at the instant.
PROJECTS = """
select p.*, coalesce(s.owner_id, a.owner_id) as credited_owner, coalesce(s.unit_id, a.unit_id) as credited_unit,
       {sort_value} as sort_value
  from {projects} as p
  left join {standings} as s on s.stream_id = p.opportunity_id and {standing_holds}
  left join {accounts} as a on p.opportunity_id is null and a.stream_id = p.account_id and {account_holds}
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
LATE = """exists (
    select from jsonb_array_elements(p.milestones) as planned(one)
     where (one ->> 'planned_on')::date < {day} and one ->> 'reached_on' is null)"""
# Of today: who sees the opportunity, or the account where there is none, and who manages the project.
SHOWN = """(case when p.opportunity_id is not null then {by_opportunity}
      else exists (select from {accounts} as n where n.tenant_id = $1 and n.stream_id = p.account_id
                      and n.to_at is null and {by_account}) end
  or exists (select from {table} as m where m.tenant_id = $1 and m.stream_id = p.stream_id and m.to_at is null
                and m.manager_id = any({selves}::uuid[])))"""


@dataclass(frozen=True, slots=True)
class Projects:
    """Which projects."""

    status: str | None = None
    opportunity_id: UUID | None = None
    account_id: UUID | None = None
    manager_id: UUID | None = None
    owner_id: UUID | None = None
    unit_id: UUID | None = None
    late: bool | None = None

    def predicate(self, sql: Sql) -> str:
        said = ["true"]
        for name in ("status", "opportunity_id", "account_id", "manager_id"):
            if (value := getattr(self, name)) is not None:
                said.append(f"p.{name} = {sql(value)}")
        if self.owner_id is not None:
            said.append(f"coalesce(s.owner_id, a.owner_id) = {sql(self.owner_id)}")
        if self.unit_id is not None:
            said.append(sql.below("coalesce(s.unit_id, a.unit_id)", self.unit_id))
        if self.late is not None:
            said.append(("" if self.late else "not ") + LATE.format(day=sql.named("day")))
        return " and ".join(said)


async def projects(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    *,
    which: Projects,
    sort: str = "-opened_at",
    page: Page | None = None,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of projects, and after which the next goes on."""
    page = page or Page()
    found, after = next_of(await _fetch(reads, asking, which, sort, page), page)
    return await _rows(reads, asking, labels, found), after


async def report(reads: Reads, asking: Asking, labels: Labels, *, which: Projects) -> Row:
    """Every project with its milestones and categories, and the totals."""
    found = await _fetch(reads, asking, which, "-opened_at", Page(limit=2_000_000))
    rows = await _rows(reads, asking, labels, found)
    for row, of in zip(rows, found, strict=True):
        row["plan"] = [_milestone(one, asking.day) for one in of["milestones"]]
        row["money"] = _categories(of)
    return {"rows": rows, "total": _total(rows, found)}


async def _fetch(reads: Reads, asking: Asking, which: Projects, sort: str, page: Page) -> list[Any]:
    sql = Sql(asking)
    statement = sql.text(
        PROJECTS,
        holds=sql.holds("p"),
        standing_holds=sql.holds("s"),
        account_holds=sql.holds("a"),
        shown=_shown(sql),
        wanted=which.predicate(sql),
        **paged(sql, SORTS, sort, page, "p.stream_id"),
    )
    return await reads.fetch(statement, *sql.values)


def _shown(sql: Sql) -> str:
    if sql.asking.sight.everything:
        return "true"
    return SHOWN.format(
        by_opportunity=sql.shown_by("p.opportunity_id"),
        accounts=ACCOUNTS.table,
        by_account=sql.counted("n", account="n.stream_id"),
        table=VIEW.table,
        selves=sql(sorted(sql.asking.sight.selves)),
    )


async def _rows(reads: Reads, asking: Asking, labels: Labels, found: Sequence[Any]) -> list[Row]:
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["credited_unit"] for row in found})
    named = {id for row in found for id in (row["manager_id"], row["credited_owner"])}
    people = await labels.people(asking.tenant_id, named)
    return [_row(row, asking.day, accounts, units, people) for row in found]


def _row(
    row: Any, day: date, accounts: Mapping[UUID, str], units: Mapping[UUID, str], people: Mapping[UUID, str]
) -> Row:
    plan = [_milestone(one, day) for one in row["milestones"]]
    ahead = sorted(
        (one["planned_on"], place, one["title"]) for place, one in enumerate(plan) if one["reached_on"] is None
    )
    risks = [risk for risk in row["risks"] if not risk["closed"]]
    points = [point for point in row["open_points"] if point["done_on"] is None]
    acceptance = row["acceptance"] or {}
    budget, cost = row["budget_amount"], row["cost_amount"]
    plain = ("version", "title", "status", "opportunity_id", "account_id", "manager_id", "opened_at", "currency")
    return {
        "id": row["stream_id"],
        **{name: row[name] for name in plain},
        "account": accounts.get(row["account_id"]),
        "manager": people.get(row["manager_id"]),
        "owner_id": row["credited_owner"],
        "owner": people.get(row["credited_owner"]),
        "unit_id": row["credited_unit"],
        "unit": units.get(row["credited_unit"]),
        "milestones": len(plan),
        "milestones_reached": sum(one["reached_on"] is not None for one in plan),
        "milestones_late": sum(one["reached_on"] is None and one["days_late"] > 0 for one in plan),
        "milestones_reached_late": sum(one["reached_on"] is not None and one["days_late"] > 0 for one in plan),
        "next_milestone": ahead[0][2] if ahead else None,
        "next_milestone_on": ahead[0][0] if ahead else None,
        "times_replanned": row["times_replanned"],
        "slipped_days": max((one["slipped_days"] for one in plan), default=0),
        "budget": money(budget),
        "cost": money(cost),
        "budget_used": _used(budget, cost),
        "over_budget": cost > budget,
        "open_risks": len(risks),
        "high_risks": sum("high" in (risk["probability"], risk["impact"]) for risk in risks),
        "reviews": row["reviews"],
        "reviewed_on": row["reviewed_on"],
        "findings": row["findings"],
        "acceptance": acceptance.get("result"),
        "accepted_on": acceptance.get("on"),
        "open_points": len(points),
        "overdue_points": sum(_day(point["due_on"]) is not None and _day(point["due_on"]) < day for point in points),
        "lessons": row["lessons"],
        "closed_on": row["closed_on"],
    }


def _milestone(one: Mapping[str, Any], day: date) -> Row:
    first, planned, reached = (_day(one[name]) for name in ("first_planned_on", "planned_on", "reached_on"))
    return {
        "code": one["code"],
        "title": one["title"],
        "phase": one["phase"],
        "first_planned_on": first,
        "planned_on": planned,
        "reached_on": reached,
        "slipped_days": (planned - first).days,
        "days_late": max(((reached or day) - planned).days, 0),
    }


def _categories(row: Any) -> list[Row]:
    planned = {part["category"]: Decimal(part["amount"]) for part in row["budget"]}
    spent = {part["category"]: Decimal(part["amount"]) for part in row["costs"]}
    return [
        {"category": name, "budget": money(planned.get(name, Decimal(0))), "cost": money(spent.get(name, Decimal(0)))}
        for name in sorted(planned.keys() | spent.keys())
    ]


def _total(rows: Sequence[Row], found: Sequence[Any]) -> Row:
    sums = ("milestones", "milestones_reached", "milestones_late", "open_risks", "open_points")
    by_currency: dict[str, tuple[Decimal, Decimal]] = {}
    for row in found:
        budget, cost = by_currency.get(row["currency"], (Decimal(0), Decimal(0)))
        by_currency[row["currency"]] = (budget + row["budget_amount"], cost + row["cost_amount"])
    return {
        "projects": len(rows),
        **{name: sum(row[name] for row in rows) for name in sums},
        "accepted": sum(row["acceptance"] in ("accepted", "accepted_with_open_points") for row in rows),
        "money": [
            {"currency": currency, "budget": money(budget), "cost": money(cost), "budget_used": _used(budget, cost)}
            for currency, (budget, cost) in sorted(by_currency.items())
        ],
    }


def _used(budget: Decimal, cost: Decimal) -> float | None:
    return rounded(cost / budget) if budget else None


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value
