"""Splits and confirmations of a day: lists, and the table of one split. What is late is worked out here.

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
from services.kpi.asking import Asking, Labels, Reads, Row, Sql, rounded
from services.kpi.month import said
from services.kpi.plans.targets import target_rows
from services.kpi.splits.acting import PLANNED
from services.kpi.splits.events import SplitLine, SplitTotal, SplitWeight
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
       where c.split_id = s.stream_id and {confirmation_holds}) as asked
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
OF_SPLIT = """
select c.stream_id, c.owner_id, c.status,
       case when c.status = any({open}::text[]) then greatest({day} - c.confirm_by, 0) else 0 end as days_late
  from {confirmations} as c
 where c.split_id = {split} and {holds}
"""
ONE = "select s.* from {splits} as s where s.stream_id = {split} and {holds}"


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
        lines = _lines(row)
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
                "closes": all(gap.closes for gap in gaps(_totals(row), lines)),
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


async def table(reads: Reads, asking: Asking, labels: Labels, split_id: UUID) -> Row | None:
    """One split: its totals, then who gets what; None when there was none then. Whoever asks may see it."""
    sql = Sql(asking)
    found = await reads.fetch(sql.text(ONE, split=sql(split_id), holds=sql.holds("s")), *sql.values)
    if not found:
        return None
    row = found[0]
    totals, lines = _totals(row), _lines(row)
    sql = Sql(asking)
    statement = sql.text(OF_SPLIT, open=sql(list(OPEN)), split=sql(split_id), holds=sql.holds("c"))
    asked = {one["owner_id"]: one for one in await reads.fetch(statement, *sql.values)}
    planned = await _planned(reads, asking, row)
    products = await labels.products(reads, asking, {line.product for line in lines})
    units = await labels.units(reads, asking, [row["unit_id"], *(line.unit_id for line in lines)])
    people = await labels.people(asking.tenant_id, (line.person_id for line in lines))
    weights = {
        (one.measure, one.unit_id, one.person_id): one
        for one in msgspec.convert(row["weights"], tuple[SplitWeight, ...])
    }
    of_total = {(one.measure, one.product, one.currency): one.target for one in totals}
    balance = gaps(totals, lines)
    rows = [
        _total_row(gap.total, gap.target, planned.get((gap.total.measure, gap.total.product, gap.total.currency)))
        | {
            "product_label": products.get(gap.total.product or ""),
            "measure_label": word(MEASURES, gap.total.measure, labels.language),
        }
        for gap in balance
    ]
    for line in lines:
        whole = of_total[line.measure, line.product, line.currency]
        weight = weights.get((line.measure, line.unit_id, line.person_id))
        confirmation = asked.get(line.person_id) if line.person_id is not None else None
        lapsed = confirmation is None or confirmation["status"] == "lapsed"
        rows.append(
            {
                "part": "unit" if line.person_id is None else "person",
                "unit_id": line.unit_id,
                "unit": None if line.unit_id is None else units.get(line.unit_id),
                "person_id": line.person_id,
                "person": None if line.person_id is None else people.get(line.person_id),
                "measure": line.measure,
                "measure_label": word(MEASURES, line.measure, labels.language),
                "product": line.product,
                "product_label": products.get(line.product or ""),
                "currency": line.currency,
                "target": figure(line.target, line.currency),
                "stretch": figure(line.stretch, line.currency),
                "share": rounded(line.target / whole) if whole else None,
                "history": None if weight is None else figure(weight.history),
                "pipeline": None if weight is None else figure(weight.pipeline),
                **dict.fromkeys(("source", "given", "gap", "in_force", "differs")),
                "confirmation_id": None if lapsed or confirmation is None else confirmation["stream_id"],
                "confirmation": None if lapsed or confirmation is None else confirmation["status"],
                "days_late": None if lapsed or confirmation is None else confirmation["days_late"],
            }
        )
    return {
        "rows": rows,
        "split_id": split_id,
        "month": said(row["month"]),
        "unit_id": row["unit_id"],
        "unit": units.get(row["unit_id"]),
        "status": row["status"],
        "status_label": word(STATUSES, row["status"], labels.language),
        "number": row["number"],
        "closes": all(gap.closes for gap in balance),
        "history_share": float(row["history_share"]),
        "history_from": row["history_from"],
        "history_to": row["history_to"],
    }


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


def _total_row(total: SplitTotal, given: Decimal, planned: Decimal | None) -> Row:
    nothing = dict.fromkeys(
        ("unit_id", "unit", "person_id", "person", "history", "pipeline", "confirmation_id", "confirmation",
         "days_late")
    )  # fmt: skip
    return nothing | {
        "part": "total",
        "measure": total.measure,
        "product": total.product,
        "currency": total.currency,
        "target": figure(total.target, total.currency),
        "stretch": figure(total.stretch, total.currency),
        "share": 1.0 if total.target else None,
        "source": total.source,
        "given": figure(given, total.currency),
        "gap": figure(total.target - given, total.currency),
        "in_force": figure(planned, total.currency),
        "differs": planned is not None and planned != total.target,
    }


async def _planned(reads: Reads, asking: Asking, row: Any) -> dict[tuple[str, str | None, str | None], Decimal]:
    """What the plans, or the split above, give the unit."""
    sql = Sql(asking)
    measures = sorted({one.measure for one in _totals(row)})
    statement = sql.text(
        PLANNED,
        targets=target_rows(sql),
        month=sql(row["month"]),
        unit=sql(row["unit_id"]),
        measures=sql(measures),
    )
    return {
        (one["measure"], one["product"], one["currency"]): one["target"]
        for one in await reads.fetch(statement, *sql.values)
        if one["record_id"] != row["stream_id"]
    }


def _totals(row: Any) -> Sequence[SplitTotal]:
    return msgspec.convert(row["totals"], tuple[SplitTotal, ...])


def _lines(row: Any) -> Sequence[SplitLine]:
    return msgspec.convert(row["lines"], tuple[SplitLine, ...])
