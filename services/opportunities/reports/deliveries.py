"""What was delivered, what is late, and one order from promise to payment. Lateness is worked out for the day asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from shared.records.paging import Order, Page, next_of, paged

Against = Literal["current", "first"]

LATE = """
select o.stream_id, o.line, o.product, o.units, o.open_units, o.shipped, o.first_promised_on, o.promised_on,
       o.times_rescheduled, o.new_date_told_on, o.delay_told_on, o.order_ref,
       s.title, s.account_id, s.owner_id, s.unit_id
  from {order_lines} as o
  join {standings} as s on s.stream_id = o.stream_id and {holds}
 where o.tenant_id = $1 and o.open_units > 0 and tstzrange(o.from_at, o.to_at) @> {at}
   and {promised} < {day} and {shown} and {wanted}
"""
PROMISED: Mapping[Against, str] = {
    "current": "o.promised_on",
    "first": "least(o.promised_on, o.first_promised_on)",
}

# Priced as the order stood when it was delivered: a corrected price moves it, a later amendment does not.
DELIVERIES = """
select d.id, d.stream_id as opportunity_id, d.delivered_on, d.line, d.product, d.serial, d.units,
       d.id as stream_id, {sort_value} as sort_value,
       s.title, s.account_id, s.owner_id, s.unit_id, s.currency, o.order_ref, l.unit_price, l.amount
  from {deliveries} as d
  left join {standings} as s on s.tenant_id = d.tenant_id and s.stream_id = d.stream_id
        and s.from_at <= d.delivered_at and (s.to_at is null or s.to_at > d.delivered_at)
  left join {order_lines} as o on o.tenant_id = d.tenant_id and o.stream_id = d.stream_id and o.line = d.line
        and o.from_at <= d.delivered_at and (o.to_at is null or o.to_at > d.delivered_at)
  left join lateral (
       select (said ->> 'unit_price')::numeric as unit_price,
              coalesce((said ->> 'unit_price')::numeric * d.units,
                       round((said ->> 'amount')::numeric * d.units / nullif((said ->> 'units')::int, 0), 2)) as amount
         from jsonb_array_elements(s.lines) as one(said)
        where (said ->> 'line')::int = d.line limit 1) as l on true
 where d.tenant_id = $1 and d.delivered_at <= {at} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
SORTS: Mapping[str, Order] = {
    "-delivered_on": Order("d.delivered_on", "date", descending=True),
    "delivered_on": Order("d.delivered_on", "date"),
}

LINES = """
select o.*, coalesce((select array_agg(d.serial order by d.serial) from {deliveries} as d
                       where d.tenant_id = $1 and d.stream_id = o.stream_id and d.line = o.line
                         and d.serial is not null and d.delivered_at <= {at}), '{{}}') as serials
  from {order_lines} as o
 where {holds} and o.stream_id = {id} order by o.line
"""
ORDERED = """
select s.status, s.account_id, s.currency, s.amount, s.open_amount
  from {standings} as s where {holds} and s.stream_id = {id} and {shown}
"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Which deliveries: by their day, order, serial, and the order's filters, owner and unit as they were then."""

    since: date | None = None
    until: date | None = None
    opportunity_id: UUID | None = None
    serial: str | None = None
    filters: Filters = Filters()  # noqa: RUF009 - frozen

    def predicate(self, sql: Sql) -> str:
        said = [self.filters.predicate(sql, "s")]
        if self.since is not None:
            said.append(f"d.delivered_on >= {sql(self.since)}")
        if self.until is not None:
            said.append(f"d.delivered_on <= {sql(self.until)}")
        if self.opportunity_id is not None:
            said.append(f"d.stream_id = {sql(self.opportunity_id)}")
        if self.serial is not None:
            said.append(f"d.serial = {sql(self.serial.upper())}")
        return " and ".join(said)


async def late(
    reads: Reads, asking: Asking, labels: Labels, *, against: Against = "current", filters: Filters | None = None
) -> Row:
    """One row per order line with units to come whose promised day has gone by; the longest overdue first.

    `against` first: also what only the first promise was broken of.
    """
    sql = Sql(asking)
    statement = sql.text(
        LATE,
        holds=sql.holds("s"),
        promised=PROMISED[against],
        shown=sql.shown("s"),
        wanted=(filters or Filters()).predicate(sql, "s"),
    )
    found = await reads.fetch(statement, *sql.values)
    named = await _names(reads, asking, labels, found)
    products = await labels.products(reads, asking, {row["product"] for row in found})
    rows = [
        {
            **named(row),
            "opportunity_id": row["stream_id"],
            "line": row["line"],
            "product": row["product"],
            "product_label": products.get(row["product"], row["product"]),
            "units": row["units"],
            "units_late": row["open_units"],
            "units_shipped": row["shipped"],
            "first_promised_on": row["first_promised_on"],
            "promised_on": row["promised_on"],
            "days_late": _days(row["promised_on"], asking.day),
            "days_late_first": _days(row["first_promised_on"], asking.day),
            "times_rescheduled": row["times_rescheduled"],
            "customer_told": _told(row, asking.day),
            "new_date_told_on": row["new_date_told_on"],
            "delay_told_on": row["delay_told_on"],
        }
        for row in found
    ]
    rows.sort(key=lambda row: (-row["days_late"], -row["days_late_first"], str(row["opportunity_id"]), row["line"]))
    return {"rows": rows, "against": against, "units_late": sum(row["units_late"] for row in rows)}


def _days(promised_on: date | None, day: date) -> int:
    return 0 if promised_on is None else max((day - promised_on).days, 0)


def _told(row: Any, day: date) -> bool:
    """Past the day now promised: told since it was set that it comes later; else of that day."""
    if row["promised_on"] is not None and row["promised_on"] < day:
        return row["delay_told_on"] is not None
    return row["new_date_told_on"] is not None or row["delay_told_on"] is not None


async def deliveries(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    *,
    which: Delivered,
    sort: str = "-delivered_on",
    page: Page | None = None,
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of units delivered by the instant asked about, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    statement = sql.text(
        DELIVERIES,
        shown=sql.shown_by("d.stream_id"),
        wanted=which.predicate(sql),
        **paged(sql, SORTS, sort, page, "d.id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    named = await _names(reads, asking, labels, found)
    products = await labels.products(reads, asking, {row["product"] for row in found})
    items = [
        {
            **named(row),
            "id": row["id"],
            "opportunity_id": row["opportunity_id"],
            "delivered_on": row["delivered_on"],
            "line": row["line"],
            "product": row["product"],
            "product_label": products.get(row["product"], row["product"]),
            "serial": row["serial"],
            "units": row["units"],
            "unit_price": money(row["unit_price"]),
            "amount": money(row["amount"]),
            "currency": row["currency"],
        }
        for row in found
    ]
    return items, after


async def order(reads: Reads, asking: Asking, labels: Labels, id: UUID) -> Row | None:
    """An order with its lines as they stood; None when it is out of sight, or nothing was ordered yet."""
    sql = Sql(asking)
    statement = sql.text(ORDERED, holds=sql.holds("s"), id=sql(id), shown=sql.shown("s"))
    found = await reads.fetchrow(statement, *sql.values)
    if found is None:
        return None
    sql = Sql(asking)
    lines = await reads.fetch(sql.text(LINES, holds=sql.holds("o"), id=sql(id)), *sql.values)
    if not lines:
        return None
    products = await labels.products(reads, asking, {line["product"] for line in lines})
    accounts = await labels.accounts(reads, asking, {found["account_id"]})
    return {
        "opportunity_id": id,
        "status": found["status"],
        "order_ref": lines[0]["order_ref"],
        "account_id": found["account_id"],
        "account": accounts.get(found["account_id"]),
        "currency": found["currency"],
        "amount": money(found["amount"]),
        "open_amount": money(found["open_amount"]),
        "lines": [_line(line, products, asking.day) for line in lines],
    }


def _line(line: Any, products: Mapping[str, str], day: date) -> Row:
    same = (
        *("line", "product", "units", "shipped", "delivered", "installed", "cancelled", "open_units"),
        *("first_promised_on", "promised_on", "times_rescheduled", "new_date_told_on", "delay_told_on", "serials"),
    )
    price: Decimal | None = line["unit_price"]
    return {
        **{name: line[name] for name in same},
        "product_label": products.get(line["product"], line["product"]),
        "unit_price": money(price),
        "days_late": _days(line["promised_on"], day) if line["open_units"] > 0 else 0,
    }


async def _names(reads: Reads, asking: Asking, labels: Labels, found: Sequence[Any]) -> Any:
    """The order's columns of a row, with names beside ids."""
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})

    def named(row: Any) -> Row:
        return {
            "title": row["title"],
            "order_ref": row["order_ref"],
            "account_id": row["account_id"],
            "account": accounts.get(row["account_id"]),
            "owner_id": row["owner_id"],
            "owner": people.get(row["owner_id"]),
            "unit_id": row["unit_id"],
            "unit": units.get(row["unit_id"]),
        }

    return named
