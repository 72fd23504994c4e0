"""The funnel report: steps of prospects by month, unit or owner at the time. Definitions are in docs/kpi.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from services.kpi.views.funnel import FUNNEL, STEPS
from services.kpi.views.people import PEOPLE
from services.kpi.views.teams import TEAMS
from services.kpi.views.units import UNITS
from shared.days import end_of, start_of
from shared.http.limits import limited
from shared.http.names import people_names
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.reading import AsOfText, FromDay, Reading, Report, ToDay
from shared.http.route import Router
from shared.identity.subtree import PLACES, TODAY, TREE, Tree, below, nearest
from shared.projections.view import source

router = Router(prefix="/v1/kpi", tags=["kpi"], dependencies=[Depends(limited("heavy"))])

Put = Callable[[Any], str]
"""Numbers a parameter of a statement."""

DIMENSIONS = {
    "month": "to_char(f.at at time zone {zone}, 'YYYY-MM')",
    "org_unit": "f.unit_id::text",
    "branch": "branch.place_id::text",
    "region": "region.place_id::text",
    "owner": "f.owner_id::text",
}
"""What the report can be grouped by."""
PLACES_OF = ("branch", "region")
"""Dimensions that roll up: the nearest unit of that kind above the unit at the time."""
UNITS_OF = ("org_unit", *PLACES_OF)
WITH_UNITS = ("ordered", "delivered", "cancelled")
"""Steps that are counted in units as well as in prospects."""

FIGURES = ",\n       ".join(
    [f"coalesce(sum(f.prospects) filter (where f.step = '{step}'), 0)::int as {step}" for step in STEPS]
    + [f"coalesce(sum(f.units) filter (where f.step = '{step}'), 0)::int as units_{step}" for step in WITH_UNITS]
)
COUNT = """
select {keys}{figures}
  from {funnel} f {joins}
 where f.tenant_id = $1 and f.at <= $2 and ($3::timestamptz is null or f.at >= $3)
   and f.step = any({steps}) and {sight} and {wanted}
 {grouped}
"""
SUPPORTED = f"""f.account_id = any(array(
    select stream_id from {TEAMS.table} where tenant_id = $1 and to_at is null and team && {{persons}}))"""  # noqa: S608
TREE_UNITS = "select u.stream_id as id, u.kind, u.parent_id from {units} u where {holds}"
NAMES = """
select distinct on (u.stream_id) u.stream_id as id, u.name
  from {units} u
 where u.tenant_id = $1 and u.stream_id = any($2::uuid[])
 order by u.stream_id, (u.from_at <= $3) desc, abs(extract(epoch from u.from_at - $3))
"""


class Figures(BaseModel):
    """Counts of prospects by step; `units_…` counts units."""

    captured: int
    qualified: int
    ordered: int
    delivered: int
    cancelled: int
    defeated: int
    frozen: int
    lost_contact: int
    revived: int
    units_ordered: int
    units_delivered: int
    units_cancelled: int


class FunnelRow(Figures):
    """One group. Only the fields of the dimensions asked for are filled; `key` and `label` are the first one's."""

    key: str | None
    label: str | None
    month: str | None = None
    org_unit: UUID | None = Field(default=None, description="The unit at the time, without those below it.")
    org_unit_label: str | None = None
    branch: UUID | None = Field(default=None, description="The branch that unit belongs to; null without one.")
    branch_label: str | None = None
    region: UUID | None = Field(default=None, description="The region that unit belongs to; null without one.")
    region_label: str | None = None
    owner: UUID | None = Field(default=None, description="The owner at the time.")
    owner_label: str | None = Field(default=None, description="From the vault; null when erased.")


class Funnel(BaseModel):
    """What happened in the range, and the sum of all rows."""

    rows: list[FunnelRow]
    total: Figures
    as_of: datetime
    group_by: list[str]


DIMENSION = f"({'|'.join(DIMENSIONS)})"


@router.get("/funnel", operation_id="kpi.funnel", responses=refuses(422))
async def funnel(
    read: Report,
    from_day: FromDay = None,
    to_day: ToDay = None,
    group_by: Annotated[str, Query(pattern=rf"^{DIMENSION}(,{DIMENSION})?$", description="One or two, by comma.")] = (
        "month"
    ),
    unit_id: Annotated[UUID | None, Query(description="The unit and all below it.")] = None,
    tree: Annotated[Tree, Query(description=TREE)] = "then",
    as_of: AsOfText = None,
) -> Funnel:
    """Captured, qualified, ordered, delivered, defeated, frozen, revived; credited to owner and unit at the time."""
    dimensions = group_by.split(",")
    if len(set(dimensions)) != len(dimensions):
        raise Problem(422, "repeated_dimension", errors=(At("/group_by", "repeated_dimension", where="query"),))
    if from_day is not None and to_day is not None and from_day > to_day:
        raise Problem(422, "empty_range", errors=(At("/to", "empty_range", where="query"),))
    await read.wait(FUNNEL, UNITS, PEOPLE, TEAMS)
    organisation = Organisation(read, tree, dated=as_of is not None)
    rows = [dict(row) for row in await _count(read, dimensions, from_day, to_day, organisation, unit_id)]
    if dimensions == ["month"]:
        rows = _with_empty_months(rows, from_day, to_day)
    labels = await _labels(read, dimensions, rows)
    shown = [_row(row, dimensions, labels) for row in rows]
    shown.sort(key=lambda row: tuple(str(getattr(row, name) or "") for name in dimensions))
    total = {name: sum(row[name] for row in rows) for name in Figures.model_fields}
    return Funnel(rows=shown, total=Figures(**total), as_of=read.as_of, group_by=dimensions)


class Organisation:
    """The tree of units a report rolls up along: of the day asked about as known then, or of today."""

    def __init__(self, read: Reading, tree: Tree, *, dated: bool) -> None:
        self._read = read
        self._then = tree == "then"
        self._dated = dated and self._then

    def relation(self, put: Put, known: str | None) -> tuple[str, str]:
        """The units, and which of their rows are the tree."""
        units = source(UNITS, known_at=known if self._then else None)
        if not self._dated:
            return units, TODAY
        at = put(self._read.as_of) + "::timestamptz"
        return units, f"u.tenant_id = $1 and u.from_at <= {at} and (u.to_at is null or u.to_at > {at})"

    async def places(self, kind: str) -> Mapping[UUID, UUID]:
        """Of each unit, the unit of this kind it belongs to."""
        read, given = self._read, _Given(self._read.tenant_id)
        known = None if read.known_at is None or not self._then else given(read.known_at)
        units, holds = self.relation(given, known)
        rows = await read.pool.fetch(TREE_UNITS.format(units=units, holds=holds), *given.values)
        return nearest({row["id"]: (row["kind"], row["parent_id"]) for row in rows}, kind)


class _Given:
    """The parameters of one statement."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)

    def __call__(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


async def _count(
    read: Reading,
    dimensions: Sequence[str],
    from_day: date | None,
    to_day: date | None,
    organisation: Organisation,
    unit_id: UUID | None,
) -> list[Any]:
    last = read.as_of if to_day is None else min(read.as_of, end_of(to_day, read.zone))
    put = _Given(read.tenant_id, last, None if from_day is None else start_of(from_day, read.zone))
    known = None if read.known_at is None else put(read.known_at)
    seen, seen_by = (await read.sight()).sql(
        len(put.values) + 1, owner="f.owner_id", unit="f.unit_id", supported=SUPPORTED
    )
    put.values.extend(seen_by)
    zone = put(read.zone.key) if "month" in dimensions else ""
    keys = "".join(f"{DIMENSIONS[name].format(zone=zone)} as {name}, " for name in dimensions)
    joins = ""
    for name in dimensions:
        if name in PLACES_OF:
            found = await organisation.places(name)
            joins += PLACES.format(
                name=name, units=put(list(found)), places=put(list(found.values())), unit="f.unit_id"
            )
    wanted = "true"
    if unit_id is not None:
        units, holds = organisation.relation(put, known)
        wanted = below("f.unit_id", root=put(unit_id), units=units, holds=holds)
    sql = COUNT.format(
        keys=keys,
        figures=FIGURES,
        funnel=source(FUNNEL, known_at=known),
        joins=joins,
        steps=f"{put(list(STEPS))}::text[]",
        sight=seen,
        wanted=wanted,
        grouped=f"group by {', '.join(str(place + 1) for place in range(len(dimensions)))}",
    )
    fetched: list[Any] = await read.pool.fetch(sql, *put.values)
    return fetched


def _with_empty_months(rows: list[dict[str, Any]], from_day: date | None, to_day: date | None) -> list[dict[str, Any]]:
    """Months between the first and the last of the report, with zeros where nothing happened."""
    months = {row["month"]: row for row in rows}
    if not months and (from_day is None or to_day is None):
        return rows
    first = f"{from_day:%Y-%m}" if from_day is not None else min(months)
    last = max(months, default=first) if to_day is None else max([f"{to_day:%Y-%m}", *months])
    zeros = dict.fromkeys(Figures.model_fields, 0)
    return [months.get(month, {"month": month, **zeros}) for month in _months(first, last)]


def _months(first: str, last: str) -> Iterable[str]:
    year, month = map(int, first.split("-"))
    while (text := f"{year:04}-{month:02}") <= last:
        yield text
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


async def _labels(
    read: Reading, dimensions: Sequence[str], rows: Sequence[dict[str, Any]]
) -> dict[str, dict[str, str]]:
    labels: dict[str, dict[str, str]] = {}
    for name in UNITS_OF:
        if name not in dimensions:
            continue
        ids = [UUID(row[name]) for row in rows if row[name] is not None]
        sql = NAMES.format(units=source(UNITS, known_at=None if read.known_at is None else "$4"))
        known = () if read.known_at is None else (read.known_at,)
        found = await read.pool.fetch(sql, read.tenant_id, ids, read.as_of, *known)
        labels[name] = {str(row["id"]): row["name"] for row in found}
    if "owner" in dimensions:
        owners = [UUID(row["owner"]) for row in rows if row["owner"] is not None]
        named = await people_names(read.kit, read.tenant_id, owners)
        labels["owner"] = {str(id): name for id, name in named.items()}
    return labels


def _row(row: dict[str, Any], dimensions: Sequence[str], labels: dict[str, dict[str, str]]) -> FunnelRow:
    named = {
        f"{name}_label": labels[name].get(row[name]) for name in dimensions if name in labels and row[name] is not None
    }
    first = dimensions[0]
    label = row[first] if first == "month" else named.get(f"{first}_label")
    return FunnelRow(key=row[first], label=label, **row, **named)
