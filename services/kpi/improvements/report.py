"""Improvement loops and training needs as they stood on a day: late and change are worked out here. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.kpi.asking import Asking, Labels, Reads, Row, Sql
from services.kpi.assessments.sight import personal
from shared.records.paging import Order, Page, next_of, paged

SORTS: Mapping[str, Order] = {
    "due_on": Order("i.due_on", "date"),
    "-due_on": Order("i.due_on", "date", descending=True),
}
TRAINING_SORTS: Mapping[str, Order] = {
    "-proposed_at": Order("n.proposed_at", "timestamptz", descending=True),
    "proposed_at": Order("n.proposed_at", "timestamptz"),
}

IMPROVEMENTS = """
select i.*, {sort_value} as sort_value
  from {improvements} as i
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
TOLD = """exists (
    select from jsonb_array_elements(i.measures) as m(one)
     where (m.one ->> 'owner_id')::uuid = any({selves}::uuid[]))"""
TRAINING = """
select n.*, {sort_value} as sort_value
  from {training_needs} as n
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""


@dataclass(frozen=True, slots=True)
class Which:
    """Which improvements, or training needs."""

    unit_id: UUID | None = None
    owner_id: UUID | None = None
    status: str | None = None
    source: str | None = None
    reason: str | None = None

    def predicate(self, sql: Sql, alias: str) -> str:
        said = ["true"]
        if self.unit_id is not None:
            said.append(sql.below(f"{alias}.unit_id", self.unit_id))
        for name in ("owner_id", "status", "source", "reason"):
            if (value := getattr(self, name)) is not None:
                said.append(f"{alias}.{name} = {sql(value)}")
        return " and ".join(said)


async def improvements(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, sort: str = "due_on", page: Page | None = None
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of improvement loops, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    statement = sql.text(
        IMPROVEMENTS,
        holds=sql.holds("i"),
        shown=_shown(sql),
        wanted=which.predicate(sql, "i"),
        **paged(sql, SORTS, sort, page, "i.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units, people = await _names(reads, asking, labels, found)
    return [_improvement(row, asking.day, units, people) for row in found], after


def _shown(sql: Sql) -> str:
    """Of whom the asker sees improvements: unit, who answers for it, a measure."""
    if sql.asking.sight.everything:
        return "true"
    told = TOLD.format(selves=sql(sorted(sql.asking.sight.selves)))
    return f"({sql.counted('i', account='null::uuid')} or {told})"


async def training_needs(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, sort: str = "-proposed_at", page: Page | None = None
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of training needs, and after which the next goes on."""
    page = page or Page()
    sql = Sql(asking)
    statement = sql.text(
        TRAINING,
        holds=sql.holds("n"),
        shown=personal(sql, "n"),
        wanted=which.predicate(sql, "n"),
        **paged(sql, TRAINING_SORTS, sort, page, "n.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units, people = await _names(reads, asking, labels, found)
    return [_need(row, asking.day, units, people) for row in found], after


async def _names(
    reads: Reads, asking: Asking, labels: Labels, found: Any
) -> tuple[Mapping[UUID, str], Mapping[UUID, str]]:
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    return units, await labels.people(asking.tenant_id, {row["owner_id"] for row in found})


def _improvement(row: Any, day: date, units: Mapping[UUID, str], people: Mapping[UUID, str]) -> Row:
    measures = [one for one in row["measures"] if one["loop"] == row["loop"]]
    left = [one for one in measures if one.get("done_on") is None]
    plain = (
        *("version", "title", "status", "loop", "source", "unit_id", "owner_id", "due_on", "kpi", "effect"),
        "decision",
    )
    return {
        "id": row["stream_id"],
        **{name: row[name] for name in plain},
        "unit": units.get(row["unit_id"]),
        "owner": people.get(row["owner_id"]),
        "measures": len(measures),
        "done": len(measures) - len(left),
        "late": sum(date.fromisoformat(one["due_on"]) < day for one in left),
        "target": _text(row["target"]),
        **_change(row),
    }


def _need(row: Any, day: date, units: Mapping[UUID, str], people: Mapping[UUID, str]) -> Row:
    plain = (
        *("version", "owner_id", "unit_id", "topic", "source", "reason", "status", "proposed_at", "course"),
        *("planned_on", "held_on", "result", "effect"),
    )
    late = row["status"] == "planned" and (day - row["planned_on"]).days
    return {
        "id": row["stream_id"],
        **{name: row[name] for name in plain},
        "unit": units.get(row["unit_id"]),
        "owner": people.get(row["owner_id"]),
        "days_late": max(late, 0) if late else 0,
        "hours": _text(row["hours"]),
        **_change(row),
    }


def _change(row: Any) -> Row:
    before, after = (_value(row[name]) for name in ("before", "after"))
    change = None if before is None or after is None else after - before
    return {"before": _text(before), "after": _text(after), "change": _text(change)}


def _value(reading: Any) -> Decimal | None:
    return None if reading is None or reading["value"] is None else Decimal(str(reading["value"]))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
