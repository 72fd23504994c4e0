"""Targets of the periods asked for: of a person, a unit's own, or of the topmost units the asker sees. No actual.

A target counts where its whole month lies in the period. A parent's target is a row of its own, never the sum below it:
so the total is that of the topmost units, and a group by unit shows it of units without others below them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.period import months_in, shifted
from services.kpi.engine.question import Counted, Item, Place, Question, Use
from services.kpi.engine.statement import Statement, keys_of
from services.kpi.plans.targets import TARGET_VIEWS, target_rows
from shared.projections.view import View

NAME = "targets"
DIMENSIONS: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "product")

ORDERS = Measure(NAME, "orders", "units", "target")
DELIVERIES = Measure(NAME, "deliveries", "units", "target")
REPORTED = Measure(NAME, "reported", "units", "target")
LEADS = Measure(NAME, "leads", "leads", "target")
AMOUNT = Measure(NAME, "amount", "money", "target")
TARGETS: Mapping[str, Measure] = {one.name: one for one in (ORDERS, DELIVERIES, REPORTED, LEADS, AMOUNT)}
NEXT_DELIVERIES = Measure(NAME, "next_deliveries", "units", "target")
"""Of the month after the period."""

# `whole`: there is a row for all products; where there is none, those of the products are summed.
ROWS = """
select {selected}
  from (select t.month, t.measure, t.unit_id, t.person_id as owner_id, null::uuid as account_id,
               null::text as channel, t.product, t.target, t.currency, t.record_id,
               bool_or(t.product is null) over (
                   partition by t.month, t.measure, t.unit_id, t.person_id, t.currency) as whole
          from {targets} as t) as f
  join unnest({ks}::int[], {months}::date[], {nexts}::boolean[]) as m(k, month, following) on m.month = f.month
  {joins}
 where f.month = any({months}::date[]) and f.measure = any({measures}::text[]) and {wanted} and {whose} and {product}
 group by {grouped}
"""
AMOUNT_OF = "sum(f.target) filter (where f.measure = '{measure}' and m.following = {following})"
ALL_PRODUCTS = "(f.product is null or not f.whole)"
UNITS = "select u.stream_id as id, u.parent_id from {tree} as u where {holds}"
EXISTS = "select exists (select from {targets} as t)"


@dataclass(frozen=True, slots=True)
class TargetSource:
    """See the module."""

    name: str = NAME
    dimensions: Sequence[Dimension] = DIMENSIONS
    views: Sequence[View] = TARGET_VIEWS
    measures: Mapping[str, Measure] = field(default_factory=lambda: {**TARGETS, NEXT_DELIVERIES.name: NEXT_DELIVERIES})

    async def amounts(self, reads: Reads, question: Question, uses: Sequence[Use]) -> Sequence[Counted]:
        """Of groups that plans know: nothing for a channel or an account."""
        if not _planned(question):
            return []
        groups = _groups(question)
        named = "".join(f", {group} as g{place}" for place, group in enumerate(groups))
        sums = "".join(f", {_amount(use)} as m{n}" for n, use in enumerate(uses))
        grouped = ", ".join(("m.k", "f.currency", *groups))
        rows = await self._fetch(reads, question, uses, f"m.k, f.currency{named}{sums}", grouped)
        return [
            Counted(row["k"], keys_of(row, len(groups)), row["currency"], [row[f"m{n}"] for n in range(len(uses))])
            for row in rows
        ]

    async def _fetch(
        self, reads: Reads, question: Question, uses: Sequence[Use], selected: str, grouped: str
    ) -> Sequence[Any]:
        filters, statement, groups = question.filters, Statement(question), _groups(question)
        sql = statement.sql
        said = [sql.counted("f", account="null::uuid")]
        if filters.currency is not None:
            said.append(f"(f.currency is null or f.currency = {sql(filters.currency)})")
        if filters.product is not None:
            said.append(f"f.product = {sql(filters.product)}")
        if filters.person_id is not None:
            said.append(f"f.owner_id = {sql(filters.person_id)}")
        if filters.keys is not None:
            for group, key in zip(groups, filters.keys, strict=True):
                said.append(f"{group} is null" if key is None else f"{group}::text = {sql(key)}")
        by_product = "product" in question.group_by or filters.product is not None
        ks, months, following = self._months(question)
        text = sql.text(
            ROWS,
            selected=selected,
            grouped=grouped,
            targets=target_rows(sql),
            ks=sql(ks),
            months=sql(months),
            measures=sql(sorted({_measured(use) for use in uses})),
            nexts=sql(following),
            joins=statement.places(),
            wanted=" and ".join(said),
            whose=await self._whose(reads, question, sql),
            product="f.product is not null" if by_product else ALL_PRODUCTS,
        )
        return await reads.fetch(text, *sql.values)

    def _months(self, question: Question) -> tuple[list[int], list[date], list[bool]]:
        ks: list[int] = []
        months: list[date] = []
        following: list[bool] = []
        for k, period in enumerate(question.periods):
            inside = months_in(period, question.months)
            after = [shifted(inside[-1], 1)] if inside else []
            ks += [k] * (len(inside) + len(after))
            months += [*inside, *after]
            following += [False] * len(inside) + [True] * len(after)
        return ks, months, following

    async def _whose(self, reads: Reads, question: Question, sql: Sql) -> str:
        """Whose targets make the figure."""
        filters, dimensions = question.filters, question.group_by
        if "person" in dimensions or filters.person_id is not None:
            below = f" and {sql.below('f.unit_id', filters.unit_id)}" if filters.unit_id is not None else ""
            return f"f.owner_id is not null{below}"
        parents = await _units(reads, question)
        inside = _below(parents, filters.unit_id)
        if "unit" in dimensions:
            ids = inside - {parent for parent in parents.values() if parent is not None}
        elif "branch" in dimensions or "region" in dimensions:
            finest = "branch" if "branch" in dimensions else "region"
            ids = set(question.places[finest].values()) & inside
            own = f"f.unit_id = {finest}.place_id"
            return f"f.owner_id is null and {own} and f.unit_id = any({sql(sorted(ids))}::uuid[])"
        elif filters.unit_id is not None:
            ids = {filters.unit_id}
        else:
            sight = question.asking.sight
            seen = inside if sight.everything else inside & set(sight.unit_ids)
            ids = {unit for unit in seen if parents[unit] not in seen}
            if not seen and sight.person_id is not None:
                return "f.owner_id is not null"
        return f"f.owner_id is null and f.unit_id = any({sql(sorted(ids))}::uuid[])"

    async def items(
        self, reads: Reads, question: Question, use: Use, *, limit: int, after: Place | None
    ) -> Sequence[Item]:
        """The plans and splits themselves: how much of the figure each says."""
        if not _planned(question):
            return []
        selected = f"f.record_id, f.unit_id, f.owner_id, f.currency, {_amount(use)} as amount"
        rows = await self._fetch(reads, question, (use,), selected, "f.record_id, f.unit_id, f.owner_id, f.currency")
        start = question.starts[0]
        found = sorted((row for row in rows if row["amount"]), key=lambda row: [str(cell) for cell in tuple(row)[:3]])
        shown = [
            Item(
                "target",
                row["record_id"],
                number,
                start,
                row["owner_id"],
                row["unit_id"],
                None,
                row["currency"],
                row["amount"],
            )
            for number, row in enumerate(found, start=1)
        ]
        return [item for item in shown if after is None or item.number > after.number][:limit]

    async def exists(self, reads: Reads, asking: Asking) -> bool:
        sql = Sql(asking)
        return bool(await reads.fetchval(sql.text(EXISTS, targets=target_rows(sql)), *sql.values))


def _planned(question: Question) -> bool:
    """Whether plans know what is asked for."""
    return set(question.group_by) <= set(DIMENSIONS) and question.filters.channel is None


def _groups(question: Question) -> list[str]:
    names = {"product": "f.product", "person": "f.owner_id", "unit": "f.unit_id"}
    return [names.get(dimension, f"{dimension}.place_id") for dimension in question.group_by]


def _measured(use: Use) -> str:
    """As plans call it."""
    return DELIVERIES.name if use.measure is NEXT_DELIVERIES else use.measure.name


def _amount(use: Use) -> str:
    return AMOUNT_OF.format(measure=_measured(use), following=str(use.measure is NEXT_DELIVERIES).lower())


async def _units(reads: Reads, question: Question) -> Mapping[UUID, UUID | None]:
    """The parent of each unit, along the tree asked for."""
    sql = Sql(question.asking)
    relation, holds = sql.tree("u")
    rows = await reads.fetch(sql.text(UNITS, tree=relation, holds=holds), *sql.values)
    return {row["id"]: row["parent_id"] for row in rows}


def _below(parents: Mapping[UUID, UUID | None], root: UUID | None) -> set[UUID]:
    """The unit and all below it; of none all."""
    if root is None:
        return set(parents)
    found, rest = {root}, [root]
    while rest:
        above = rest.pop()
        new = {unit for unit, parent in parents.items() if parent == above} - found
        found |= new
        rest += new
    return found


PLANNED = TargetSource()
