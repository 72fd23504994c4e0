"""Lead plans of a day: the list, and the way back of one with its rates. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from services.kpi.answers import figure
from services.kpi.asking import Asking, Labels, Reads, Row, Sql, rounded
from services.kpi.lead_plans.events import LeadChannel, LeadRate, LeadsRequired, WeekReview
from services.kpi.lead_plans.review import ONE
from services.kpi.month import said
from services.kpi.words import STATUSES, with_channel, word
from shared.records.paging import Order, Page, next_of, paged

ORDERS: Mapping[str, Order] = {
    "-month": Order("p.month", "date", descending=True),
    "month": Order("p.month", "date"),
}
LIST = """
select p.*, {sort_value} as sort_value
  from {lead_plans} as p
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""


@dataclass(frozen=True, slots=True)
class Which:
    """Which lead plans."""

    month: date | None = None
    unit_id: UUID | None = None
    status: str | None = None

    def predicate(self, sql: Sql) -> str:
        parts = ["true"]
        if self.month is not None:
            parts.append(f"p.month = {sql(self.month)}")
        if self.status is not None:
            parts.append(f"p.status = {sql(self.status)}")
        if self.unit_id is not None:
            parts.append(sql.below("p.unit_id", self.unit_id))
        return " and ".join(parts)


async def lead_plans(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, sort: str, page: Page
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of lead plans, and after which the next goes on."""
    sql = Sql(asking)
    statement = sql.text(
        LIST,
        holds=sql.holds("p"),
        sight=sql.counted("p", account="null::uuid"),
        wanted=which.predicate(sql),
        **paged(sql, ORDERS, sort, page, "p.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units = await labels.units(reads, asking, (row["unit_id"] for row in found))
    people = await labels.people(asking.tenant_id, (row["owner_id"] for row in found))
    return [_row(row, units, people, labels.language) for row in found], after


def _row(row: Any, units: Mapping[UUID, str], people: Mapping[UUID, str], language: str) -> Row:
    required = msgspec.convert(row["required"], LeadsRequired)
    channels = msgspec.convert(row["channels"], tuple[LeadChannel, ...])
    reviews = msgspec.convert(row["reviews"], tuple[WeekReview, ...])
    return {
        **{name: row[name] for name in ("version", "unit_id", "status", "number", "owner_id")},
        "id": row["stream_id"],
        "month": said(row["month"]),
        "unit": units.get(row["unit_id"]),
        "owner": people.get(row["owner_id"]),
        "status_label": word(STATUSES, row["status"], language),
        "order_units": figure(required.units),
        "target_source": required.source,
        "required_leads": required.leads,
        "planned_leads": sum(one.leads for one in channels),
        "channels": len(channels),
        "weeks_reviewed": len({review.week for review in reviews}),
        "reviewed_on": reviews[-1].on if reviews else None,
    }


async def way_back(reads: Reads, asking: Asking, labels: Labels, plan_id: UUID) -> Row | None:
    """Every step from the order target to leads, and every rate with where it comes from; None without a plan."""
    sql = Sql(asking)
    plan = await reads.fetchrow(sql.text(ONE, plan=sql(plan_id), holds=sql.holds("p")), *sql.values)
    if plan is None:
        return None
    required = msgspec.convert(plan["required"], LeadsRequired)
    rates = msgspec.convert(plan["rates"], tuple[LeadRate, ...])
    channels = msgspec.convert(plan["channels"], tuple[LeadChannel, ...])
    units = await labels.units(reads, asking, (rate.unit_id for rate in rates))
    nothing = dict.fromkeys(("channel", "numerator", "denominator", "unit_id", "unit", "source"))
    rows: list[Row] = [
        nothing | {"step": "order_units", "value": float(required.units), "source": required.source},
        *(
            nothing | {"step": name, "value": float(getattr(required, name))}
            for name in ("orders", "prospects", "stock", "records", "leads")
        ),
        *(
            {
                "step": rate.name,
                "channel": rate.channel,
                "value": rounded(rate.value),
                "numerator": figure(rate.numerator),
                "denominator": figure(rate.denominator),
                "unit_id": rate.unit_id,
                "unit": None if rate.unit_id is None else units.get(rate.unit_id),
                "source": "stated" if rate.denominator is None else "counted",
            }
            for rate in rates
        ),
        *(nothing | {"step": "leads", "channel": one.channel, "value": float(one.leads)} for one in channels),
    ]
    return {
        "rows": [with_channel(row, labels.language) for row in rows],
        "month": said(plan["month"]),
        "rates_from": plan["rates_from"],
        "rates_to": plan["rates_to"],
    }
