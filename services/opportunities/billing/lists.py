"""Invoices and receipts in pages: rows by who is responsible today, figures of the instant asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.opportunities.billing.due import Calendar, calendar, first
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.labels import Labels
from services.opportunities.views.accounts import ACCOUNTS
from shared.records.paging import Order, Page, next_of, paged

INVOICE_SORTS: Mapping[str, Order] = {
    "-issued_on": Order("i.issued_on", "date", descending=True),
    "issued_on": Order("i.issued_on", "date"),
}
RECEIPT_SORTS: Mapping[str, Order] = {
    "-received_on": Order("r.received_on", "date", descending=True),
    "received_on": Order("r.received_on", "date"),
}

INVOICES = """
select i.*, s.owner_id, s.unit_id, s.title, o.order_ref, {sort_value} as sort_value
  from {invoices} as i
  left join {standings} as s on s.stream_id = i.opportunity_id and {standing_holds}
  left join lateral (
       select o.order_ref from {order_lines} as o
        where o.stream_id = i.opportunity_id and {order_holds} limit 1) as o on true
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
RECEIPTS = """
select r.*, {sort_value} as sort_value
  from {receipts} as r
  left join {accounts} as a on a.stream_id = r.account_id and {account_holds}
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
SHOWN_ACCOUNT = """exists (
    select from {accounts} as n
     where n.tenant_id = $1 and n.stream_id = {id} and n.to_at is null and {seen})"""


@dataclass(frozen=True, slots=True)
class Money:
    """Which invoices or receipts."""

    since: date | None = None
    until: date | None = None
    opportunity_id: UUID | None = None
    account_id: UUID | None = None
    owner_id: UUID | None = None
    unit_id: UUID | None = None
    currency: str | None = None
    status: str | None = None

    def predicate(self, sql: Sql, alias: str, *, day: str, credit: str) -> str:
        """The condition on a row; owner and unit are those of `credit`."""
        said = ["true"]
        for of, name in (
            (alias, "opportunity_id"),
            (alias, "account_id"),
            (alias, "currency"),
            (credit, "owner_id"),
        ):
            if (value := getattr(self, name)) is not None:
                said.append(f"{of}.{name} = {sql(value)}")
        if self.unit_id is not None:
            said.append(sql.below(f"{credit}.unit_id", self.unit_id))
        if self.since is not None:
            said.append(f"{alias}.{day} >= {sql(self.since)}")
        if self.until is not None:
            said.append(f"{alias}.{day} <= {sql(self.until)}")
        match self.status:
            case None:
                pass
            case "open":
                said.append(f"{alias}.open_amount <> 0")
            case "paid":
                said.append(f"{alias}.open_amount = 0 and {alias}.status = 'issued'")
            case "unallocated":
                said.append(f"{alias}.unallocated <> 0")
            case status:
                said.append(f"{alias}.status = {sql(status)}")
        return " and ".join(said)


def shown_account(sql: Sql, id: str) -> str:
    """Sight for rows of an account: by who is responsible for it today."""
    if sql.asking.sight.everything:
        return "true"
    return SHOWN_ACCOUNT.format(accounts=ACCOUNTS.table, id=id, seen=sql.counted("n", account="n.stream_id"))


async def invoices(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    *,
    which: Money,
    sort: str = "-issued_on",
    page: Page | None = None,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of invoices as they stood, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    statement = sql.text(
        INVOICES,
        holds=sql.holds("i"),
        standing_holds=sql.holds("s"),
        order_holds=sql.holds("o"),
        shown=sql.shown_by("i.opportunity_id"),
        wanted=which.predicate(sql, "i", day="issued_on", credit="s"),
        **paged(sql, INVOICE_SORTS, sort, page, "i.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    dues = await calendar(reads, asking, {row["opportunity_id"] for row in found})
    return [_invoice(row, asking, dues, accounts, units, people) for row in found], after


def _invoice(
    row: Any,
    asking: Asking,
    dues: Calendar,
    accounts: Mapping[UUID, str],
    units: Mapping[UUID, str],
    people: Mapping[UUID, str],
) -> Row:
    due_on = first(dues.of(row))
    return {
        "id": row["stream_id"],
        "version": row["version"],
        "number": row["number"],
        "issuer": row["issuer"],
        "status": row["status"],
        "opportunity_id": row["opportunity_id"],
        "title": row["title"],
        "order_ref": row["order_ref"],
        "account_id": row["account_id"],
        "account": accounts.get(row["account_id"]),
        "owner_id": row["owner_id"],
        "owner": people.get(row["owner_id"]),
        "unit_id": row["unit_id"],
        "unit": units.get(row["unit_id"]),
        "issued_on": row["issued_on"],
        "due_on": due_on,
        "days_overdue": 0 if due_on is None else max((asking.day - due_on).days, 0),
        **{name: money(row[name]) for name in ("net", "tax", "gross", "credited", "paid", "open_amount")},
        "currency": row["currency"],
    }


async def receipts(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    *,
    which: Money,
    sort: str = "-received_on",
    page: Page | None = None,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of receipts as they stood, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    statement = sql.text(
        RECEIPTS,
        holds=sql.holds("r"),
        account_holds=sql.holds("a"),
        shown=shown_account(sql, "r.account_id"),
        wanted=which.predicate(sql, "r", day="received_on", credit="a"),
        **paged(sql, RECEIPT_SORTS, sort, page, "r.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    items = [
        {
            "id": row["stream_id"],
            "version": row["version"],
            "status": row["status"],
            "account_id": row["account_id"],
            "account": accounts.get(row["account_id"]),
            "received_on": row["received_on"],
            "bank_reference": row["bank_reference"],
            **{name: money(row[name]) for name in ("amount", "allocated", "unallocated")},
            "currency": row["currency"],
            "returned_on": row["returned_on"],
        }
        for row in found
    ]
    return items, after


# -- pages -------------------------------------------------------------------------------------------------
