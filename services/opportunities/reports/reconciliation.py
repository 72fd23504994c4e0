"""Reconciliation (对账): what happened by day and kind, for another system to compare with its own; down to the record.

An entry is a movement: an order placed, units delivered or cancelled, an invoice, a credit note, money received,
allocated or returned. Its day is business time, so that what was told late counts where the other system has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.opportunities.billing.lists import shown_account
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.labels import Labels
from shared.records.paging import Order, Page, next_of, paged

Kind = Literal[
    "ordered",
    "delivered",
    "cancelled",
    "invoiced",
    "credited",
    "invoice_cancelled",
    "received",
    "paid",
    "returned",
]

# The order as it stands, on the day it was placed; cancelled units are entries of their own.
ORDERED = """
select s.stream_id::text as of, (s.outcome_at at time zone {zone})::date as day, s.stream_id as record_id,
       s.stream_id as opportunity_id, s.account_id, null::text as reference, null::int as line, s.units, s.amount,
       s.currency
  from {standings} as s
 where {holds} and s.outcome = 'won' and {shown}
"""
# Priced as the order stood when it was delivered, as in the list of deliveries.
DELIVERED = """
select d.id::text as of, d.delivered_on as day, d.stream_id as record_id, d.stream_id as opportunity_id, s.account_id,
       d.serial as reference, d.line, d.units, l.amount, s.currency
  from {deliveries} as d
  left join {standings} as s on s.tenant_id = d.tenant_id and s.stream_id = d.stream_id
        and s.from_at <= d.delivered_at and (s.to_at is null or s.to_at > d.delivered_at)
  left join lateral (
       select coalesce((said ->> 'unit_price')::numeric * d.units,
                       round((said ->> 'amount')::numeric * d.units / nullif((said ->> 'units')::int, 0), 2)) as amount
         from jsonb_array_elements(s.lines) as one(said)
        where (said ->> 'line')::int = d.line limit 1) as l on true
 where d.tenant_id = $1 and d.delivered_at <= {at} and {shown}
"""
# Each step of a line by which more of it was cancelled.
CANCELLED = """
select concat_ws('/', c.stream_id, c.line, c.from_at) as of,
       (c.from_at at time zone {zone})::date as day, c.stream_id as record_id, c.stream_id as opportunity_id,
       null::uuid as account_id, null::text as reference, c.line, c.moved as units, c.unit_price * c.moved as amount,
       c.currency
  from (select o.*, o.cancelled - lag(o.cancelled, 1, 0) over (partition by o.stream_id, o.line order by o.from_at)
                    as moved
          from {order_lines} as o
         where o.tenant_id = $1 and o.from_at <= {at} and o.cancelled > 0 and {shown}) as c
 where c.moved <> 0
"""
INVOICED = """
select i.stream_id::text as of, i.{day} as day, i.stream_id as record_id, i.opportunity_id, i.account_id,
       i.number as reference, null::int as line, null::int as units, i.gross as amount, i.currency
  from {invoices} as i
 where {holds} and {which} and {shown}
"""
# Each step of an invoice by which more (or, released, less) of it was credited or paid.
MOVED = """
select concat_ws('/', c.stream_id, c.from_at) as of,
       (c.from_at at time zone {zone})::date as day, c.stream_id as record_id, c.opportunity_id, c.account_id,
       c.number as reference, null::int as line, null::int as units, c.moved as amount, c.currency
  from (select i.*, i.{name} - lag(i.{name}, 1, 0) over (partition by i.stream_id order by i.from_at) as moved
          from {invoices} as i
         where i.tenant_id = $1 and i.from_at <= {at} and {shown}) as c
 where c.moved <> 0
"""
RECEIVED = """
select r.stream_id::text as of, r.{day} as day, r.stream_id as record_id, null::uuid as opportunity_id, r.account_id,
       r.bank_reference as reference, null::int as line, null::int as units, r.amount, r.currency
  from {receipts} as r
 where {holds} and {which} and {shown}
"""

FOUND = """
with entries as materialized (
{entries}
), entered as (
    select e.*, n.title, coalesce(e.account_id, n.account_id) as of_account,
           coalesce(n.external_refs, a.external_refs) as refs
      from entries as e
      left join {standings} as n on n.stream_id = e.opportunity_id and {standing_holds}
      left join {accounts} as a on a.stream_id = e.account_id and e.opportunity_id is null and {account_holds}
)
"""
BY_DAY = """
select day, kind, currency, count(*)::int as entries, sum(units)::int as units, coalesce(sum(amount), 0) as amount,
       count(*) filter (where amount is null)::int as without_amount
  from entered as e
 where {wanted}
 group by 1, 2, 3
 order by 1, 2, 3
"""
RECORDS = """
select e.*, o.order_ref, e.id as stream_id, {sort_value} as sort_value
  from entered as e
  left join lateral (
       select o.order_ref from {order_lines} as o
        where o.stream_id = e.opportunity_id and {order_holds} limit 1) as o on true
 where {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
SORTS: Mapping[str, Order] = {"day": Order("e.day", "date"), "-day": Order("e.day", "date", descending=True)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries. `system`: of records that system knows, with what it calls them."""

    since: date
    until: date
    kinds: tuple[Kind, ...] = ()
    currency: str | None = None
    system: str | None = None

    def predicate(self, sql: Sql) -> str:
        said = []
        if self.currency is not None:
            said.append(f"e.currency = {sql(self.currency)}")
        if self.system is not None:
            said.append(f"e.refs ? {sql(self.system)}")
        return " and ".join(said) or "true"


def _entries(sql: Sql, wanted: Wanted) -> str:
    """The movements of the kinds that are wanted, within the days."""

    def invoiced(day: str, which: str) -> str:
        shown = sql.shown_by("i.opportunity_id")
        return sql.text(INVOICED, day=day, which=which, holds=sql.holds("i"), shown=shown)

    def moved(name: str) -> str:
        return sql.text(MOVED, name=name, shown=sql.shown_by("i.opportunity_id"))

    def received(day: str, which: str) -> str:
        shown = shown_account(sql, "r.account_id")
        return sql.text(RECEIVED, day=day, which=which, holds=sql.holds("r"), shown=shown)

    made: Mapping[Kind, Callable[[], str]] = {
        "ordered": lambda: sql.text(ORDERED, holds=sql.holds("s"), shown=sql.shown_by("s.stream_id")),
        "delivered": lambda: sql.text(DELIVERED, shown=sql.shown_by("d.stream_id")),
        "cancelled": lambda: sql.text(CANCELLED, shown=sql.shown_by("o.stream_id")),
        "invoiced": lambda: invoiced("issued_on", "true"),
        "credited": lambda: moved("credited"),
        "invoice_cancelled": lambda: invoiced("cancelled_on", "i.status = 'cancelled'"),
        "received": lambda: received("received_on", "true"),
        "paid": lambda: moved("paid"),
        "returned": lambda: received("returned_on", "r.status = 'returned'"),
    }
    within = f"m.day between {sql(wanted.since)}::date and {sql(wanted.until)}::date"
    return "\nunion all\n".join(
        f"select '{kind}' as kind, md5('{kind}/' || m.of)::uuid as id, m.* from ({text()}) as m where {within}"  # noqa: S608 - of the code's own making
        for kind, text in made.items()
        if not wanted.kinds or kind in wanted.kinds
    )


def _found(sql: Sql, wanted: Wanted) -> str:
    return sql.text(FOUND, entries=_entries(sql, wanted), standing_holds=sql.holds("n"), account_holds=sql.holds("a"))


async def by_day(reads: Reads, asking: Asking, wanted: Wanted) -> Sequence[Row]:
    """One row per day, kind and currency: entries, units, amount."""
    sql = Sql(asking)
    statement = _found(sql, wanted) + sql.text(BY_DAY, wanted=wanted.predicate(sql))
    return [{**dict(row), "amount": money(row["amount"])} for row in await reads.fetch(statement, *sql.values)]


async def records(
    reads: Reads, asking: Asking, labels: Labels, wanted: Wanted, *, sort: str = "day", page: Page | None = None
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of the entries themselves, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    statement = _found(sql, wanted) + sql.text(
        RECORDS,
        order_holds=sql.holds("o"),
        wanted=wanted.predicate(sql),
        **paged(sql, SORTS, sort, page, "e.id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    accounts = await labels.accounts(reads, asking, {row["of_account"] for row in found})
    same = ("id", "day", "kind", "record_id", "reference", "opportunity_id", "title", "order_ref", "line", "units")
    items = [
        {
            **{name: row[name] for name in same},
            "key": None if wanted.system is None else (row["refs"] or {}).get(wanted.system),
            "account_id": row["of_account"],
            "account": accounts.get(row["of_account"]),
            "amount": money(row["amount"]),
            "currency": row["currency"],
        }
        for row in found
    ]
    return items, after
