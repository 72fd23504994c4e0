"""A source whose measures are amounts of rows that happened at an instant. Knows no step and no view by name.

`relation` is SQL (names of views in braces) with rows: stream_id, number, at, owner_id, unit_id, account_id, channel,
currency, lines (jsonb by product, or null), and whatever its measures read, as `f`. In a measure `w.start` and
`w.finish` are the bounds of the period the row lies in, `{at}` and `{zone}` the question's, `{name}` a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.engine.definition import DIMENSIONS, Dimension, Measure, Value
from services.kpi.engine.question import Counted, Item, Place, Question, Use
from services.kpi.engine.statement import Statement, keys_of
from shared.projections.view import View

AMOUNTS = """
select w.k{groups}{currency}{amounts}
  from {relation} as f{periods}{joins}
 where f.tenant_id = $1 and {within} and {steps} and {wanted}
 group by w.k{grouped}
"""
ITEMS = """
select i.* from (
    select f.stream_id as id, f.number, f.at, f.owner_id, f.unit_id, f.account_id, f.currency, {amount} as amount
      from {relation} as f{periods}{joins}
     where f.tenant_id = $1 and {within} and {steps} and {wanted} and w.k >= 1
    ) as i
 where i.amount <> 0 and {after}
 order by i.at, i.id, i.number
 limit {limit}
"""
EXISTS = "select exists (select from {relation} as f where f.tenant_id = $1 and f.at <= {at})"


@dataclass(frozen=True, slots=True)
class RowMeasure:
    """A measure of rows: `amount` of each (SQL over `f` and `w`), of the rows that are `steps` and satisfy `where`.

    `by_line`: the amount of a line `p`, where products are told apart; without it each product counts as much.
    """

    measure: Measure
    amount: str = "1"
    by_line: str | None = None
    steps: tuple[str, ...] = ()
    where: str | None = None

    def expression(self, statement: Statement, use: Use) -> str:
        """The amount of a row, null where it does not count."""
        amount = self.by_line if statement.by_lines and self.by_line is not None else self.amount
        given = {name: Made(partial(_parameter, statement, value)) for name, value in use.parameters}
        if conditions := self.conditions(statement, use):
            amount = f"case when {' and '.join(conditions)} then {amount} end"
        return statement.sql.text(amount, after=Made(statement.after), **given)

    def conditions(self, statement: Statement, use: Use) -> list[str]:
        said = []
        if self.steps:
            said.append(f"f.step = {listed(self.steps)}")
        if self.where is not None:
            said.append(self.where)
        if self.measure.is_money and (currency := statement.question.filters.currency) is not None:
            said.append(f"f.currency = {statement.sql(currency)}")
        if (channels := use.parameter("channels")) is not None:
            said.append(f"f.channel = any({statement.sql(list(channels))}::text[])")
        return said


def listed(values: Sequence[str]) -> str:
    """Any of these constants."""
    return "any(array[" + ", ".join(f"'{value}'" for value in values) + "])"


class Made(str):
    """A part of a statement that is made, and its parameters numbered, only where it is used."""

    make: Callable[[], str]

    def __new__(cls, make: Callable[[], str]) -> Self:
        part = super().__new__(cls)
        part.make = make
        return part

    def __format__(self, _: str) -> str:
        return self.make()


def _parameter(statement: Statement, value: Value) -> str:
    return statement.sql(value) + ("::text[]" if isinstance(value, (tuple, list)) else "::int")


@dataclass(frozen=True, slots=True)
class RowSource:
    """See the module. `views`: what a read waits for. `bounded`: no row lies outside of the periods."""

    name: str
    kind: str
    relation: str
    views: Sequence[View]
    of: Mapping[str, RowMeasure]
    dimensions: Sequence[Dimension] = DIMENSIONS
    bounded: bool = False
    measures: Mapping[str, Measure] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", {name: one.measure for name, one in self.of.items()})

    async def amounts(self, reads: Reads, question: Question, uses: Sequence[Use]) -> Sequence[Counted]:
        statement = Statement(question)
        money = any(use.measure.is_money for use in uses)
        groups = statement.groups()
        sums = [f", sum({self.of[use.measure.name].expression(statement, use)}) as m{n}" for n, use in enumerate(uses)]
        text = self._text(
            statement,
            AMOUNTS,
            uses,
            groups="".join(f", {group} as g{place}" for place, group in enumerate(groups)),
            grouped="".join(f", {group}" for group in groups) + (", f.currency" if money else ""),
            currency=", f.currency" if money else "",
            amounts="".join(sums),
        )
        return [
            Counted(
                row["k"] - 1,
                keys_of(row, len(groups)),
                row["currency"] if money else None,
                [row[f"m{n}"] for n in range(len(uses))],
            )
            for row in await reads.fetch(text, *statement.sql.values)
            if row["k"] > 0
        ]

    async def items(
        self, reads: Reads, question: Question, use: Use, *, limit: int, after: Place | None
    ) -> Sequence[Item]:
        statement = Statement(question)
        sql = statement.sql
        text = self._text(
            statement,
            ITEMS,
            (use,),
            amount=self.of[use.measure.name].expression(statement, use),
            after="true"
            if after is None
            else f"(i.at, i.id, i.number) > ({sql(after.at)}, {sql(after.id)}, {sql(after.number)})",
            limit=sql(limit),
        )
        return [Item(self.kind, *row) for row in await reads.fetch(text, *sql.values)]

    async def exists(self, reads: Reads, asking: Asking) -> bool:
        sql = Sql(asking)
        return bool(await reads.fetchval(sql.text(EXISTS, relation=sql.text(self.relation)), *sql.values))

    def _text(self, statement: Statement, text: str, uses: Sequence[Use], **parts: str) -> str:
        steps = {step for use in uses for step in self.of[use.measure.name].steps}
        every = not all(self.of[use.measure.name].steps for use in uses)
        return statement.sql.text(
            text,
            relation=statement.sql.text(self.relation, periods=Made(statement.periods)),
            periods=statement.periods(),
            joins=statement.joins(),
            within=statement.within(bounded=self.bounded),
            steps="true" if every else f"f.step = {listed(sorted(steps))}",
            wanted=statement.wanted(),
            **parts,
        )
