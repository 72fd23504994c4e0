"""Targets of the periods asked for: of a person, a unit's own, or of the topmost units the asker sees. No actual.

A target counts where its whole month lies in the period. A parent's target is a row of its own, never the sum below it:
so the total is that of the topmost units, and a group by unit shows it of units without others below them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
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

ROWS = """
select m.k{groups}, f.currency{amounts}
  from (select t.month, t.measure, t.unit_id, t.person_id as owner_id, null::uuid as account_id,
               null::text as channel, t.product, t.target, t.currency, t.record_id
          from {targets} as t) as f
  join unnest({ks}::int[], {months}::date[], {nexts}::boolean[]) as m(k, month, following) on m.month = f.month
  {joins}
 where {wanted} and {whose} and {product}
 group by m.k{grouped}, f.currency
"""
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
        filters = question.filters
        if not set(question.group_by) <= set(DIMENSIONS) or filters.channel is not None:
            return []
        statement, dimensions = Statement(question), question.group_by
        sql = statement.sql
        names = {"product": "f.product", "person": "f.owner_id", "unit": "f.unit_id"}
        groups = [names.get(dimension, f"{dimension}.place_id") for dimension in dimensions]
        said = [sql.counted("f", account="null::uuid")]
        if filters.currency is not None:
            said.append(f"f.currency = {sql(filters.currency)}")
        if filters.product is not None:
            said.append(f"f.product = {sql(filters.product)}")
        if filters.person_id is not None:
            said.append(f"f.owner_id = {sql(filters.person_id)}")
        if filters.keys is not None:
            for group, key in zip(groups, filters.keys, strict=True):
                said.append(f"{group} is null" if key is None else f"{group}::text = {sql(key)}")
        ks, months, following = self._months(question)
        text = sql.text(
            ROWS,
            groups="".join(f", {group} as g{place}" for place, group in enumerate(groups)),
            grouped="".join(f", {group}" for group in groups),
            targets=target_rows(sql),
            ks=sql(ks),
            months=sql(months),
            nexts=sql(following),
            joins=statement.places(),
            wanted=" and ".join(said),
            whose=await self._whose(reads, question, sql),
            product=sql.text(self._product(question), targets=target_rows(sql)),
            amounts="".join(
                f", sum(f.target) filter (where f.measure = '{_planned(use)}'"
                f" and {'' if use.measure is NEXT_DELIVERIES else 'not '}m.following) as m{n}"
                for n, use in enumerate(uses)
            ),
        )
        return [
            Counted(row["k"], keys_of(row, len(groups)), row["currency"], [row[f"m{n}"] for n in range(len(uses))])
            for row in await reads.fetch(text, *sql.values)
        ]

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

    def _product(self, question: Question) -> str:
        """All products: the row that says so; without one the sum of those there are."""
        if "product" in question.group_by or question.filters.product is not None:
            return "f.product is not null"
        return """(f.product is null or not exists (
            select from {targets} as o where o.product is null and o.month = f.month and o.measure = f.measure
               and o.unit_id = f.unit_id and o.person_id is not distinct from f.owner_id
               and o.currency is not distinct from f.currency))"""

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
        """The targets themselves, as one item each month: told by what they are, not by records of sales."""
        found: list[Item] = []
        for counted in await self.amounts(reads, question, (use,)):
            if counted.amounts[0]:
                start = datetime.combine(question.periods[counted.period].first, datetime.min.time(), UTC)
                item = Item("target", UUID(int=0), len(found) + 1, start, None, question.filters.unit_id, None,
                            counted.currency, counted.amounts[0])  # fmt: skip
                found.append(item)
        return [item for item in found if after is None or item.number > after.number][:limit]

    async def exists(self, reads: Reads, asking: Asking) -> bool:
        sql = Sql(asking)
        return bool(await reads.fetchval(sql.text(EXISTS, targets=target_rows(sql)), *sql.values))


def _planned(use: Use) -> str:
    return "deliveries" if use.measure is NEXT_DELIVERIES else use.measure.name


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
