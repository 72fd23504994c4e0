"""Forecasts of a day: the list, and what they come to by person, unit, branch or region. Stores nothing.

Outcomes are credited to owner and unit at the time; forecasts stand under the person and the unit they worked at then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from services.kpi.answers import figure
from services.kpi.asking import Asking, Labels, Reads, Row, Sql, rounded
from services.kpi.month import said
from services.kpi.plans.targets import target_rows
from services.kpi.words import MEASURES, word
from shared.days import end_of, start_of
from shared.records.paging import Order, Page, next_of, paged
from shared.records.places import Places, joined, places

GroupBy = Literal["person", "org_unit", "branch", "region"]

ORDERS: Mapping[str, Order] = {
    "-month": Order("f.month", "date", descending=True),
    "month": Order("f.month", "date"),
}
LIST = """
select f.stream_id, f.version, f.month, f.owner_id, f.unit_id, f.number, f.called_on, f.adjusted_number,
       f.adjusted_by, f.adjusted_on, {sort_value} as sort_value,
       jsonb_agg(jsonb_build_object('measure', f.measure, 'product', f.product, 'currency', f.currency,
           'called', f.called::text, 'adjusted', f.adjusted::text, 'in_force', f.in_force::text)
           order by f.place) as figures
  from {forecasts} as f
 where {holds} and {sight} and {wanted} and {beyond}
 group by f.stream_id, f.version, f.month, f.owner_id, f.unit_id, f.number, f.called_on, f.adjusted_number,
       f.adjusted_by, f.adjusted_on
 order by {order}
 limit {limit}
"""
KEYS: Final[Mapping[str, str]] = {
    "person": "{alias}.owner_id",
    "org_unit": "{alias}.unit_id",
    "branch": "branch.place_id",
    "region": "region.place_id",
}
EXPECTED = """
select {key} as key, f.measure, f.currency, count(distinct f.owner_id)::int as people,
       sum(f.called) as called, sum(f.adjusted) as adjusted, sum(f.in_force) as in_force
  from {forecasts} as f {joins}
 where {holds} and {sight} and {wanted} and f.month = {month}
 group by 1, 2, 3
"""
ACTUAL = """
select {key} as key, case f.step when 'ordered' then 'orders' else 'deliveries' end as measure, f.currency,
       sum(f.units) as units, sum(f.amount) as amount
  from {funnel} as f {joins}
 where f.tenant_id = $1 and f.step in ('ordered', 'delivered') and f.at >= {since} and f.at <= {until}
   and f.at <= {at} and {sight} and {wanted}
 group by 1, 2, 3
"""
TARGETS = """
select {key} as key, t.measure, t.currency, sum(t.target) as target
  from {targets} as t
 where t.month = {month} and (t.person_id is not null) = {of_persons}
 group by 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Which:
    """Which forecasts."""

    month: date | None = None
    unit_id: UUID | None = None
    person_id: UUID | None = None

    def predicate(self, sql: Sql) -> str:
        parts = ["true"]
        if self.month is not None:
            parts.append(f"f.month = {sql(self.month)}")
        if self.person_id is not None:
            parts.append(f"f.owner_id = {sql(self.person_id)}")
        if self.unit_id is not None:
            parts.append(sql.below("f.unit_id", self.unit_id))
        return " and ".join(parts)


async def forecasts(
    reads: Reads, asking: Asking, labels: Labels, *, which: Which, sort: str, page: Page
) -> tuple[list[Row], tuple[str, UUID] | None]:
    """A page of forecasts, and after which the next goes on."""
    sql = Sql(asking)
    parts = paged(sql, ORDERS, sort, page, "f.stream_id")
    statement = sql.text(
        LIST,
        holds=sql.holds("f"),
        sight=sql.counted("f", account="null::uuid"),
        wanted=which.predicate(sql),
        **parts,
    )
    found, after = next_of(await reads.fetch(statement, *sql.values), page)
    units = await labels.units(reads, asking, (row["unit_id"] for row in found))
    people = await labels.people(asking.tenant_id, [row[name] for row in found for name in ("owner_id", "adjusted_by")])
    same = ("version", "unit_id", "number", "called_on", "adjusted_number", "adjusted_by", "adjusted_on")
    return [
        {
            **{name: row[name] for name in same},
            "id": row["stream_id"],
            "month": said(row["month"]),
            "person_id": row["owner_id"],
            "person": people.get(row["owner_id"]),
            "unit": units.get(row["unit_id"]),
            "adjusted_by_name": people.get(row["adjusted_by"]),
            "figures": [_figures(one, labels.language) for one in row["figures"]],
        }
        for row in found
    ], after


def _figures(one: Mapping[str, Any], language: str) -> Row:
    currency = one["currency"]
    return {
        **{name: one[name] for name in ("measure", "product", "currency")},
        "measure_label": word(MEASURES, one["measure"], language),
        **{
            name: None if one[name] is None else figure(Decimal(one[name]), currency)
            for name in ("called", "adjusted", "in_force")
        },
    }


# -- what they come to -------------------------------------------------------------------------------------

Key = tuple[str | None, str, str | None]
"""Group, measure, currency."""


async def report(
    reads: Reads,
    asking: Asking,
    labels: Labels,
    *,
    month: date,
    bounds: tuple[date, date],
    group_by: GroupBy,
    unit_id: UUID | None = None,
    person_id: UUID | None = None,
) -> Row:
    """Forecast beside target and outcome, a row per group, measure and currency."""
    rolled = await places(reads, Sql(asking), (group_by,))
    which = Which(None, unit_id, person_id)
    expected = await _expected(reads, asking, rolled, group_by, which, month)
    actual = await _actual(reads, asking, rolled, group_by, which, bounds)
    targets = await _targets(reads, asking, group_by, month)
    names = await labels.of_groups(reads, asking, (group_by,), [(key,) for key, _, _ in expected])
    rows: list[Row] = []
    for (key, measure, currency), one in expected.items():
        target = targets.get((key, measure, currency))
        if measure == "reported":
            came = None
        elif measure == "amount":
            came = actual["amount"].get((key, "orders", currency), Decimal(0))
        else:
            came = sum((units for (k, m, _), units in actual["units"].items() if (k, m) == (key, measure)), Decimal(0))
        expect: Decimal = one["in_force"] or Decimal(0)
        rows.append(
            {
                "key": key,
                "label": names.label(group_by, key),
                "measure": measure,
                "measure_label": word(MEASURES, measure, labels.language),
                "currency": currency,
                "people": one["people"],
                "called": figure(one["called"], currency),
                "adjusted": figure(one["adjusted"], currency),
                "in_force": figure(expect, currency),
                "target": figure(target, currency),
                "gap": None if target is None else figure(expect - target, currency),
                "actual": figure(came, currency),
                "deviation": rounded(abs(expect - came) / came) if came else None,
            }
        )
    rows.sort(key=lambda row: (row["measure"], row["label"] or "", row["key"] or "", row["currency"] or ""))
    return {"rows": rows, "month": said(month), "complete": asking.day > bounds[1]}


async def _expected(
    reads: Reads, asking: Asking, rolled: Places, group_by: GroupBy, which: Which, month: date
) -> dict[Key, Any]:
    sql = Sql(asking)
    statement = sql.text(
        EXPECTED,
        key=KEYS[group_by].format(alias="f"),
        joins=joined(sql, rolled, "f.unit_id"),
        holds=sql.holds("f"),
        sight=sql.counted("f", account="null::uuid"),
        wanted=which.predicate(sql),
        month=sql(month),
    )
    rows = await reads.fetch(statement, *sql.values)
    return {(_text(row["key"]), row["measure"], row["currency"]): row for row in rows}


async def _actual(
    reads: Reads, asking: Asking, rolled: Places, group_by: GroupBy, which: Which, bounds: tuple[date, date]
) -> dict[str, defaultdict[Key, Decimal]]:
    sql = Sql(asking)
    statement = sql.text(
        ACTUAL,
        key=KEYS[group_by].format(alias="f"),
        joins=joined(sql, rolled, "f.unit_id"),
        since=sql(start_of(bounds[0], asking.zone)),
        until=sql(end_of(bounds[1], asking.zone)),
        sight=sql.counted("f", account="f.account_id"),
        wanted=which.predicate(sql),
    )
    found: dict[str, defaultdict[Key, Decimal]] = {"units": defaultdict(Decimal), "amount": defaultdict(Decimal)}
    for row in await reads.fetch(statement, *sql.values):
        key = _text(row["key"]), row["measure"], row["currency"]
        for name, sums in found.items():
            sums[key] += row[name] or 0
    return found


async def _targets(reads: Reads, asking: Asking, group_by: GroupBy, month: date) -> dict[Key, Decimal]:
    """A person's targets, of all units; a unit's own."""
    sql = Sql(asking)
    statement = sql.text(
        TARGETS,
        key="t.person_id" if group_by == "person" else "t.unit_id",
        targets=target_rows(sql),
        month=sql(month),
        of_persons=sql(group_by == "person"),
    )
    rows = await reads.fetch(statement, *sql.values)
    return {(_text(row["key"]), row["measure"], row["currency"]): row["target"] for row in rows}


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
