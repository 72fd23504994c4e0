"""Assessments and commissions as they stood, of whom the asker may see them. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.kpi.asking import Asking, Labels, Reads, Row, Sql, money
from services.kpi.assessments.scoring import ZERO
from services.kpi.assessments.sight import PAYS, personal
from services.kpi.month import said
from shared.records.paging import Order, Page, next_of, paged

SORTS: Mapping[str, Order] = {
    "-month": Order("r.month", "date", descending=True),
    "month": Order("r.month", "date"),
}
ROWS = """
select r.*, {sort_value} as sort_value
  from {relation} as r
 where {holds} and {shown} and {wanted} and {beyond}
 order by {order}
 limit {limit}
"""
TO_RATE = """
select r.*, n.one ->> 'rater' as rater
  from {assessments} as r
 cross join lateral jsonb_array_elements(r.raters) as n(one)
 where {holds} and r.status in ('open', 'proposed', 'upheld') and n.one ->> 'person_id' = {person}
 order by r.month desc, r.stream_id, n.one ->> 'rater'
"""
MOST_PLACES = 6
PLAIN = (
    *("version", "owner_id", "unit_id", "post", "status", "signed_by", "signed_on", "acknowledged_on"),
    *("appealed_on", "answered_on"),
)


@dataclass(frozen=True, slots=True)
class Which:
    """Which results."""

    month: date | None = None
    unit_id: UUID | None = None
    owner_id: UUID | None = None
    status: str | None = None
    cycle: str | None = None

    def predicate(self, sql: Sql) -> str:
        said = ["true"]
        if self.unit_id is not None:
            said.append(sql.below("r.unit_id", self.unit_id))
        for name in ("month", "owner_id", "status", "cycle"):
            if (value := getattr(self, name)) is not None:
                said.append(f"r.{name} = {sql(value)}")
        return " and ".join(said)


async def assessments(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, sort: str = "-month", page: Page | None = None
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of assessments, and after which the next goes on."""
    found, after, units, people = await _page(reads, asking, labels, "assessments", which, sort, page or Page())
    return [
        {
            **_plain(row, units, people),
            "cycle": row["cycle"],
            "score": _text(row["score"]),
            "parts": [
                {name: _text(_decimal(part[name])) for name in ("weight", "value", "points", "weighted")}
                | {"code": part["code"]}
                for part in row["parts"]
            ],
        }
        for row in found
    ], after


async def to_rate(reads: Reads, asking: Asking, labels: Labels, person_id: UUID) -> Row:
    """One row per assessment that takes ratings and asks this person for one, and per way they are asked."""
    sql = Sql(asking)
    found = await reads.fetch(sql.text(TO_RATE, holds=sql.holds("r"), person=sql(str(person_id))), *sql.values)
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    people = await labels.people(asking.tenant_id, {row["owner_id"] for row in found})
    plain = ("version", "cycle", "owner_id", "unit_id", "rater")
    return {
        "rows": [
            {
                "id": row["stream_id"],
                **{name: row[name] for name in plain},
                "month": said(row["month"]),
                "owner": people.get(row["owner_id"]),
                "unit": units.get(row["unit_id"]),
                "rated": person_id in row["rated"],
            }
            for row in found
        ]
    }


async def commissions(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, sort: str = "-month", page: Page | None = None
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of commission proposals, and after which the next goes on."""
    found, after, units, people = await _page(reads, asking, labels, "commissions", which, sort, page or Page())
    return [{**_plain(row, units, people), "amounts": amounts(row), "lines": len(row["lines"])} for row in found], after


def amounts(row: Any) -> list[Row]:
    """By currency: of the month, of earlier months, by decision, and together."""
    month: dict[str, Decimal] = {}
    back: dict[str, Decimal] = {}
    decided: dict[str, Decimal] = {}
    for line in row["lines"]:
        into = month if line["month"] == row["month"].isoformat() else back
        into[line["currency"]] = into.get(line["currency"], ZERO) + Decimal(str(line["due"]))
    for one in row["adjustments"]:
        decided[one["currency"]] = decided.get(one["currency"], ZERO) + Decimal(str(one["amount"]))
    found = []
    for currency in sorted(month.keys() | back.keys() | decided.keys()):
        parts = [part.get(currency, ZERO) for part in (month, back, decided)]
        names = ("month", "back", "adjusted")
        said = {name: money(part) for name, part in zip(names, parts, strict=True)}
        found.append({"currency": currency, **said, "payable": money(sum(parts, ZERO))})
    return found


async def _page(
    reads: Reads, asking: Asking, labels: Labels, relation: str, which: Which, sort: str, page: Page
) -> tuple[Sequence[Any], tuple[str, UUID] | None, Mapping[UUID, str], Mapping[UUID, str]]:
    sql = Sql(asking)
    statement = sql.text(
        ROWS.replace("{relation}", "{" + relation + "}"),
        holds=sql.holds("r"),
        shown=personal(sql, "r", PAYS if relation == "commissions" else ()),
        wanted=which.predicate(sql),
        **paged(sql, SORTS, sort, page, "r.stream_id"),
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units = await labels.units(reads, asking, {row["unit_id"] for row in found})
    named = {id for row in found for id in (row["owner_id"], row["signed_by"])}
    return found, after, units, await labels.people(asking.tenant_id, named)


def _plain(row: Any, units: Mapping[UUID, str], people: Mapping[UUID, str]) -> Row:
    return {
        "id": row["stream_id"],
        **{name: row[name] for name in PLAIN},
        "month": said(row["month"]),
        "unit": units.get(row["unit_id"]),
        "owner": people.get(row["owner_id"]),
        "signed_by_name": people.get(row["signed_by"]),
    }


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _text(value: Decimal | None) -> str | None:
    """Decimal text of at most six places; the record has all of them."""
    if value is None:
        return None
    exponent = value.as_tuple().exponent
    return format(round(value, MOST_PLACES) if isinstance(exponent, int) and exponent < -MOST_PLACES else value, "f")
