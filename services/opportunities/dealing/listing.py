"""Lists of records that belong to an opportunity, in pages, as of any day. Knows no noun: those give their columns.

Owner, unit and account are the opportunity's at the instant asked about; who sees the opportunity today sees the row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from services.opportunities.reports.asking import Asking, Row, Sql, money
from services.opportunities.reports.labels import Labels
from services.opportunities.routes.asked import Asked, TreeAsked, UnitId
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.reading import Page as AskedPage
from shared.projections.view import View
from shared.records import pages
from shared.records.paging import Order, next_of, paged

LIST = """
select r.*, o.owner_id, o.unit_id, o.account_id, o.title as opportunity, {sort_value} as sort_value
  from {relation} as r
  left join {standings} as o on o.stream_id = r.opportunity_id and {owned}
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""

Predicate = Callable[[Sql], str]


class DealingRow(BaseModel):
    """What every row of these lists begins with."""

    id: UUID
    version: int
    status: str
    opportunity_id: UUID
    opportunity: str | None = Field(description="The opportunity's title.")
    account_id: UUID | None
    account: str | None
    owner_id: UUID | None = Field(description="Responsible for the opportunity at the instant asked about.")
    owner: str | None
    unit_id: UUID | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Which:
    """Which records: by their opportunity, and by who and where it was at the instant asked about."""

    opportunity_id: UUID | None = None
    account_id: UUID | None = None
    owner_id: UUID | None = None
    unit_id: UUID | None = None

    def predicate(self, sql: Sql) -> str:
        said = ["true"]
        if self.opportunity_id is not None:
            said.append(f"r.opportunity_id = {sql(self.opportunity_id)}")
        if self.account_id is not None:
            said.append(f"o.account_id = {sql(self.account_id)}")
        if self.owner_id is not None:
            said.append(f"o.owner_id = {sql(self.owner_id)}")
        if self.unit_id is not None:
            said.append(sql.below("o.unit_id", self.unit_id))
        return " and ".join(said)


async def which(
    opportunity_id: UUID | None = None,
    account_id: UUID | None = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
) -> Which:
    """Which records."""
    return Which(opportunity_id, account_id, owner_id, unit_id)


OfDeals = Annotated[Which, Depends(which)]


@dataclass(frozen=True, slots=True)
class Table:
    """One noun's list: its view, orders, the columns a row shows, and of these the ones that name our people.

    A person's column `decided_by` brings `decided_by_name`; `amounts` are answered as decimal text.
    """

    view: View
    orders: Mapping[str, Order]
    columns: Collection[str]
    people: Collection[str] = ()
    amounts: Collection[str] = ()
    more: Callable[[Any, date], Row] = field(default=lambda row, day: {})


async def listed(
    ask: Asked, page: AskedPage, table: Table, which: Which, predicates: Collection[Predicate], sort: str
) -> Response:
    """A page of a noun's records."""
    asking = await ask.of(table.view, STANDINGS, ACCOUNTS, UNITS)
    wanted_page = pages.page_of(page)
    sql = Sql(asking)
    parts = {
        "relation": "{" + table.view.name.partition(".")[2] + "}",
        "owned": sql.holds("o"),
        "holds": sql.holds("r"),
        "shown": sql.shown_by("r.opportunity_id"),
        "wanted": " and ".join([which.predicate(sql), *(predicate(sql) for predicate in predicates)]),
        **paged(sql, table.orders, sort, wanted_page, "r.stream_id"),
    }
    statement = sql.text(LIST.replace("{relation}", parts.pop("relation")), **parts)
    found, after = next_of(await ask.pool.fetch(statement, *sql.values), wanted_page)
    items = await _items(ask.pool, asking, ask.labels, table, found)
    return pages.listed(page, items, after)


async def _items(pool: Any, asking: Asking, labels: Labels, table: Table, found: Collection[Any]) -> list[Row]:
    accounts = await labels.accounts(pool, asking, {row["account_id"] for row in found})
    units = await labels.units(pool, asking, {row["unit_id"] for row in found})
    named = {row[name] for row in found for name in ("owner_id", *table.people)}
    people = await labels.people(asking.tenant_id, named)
    items = []
    for row in found:
        item: Row = {
            "id": row["stream_id"],
            "version": row["version"],
            "status": row["status"],
            "opportunity_id": row["opportunity_id"],
            "opportunity": row["opportunity"],
            "account_id": row["account_id"],
            "account": accounts.get(row["account_id"]),
            "owner_id": row["owner_id"],
            "owner": people.get(row["owner_id"]),
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
        }
        for name in table.columns:
            item[name] = money(row[name]) if name in table.amounts else row[name]
            if name in table.people:
                item[f"{name}_name"] = people.get(row[name])
        items.append(item | table.more(row, asking.day))
    return items


def equals(column: str, value: Any) -> Predicate:
    """The predicate that a column has this value; true when none is asked for."""
    return lambda sql: "true" if value is None else f"r.{column} = {sql(value)}"


def within(column: str, days: int | None) -> Predicate:
    """The predicate that a day falls on the day asked about or at most so many days after it."""

    def predicate(sql: Sql) -> str:
        if days is None:
            return "true"
        today = sql.named("day")
        return f"r.{column} between {today} and {today} + {sql(days)}::int"

    return predicate
