"""Splits and confirmations of a day, as lists. What is late is worked out here.

A confirmation is late when its last day is over and it stands at asked, objected or answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from services.kpi.answers import figure
from services.kpi.asking import Asking, Labels, Reads, Row, Sql
from services.kpi.month import said
from services.kpi.splits.events import SplitLine, SplitTotal
from services.kpi.splits.shares import gaps
from services.kpi.words import MEASURES, STATUSES, word
from shared.records.paging import Order, Page, next_of, paged

OPEN: Final = ("asked", "objected", "answered")
SPLIT_ORDERS: Mapping[str, Order] = {
    "-month": Order("s.month", "date", descending=True),
    "month": Order("s.month", "date"),
}
CONFIRMATION_ORDERS: Mapping[str, Order] = {
    "-month": Order("c.month", "date", descending=True),
    "month": Order("c.month", "date"),
    "confirm_by": Order("c.confirm_by", "date"),
}

SPLITS = """
select s.*, {sort_value} as sort_value, asked.confirmed, asked.objected, asked.late
  from {splits} as s
 cross join lateral (
      select (count(*) filter (where c.status = 'confirmed'))::int as confirmed,
             (count(*) filter (where c.status = 'objected'))::int as objected,
             (count(*) filter (where c.status = any({open}::text[]) and c.confirm_by < {day}))::int as late
        from {confirmations} as c
       where c.split_id = s.stream_id and c.month = s.month and c.unit_id = s.unit_id
         and {confirmation_holds}) as asked
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
CONFIRMATIONS = """
select c.*, {sort_value} as sort_value,
       case when c.status = any({open}::text[]) then greatest({day} - c.confirm_by, 0) else 0 end as days_late
  from {confirmations} as c
 where {holds} and {sight} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""


@dataclass(frozen=True, slots=True)
class Splits:
    """Which splits."""

    month: date | None = None
    unit_id: UUID | None = None
    status: str | None = None

    def predicate(self, sql: Sql) -> str:
        parts = ["true"]
        if self.month is not None:
            parts.append(f"s.month = {sql(self.month)}")
        if self.status is not None:
            parts.append(f"s.status = {sql(self.status)}")
        if self.unit_id is not None:
            parts.append(sql.below("s.unit_id", self.unit_id))
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Confirmations:
    """Which confirmations. `late`: the time is over, and not confirmed."""

    month: date | None = None
    unit_id: UUID | None = None
    person_id: UUID | None = None
    split_id: UUID | None = None
    status: str | None = None
    late: bool | None = None

    def predicate(self, sql: Sql) -> str:
        parts = ["true"]
        for column, value in (
            ("month", self.month),
            ("owner_id", self.person_id),
            ("split_id", self.split_id),
            ("status", self.status),
        ):
            if value is not None:
                parts.append(f"c.{column} = {sql(value)}")
        if self.unit_id is not None:
            parts.append(sql.below("c.unit_id", self.unit_id))
        if self.late is not None:
            late = f"(c.status = any({sql(list(OPEN))}::text[]) and c.confirm_by < {sql.named('day')})"
            parts.append(late if self.late else f"not {late}")
        return " and ".join(parts)


async def splits(
    reads: Reads, asking: Asking, labels: Labels, *, which: Splits, sort: str, page: Page
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of splits, and after which the next goes on."""
    sql = Sql(asking)
    statement = sql.text(
        SPLITS,
        open=sql(list(OPEN)),
        confirmation_holds=sql.holds("c"),
        holds=sql.holds("s"),
        sight=sql.counted("s", account="null::uuid"),
        wanted=which.predicate(sql),
        **paged(sql, SPLIT_ORDERS, sort, page, "s.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units = await labels.units(reads, asking, (row["unit_id"] for row in found))
    people = await labels.people(asking.tenant_id, (row["owner_id"] for row in found))
    rows = []
    for row in found:
        lines = lines_of(row)
        rows.append(
            {
                **{name: row[name] for name in ("version", "unit_id", "status", "number", "owner_id", "confirm_by")},
                **{name: row[name] for name in ("confirmed", "objected", "late")},
                "id": row["stream_id"],
                "month": said(row["month"]),
                "unit": units.get(row["unit_id"]),
                "owner": people.get(row["owner_id"]),
                "status_label": word(STATUSES, row["status"], labels.language),
                "units": len({line.unit_id for line in lines} - {None}),
                "persons": len({line.person_id for line in lines} - {None}),
                "closes": all(gap.closes for gap in gaps(totals_of(row), lines)),
            }
        )
    return rows, after


async def confirmations(
    reads: Reads, asking: Asking, labels: Labels, *, which: Confirmations, sort: str, page: Page
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of confirmations, and after which the next goes on."""
    sql = Sql(asking)
    statement = sql.text(
        CONFIRMATIONS,
        open=sql(list(OPEN)),
        holds=sql.holds("c"),
        sight=sql.counted("c", account="null::uuid"),
        wanted=which.predicate(sql),
        **paged(sql, CONFIRMATION_ORDERS, sort, page, "c.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units = await labels.units(reads, asking, (row["unit_id"] for row in found))
    named = [row[name] for row in found for name in ("owner_id", "answered_by")]
    people = await labels.people(asking.tenant_id, named)
    same = ("version", "split_id", "unit_id", "status", "number", "asked_at", "confirm_by", "confirmed_on",
            "objected_on", "verdict", "answered_on", "answered_by", "days_late")  # fmt: skip
    return [
        {
            **{name: row[name] for name in same},
            "id": row["stream_id"],
            "month": said(row["month"]),
            "unit": units.get(row["unit_id"]),
            "person_id": row["owner_id"],
            "person": people.get(row["owner_id"]),
            "status_label": word(STATUSES, row["status"], labels.language),
            "answered_by_name": people.get(row["answered_by"]),
            "targets": [target_shown(one, labels.language) for one in row["targets"]],
            "wanted": [target_shown(one, labels.language) for one in row["wanted"]],
        }
        for row in found
    ], after


def target_shown(one: Mapping[str, Any], language: str) -> Row:
    """A target of a view's list, as answered."""
    currency = one.get("currency")
    return {
        "measure": one["measure"],
        "measure_label": word(MEASURES, one["measure"], language),
        "product": one.get("product"),
        "currency": currency,
        "target": figure(Decimal(one["target"]), currency),
        "stretch": None if one.get("stretch") is None else figure(Decimal(one["stretch"]), currency),
    }


def totals_of(row: Any) -> Sequence[SplitTotal]:
    return msgspec.convert(row["totals"], tuple[SplitTotal, ...])


def lines_of(row: Any) -> Sequence[SplitLine]:
    return msgspec.convert(row["lines"], tuple[SplitLine, ...])
