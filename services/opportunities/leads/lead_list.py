"""The list of leads, in pages: who answered when, what is overdue. Knows no HTTP and no rule of assignment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.opportunities.leads.figure_lists import channel_label
from services.opportunities.leads.shown import shown
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, rounded
from services.opportunities.reports.labels import Labels
from shared.records.paging import Order, Page, next_of, paged

SORTS: Mapping[str, Order] = {
    "-received_at": Order("l.received_at", "timestamptz", descending=True),
    "received_at": Order("l.received_at", "timestamptz"),
}
LEADS = """
select l.*, {sort_value} as sort_value
  from {leads} as l
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
OVERDUE = """(l.contacted_at is null and l.status in ('open', 'follow_up') and l.answer_hours is not null
    and l.received_at + l.answer_hours * interval '1 hour' < {now})"""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Leads:
    """Which leads. `unit_id` means the unit and all below it; `since` and `until` are of the day of receipt."""

    stage: str | None = None
    channel: str | None = None
    unassigned: bool | None = None
    overdue: bool | None = None
    owner_id: UUID | None = None
    unit_id: UUID | None = None
    account_id: UUID | None = None
    opportunity_id: UUID | None = None
    since: date | None = None
    until: date | None = None

    def predicate(self, sql: Sql) -> str:
        said = ["true"]
        for name in ("stage", "channel", "owner_id", "account_id", "opportunity_id"):
            if (value := getattr(self, name)) is not None:
                said.append(f"l.{name} = {sql(value)}")
        if self.unassigned is not None:
            said.append(f"(l.owner_id is null) = {sql(self.unassigned)}")
        if self.overdue is not None:
            said.append(f"{OVERDUE.format(now=now(sql))} = {sql(self.overdue)}")
        if self.unit_id is not None:
            said.append(sql.below("l.unit_id", self.unit_id))
        if self.since is not None:
            said.append(f"(l.received_at at time zone {sql.named('zone')})::date >= {sql(self.since)}")
        if self.until is not None:
            said.append(f"(l.received_at at time zone {sql.named('zone')})::date <= {sql(self.until)}")
        return " and ".join(said)


def now(sql: Sql) -> str:
    """The instant asked about as a number of the clock: of the latest standing it is the time of asking."""
    return f"{sql(sql.asking.at)}::timestamptz"


async def leads(
    reads: Reads, asking: Asking, labels: Labels, *, which: Leads, sort: str, page: Page
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of leads, and after which the next goes on."""
    sql = Sql(asking)
    statement = sql.text(
        LEADS,
        holds=sql.holds("l"),
        shown=shown(sql),
        wanted=which.predicate(sql),
        **paged(sql, SORTS, sort, page, "l.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    people = await labels.people(asking.tenant_id, {row[of] for row in found for of in ("owner_id", "contacted_by")})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    products = await labels.products(reads, asking, {one.get("product") for row in found for one in row["interests"]})
    return [
        {
            "id": row["stream_id"],
            "version": row["version"],
            "status": row["stage"],
            "channel": row["channel"],
            "channel_label": channel_label(row["channel"], labels.language),
            "source": row["source"],
            "account_id": row["account_id"],
            "account": accounts.get(row["account_id"]) or row["account_name"],
            "interests": [
                {
                    "product": one.get("product"),
                    "product_name": products.get(one.get("product")),
                    "said": one.get("said"),
                    "units": one.get("units"),
                }
                for one in row["interests"]
            ],
            "owner_id": row["owner_id"],
            "owner": people.get(row["owner_id"]),
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
            "assigned_how": row["assigned_how"],
            "received_at": row["received_at"],
            "answer_due_at": due(row),
            "answer_overdue": overdue(row, asking),
            "contacted_at": row["contacted_at"],
            "contacted_by": row["contacted_by"],
            "contacted_by_name": people.get(row["contacted_by"]),
            "response_hours": None
            if row["contacted_at"] is None
            else rounded((row["contacted_at"] - row["received_at"]) / HOUR),
            "contacts": row["contacts"],
            "disposed_at": row["disposed_at"],
            "opportunity_id": row["opportunity_id"],
            "duplicate_of_lead_id": row["duplicate_of_lead_id"],
            "duplicate_of_opportunity_id": row["duplicate_of_opportunity_id"],
            "follow_up_on": row["follow_up_on"],
            "reason": row["reason"],
            "external_refs": row["external_refs"],
        }
        for row in found
    ], after


def due(row: Any) -> Any:
    """When the promised answer was due; null without a promise."""
    hours: Decimal | None = row["answer_hours"]
    return None if hours is None else row["received_at"] + timedelta(hours=float(hours))


def overdue(row: Any, asking: Asking) -> bool:
    """Whether nobody has answered although it was promised for before the instant asked about."""
    until = due(row)
    waits = row["contacted_at"] is None and row["status"] in ("open", "follow_up")
    return bool(waits and until is not None and until < asking.at)
