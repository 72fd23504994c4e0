"""What the reads of plans answer: rows and their fields, months and quarters side by side. Holds no query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.kpi.asking import money
from services.kpi.month import said
from services.kpi.plans.events import PlanMeasure, PlanRow

OF_UNITS = (PlanMeasure.ORDERS, PlanMeasure.DELIVERIES, PlanMeasure.REPORTED, PlanMeasure.LEADS)
QUARTER = 3


class SideBySide(BaseModel):
    """Orders, deliveries (AAK) and what is reported to the manufacturer, side by side: target and stretch target."""

    orders_target: int | None = None
    orders_stretch: int | None = None
    deliveries_target: int | None = None
    deliveries_stretch: int | None = None
    reported_target: int | None = None
    reported_stretch: int | None = None
    leads_target: int | None = None
    leads_stretch: int | None = None
    currency: str | None = Field(default=None, description="Of the amounts; rows of amounts stand for themselves.")
    amount_target: str | None = None
    amount_stretch: str | None = None


class PlanHead(BaseModel):
    """What a plan in a list begins with."""

    id: UUID
    version: int
    year: int
    unit_id: UUID
    unit: str | None
    status: str = Field(description="Of a part handed down: issued once the plan it comes from is.")
    number: int = Field(title="变更次数", description="0 as issued; one more with each change.")
    step: int = Field(description="0: the plan itself; 1, 2, 3: handed down so many steps.")
    root_id: UUID
    parent_id: UUID | None = Field(description="The plan it was handed down from.")
    parent: str | None = Field(description="The unit that plan is of.")
    owner_id: UUID | None = Field(description="Who proposed it.")
    owner: str | None
    approved_by: UUID | None
    approved_by_name: str | None
    change_reason: str | None
    comment: str | None = Field(description="Of the latest return.")


class PlanListed(SideBySide, PlanHead):
    """One plan, with the totals of its year (of all products together; the amount in its first currency)."""


class PlanPeriod(BaseModel):
    """What a row of a plan's table begins with."""

    period: str = Field(description="2026-01, 2026-Q1 or 2026.")
    kind: str = Field(description="month, quarter or year.")
    product: str | None
    product_label: str | None


class PlanTableRow(SideBySide, PlanPeriod):
    """A month, a quarter or the year."""


class PlanTable(BaseModel):
    """A plan's months, then its quarters and its year."""

    id: UUID
    unit_id: UUID
    unit: str | None
    year: int
    status: str
    number: int
    rows: list[PlanTableRow]
    as_of: Any
    position: int


class ProposalRow(BaseModel):
    """A month and measure: what it begins from, and what it would be."""

    month: str
    measure: str
    basis: str = Field(description="Units.")
    basis_source: str = Field(description="outcome of the month of last year; of one not over its target; year_before.")
    target: int
    stretch: int | None


class Proposal(BaseModel):
    """What a proposal by growth would say; nothing is recorded."""

    year: int
    unit_id: UUID
    unit: str | None
    rows: list[ProposalRow]
    as_of: Any
    position: int


class PartRow(BaseModel):
    """What a unit below would get of one row of a plan."""

    unit_id: UUID
    unit: str | None
    month: str
    measure: str
    product: str | None
    product_label: str | None
    currency: str | None
    target: str
    stretch: str | None


class Parts(BaseModel):
    """A plan divided among the units directly below; nothing is recorded."""

    spread: str
    rows: list[PartRow]
    as_of: Any
    position: int


class TargetRow(BaseModel):
    """A target in force."""

    month: str
    measure: str
    unit_id: UUID
    unit: str | None
    person_id: UUID | None = Field(description="Null: the unit's own.")
    person: str | None
    product: str | None
    product_label: str | None
    target: str
    stretch: str | None
    currency: str | None
    source: str = Field(description="annual, rolling, split or leads: where it comes from.")
    record_id: UUID


class TargetReport(BaseModel):
    rows: list[TargetRow]
    as_of: Any
    position: int


# -- side by side ------------------------------------------------------------------------------------------


def periods_of(month: date) -> tuple[tuple[int, str, str], ...]:
    """The month, its quarter and its year: order, kind, name."""
    quarter = (month.month - 1) // QUARTER + 1
    return (
        (0, "month", said(month)),
        (1, "quarter", f"{month.year:04}-Q{quarter}"),
        (2, "year", f"{month.year:04}"),
    )


def side_by_side(rows: Iterable[PlanRow]) -> list[dict[str, Any]]:
    """Months, then quarters, then the year; by product and currency. A period without a stretch target has none."""
    found: dict[tuple[Any, ...], dict[PlanMeasure, list[Decimal | None]]] = {}
    for row in rows:
        for order, kind, name in periods_of(row.month):
            cells = found.setdefault((order, name, kind, row.product, row.currency), {})
            _add(cells, row)
    return [
        {"period": name, "kind": kind, "product": product, **_fields(cells, currency)}
        for (_, name, kind, product, currency), cells in sorted(found.items(), key=_order)
    ]


def year_totals(rows: Iterable[PlanRow]) -> dict[str, Any]:
    """Of all products together, by measure; of amounts the first currency."""
    cells: dict[PlanMeasure, list[Decimal | None]] = {}
    rows = [row for row in rows if row.product is None]
    currency = min((row.currency for row in rows if row.currency is not None), default=None)
    for row in rows:
        if row.currency in (None, currency):
            _add(cells, row)
    return _fields(cells, currency)


def rows_said(rows: Iterable[Mapping[str, Any]]) -> list[PlanRow]:
    """Rows as a view holds them."""
    return [
        PlanRow(
            date.fromisoformat(row["month"]),
            PlanMeasure(row["measure"]),
            Decimal(row["target"]),
            None if row.get("stretch") is None else Decimal(row["stretch"]),
            row.get("product"),
            row.get("currency"),
        )
        for row in rows
    ]


def _add(cells: dict[PlanMeasure, list[Decimal | None]], row: PlanRow) -> None:
    sums = cells.setdefault(row.measure, [Decimal(0), None])
    sums[0] = (sums[0] or Decimal(0)) + row.target
    if row.stretch is not None:
        sums[1] = (sums[1] or Decimal(0)) + row.stretch


def _fields(cells: Mapping[PlanMeasure, list[Decimal | None]], currency: str | None) -> dict[str, Any]:
    said_of: dict[str, Any] = {"currency": currency}
    for measure in OF_UNITS:
        target, stretch = cells.get(measure, (None, None))
        said_of[f"{measure}_target"] = None if target is None else int(target)
        said_of[f"{measure}_stretch"] = None if stretch is None else int(stretch)
    target, stretch = cells.get(PlanMeasure.AMOUNT, (None, None))
    return {**said_of, "amount_target": money(target), "amount_stretch": money(stretch)}


def _order(item: tuple[tuple[Any, ...], Any]) -> tuple[Any, ...]:
    (order, name, _, product, currency), _ = item
    return order, name, product or "", currency or ""
