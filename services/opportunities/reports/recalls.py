"""The recall list: frozen, out of contact or defeated, with a day to ask again that has come. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.opportunities.policies.level_policy import NEW
from services.opportunities.reports.asking import Asking, Reads, Row, Sql, money
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from shared.records.paging import Order, Page, next_of, paged

RECALLED = ("frozen", "lost_contact", "defeated")
ORDERS: Mapping[str, Order] = {"recall_on": Order("s.recall_on", "date")}

RECALLS = """
select s.stream_id, s.version, s.status, s.recall_on, s.title, s.account_id, s.owner_id, s.unit_id, s.level, s.channel,
       s.units, s.amount, s.currency, {sort_value} as sort_value
  from {standings} as s
 where {holds} and {shown} and {wanted} and s.recall_on <= {until} and s.status = any({statuses}::text[]) and {beyond}
 order by {order}
 limit {limit}
"""
SINCE = """
select distinct on (x.stream_id) x.stream_id, (x.at at time zone {zone})::date as since, x.reason
  from (select a.stream_id, a.set_aside_at as at, a.reason, a.tenant_id from {set_aside} as a
         where a.tenant_id = $1 and a.stream_id = any({ids}::uuid[])
        union all
        select d.stream_id, d.lost_at, d.reason, d.tenant_id from {defeats} as d
         where d.tenant_id = $1 and d.stream_id = any({ids}::uuid[])) as x
 where x.at <= {at}
 order by x.stream_id, x.at desc
"""
ALL = Filters()


@dataclass(frozen=True, slots=True)
class Which:
    """Which: to be asked again by this day, in this status."""

    until: date
    status: str | None = None
    filters: Filters = ALL


async def recalls(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, page: Page
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of them, the longest due first, and after which the next goes on."""
    sql = Sql(asking)
    statement = sql.text(
        RECALLS,
        holds=sql.holds("s"),
        shown=sql.shown("s"),
        wanted=which.filters.predicate(sql, "s"),
        until=f"{sql(which.until)}::date",
        statuses=sql([which.status] if which.status else list(RECALLED)),
        **paged(sql, ORDERS, "recall_on", page, "s.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    since = await _since(reads, asking, [row["stream_id"] for row in found])
    accounts = await labels.accounts(reads, asking, {row["account_id"] for row in found})
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    reasons = await labels.reasons(reads, asking)
    items = []
    for row in found:
        why: Any = since.get(row["stream_id"])
        reason = None if why is None else why["reason"]
        items.append(
            {
                "opportunity_id": row["stream_id"],
                "version": row["version"],
                "status": row["status"],
                "recall_on": row["recall_on"],
                "days_overdue": max((asking.day - row["recall_on"]).days, 0),
                "since": None if why is None else why["since"],
                "reason": reason,
                "reason_label": reasons.get(reason or "", reason),
                "title": row["title"],
                "account_id": row["account_id"],
                "account": accounts.get(row["account_id"]),
                "units": row["units"],
                "amount": money(row["amount"]),
                "currency": row["currency"],
                "level_before": row["level"] or NEW,
                "owner_id": row["owner_id"],
                "owner": people.get(row["owner_id"]),
                "unit_id": row["unit_id"],
                "unit": units.get(row["unit_id"]),
                "channel": row["channel"],
            }
        )
    return items, after


async def _since(reads: Reads, asking: Asking, ids: list[UUID]) -> Mapping[UUID, Any]:
    """Since when, and why, each of them is not worked on."""
    if not ids:
        return {}
    sql = Sql(asking)
    return {row["stream_id"]: row for row in await reads.fetch(sql.text(SINCE, ids=sql(ids)), *sql.values)}
