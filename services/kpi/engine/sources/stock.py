"""What stood at the bounds of periods: the open stock they begin with, and units of orders not delivered. No step.

One pass over the intervals of prospects: each knows by its two ends at which bounds it stood. Credit is of the bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.kpi.asking import Asking, Reads, Sql
from services.kpi.engine.definition import DIMENSIONS, Dimension, Measure
from services.kpi.engine.question import Counted, Item, Place, Question, Use
from services.kpi.engine.sources.rows import listed
from services.kpi.engine.statement import Statement, keys_of
from services.kpi.views.funnel import FUNNEL
from services.kpi.views.stock import STOCK
from shared.days import start_of
from shared.projections.view import View, source

OPENING = Measure("stock", "opening", "prospects", "opening")
OPENING_WON = Measure("stock", "opening_won", "prospects", "opening")
RECENT = Measure("stock", "recent", "prospects", "opening", ("captured_within_days",))
RECENT_WON = Measure("stock", "recent_won", "prospects", "opening", ("captured_within_days",))
OPENING_UNITS = Measure("stock", "opening_units", "units", "opening")
CLOSING_UNITS = Measure("backlog", "closing_units", "units", "closing")
CLOSING = Measure("backlog", "closing", "prospects", "closing")

# `lo` to `hi`: the bounds, counted from 1, just before which the interval stood. `won`: the first period that ends
# after its order; `since`: the last bound it is recent at. Alike intervals are counted first, then told by bound.
AMOUNTS = """
with ranged as (
    select {groups}{stock} as stock, width_bucket(f.from_at, {bounds}) + 1 as lo,
           least(coalesce(width_bucket(f.to_at, {bounds}), {count}), {count}) as hi,
           {won} as won{since}, {units} as units
      from {relation} as f{joins}
     where f.tenant_id = $1 and f.stock = {stocks} and f.from_at < {last} and (f.to_at is null or f.to_at >= {first})
       and {wanted}
    offset 0  -- so that bounds are looked up once a row, not wherever they are used
),
alike as (
    select {named}stock, lo, hi, won{sinces}, count(*) as prospects, sum(units) as units
      from ranged
     where lo <= hi
     group by {named}stock, lo, hi, won{sinces}
)
select j.k{selected}{amounts}
  from alike as f cross join lateral generate_series(f.lo, f.hi) as j(k)
 group by j.k{selected}
"""
WON = "case when f.won_at <= {at} then width_bucket(f.won_at, {ends}) + 1 else 2147483647 end"
ITEMS = """
select i.* from (
    select f.stream_id as id, f.version as number, f.from_at as at, f.owner_id, f.unit_id, f.account_id,
           null::text as currency, {amount} as amount
      from {relation} as f{joins}
     where f.tenant_id = $1 and f.stock = {stocks} and f.from_at < {bound}
       and (f.to_at is null or f.to_at >= {bound}) and {conditions} and {wanted}
    ) as i
 where i.amount <> 0 and {after}
 order by i.at, i.id, i.number
 limit {limit}
"""
# The stock as it was known when it was fixed, what became of it in the period as known now: an order of the time before
# it that was told late is not one of the period. Asked of one period at a time; a year before it may stand beside it.
FIXED = """(
    select o.tenant_id, o.stream_id, o.from_at, o.to_at, o.version, o.stock, o.owner_id, o.unit_id, o.account_id,
           o.channel, o.units, o.lines, o.captured_at,
           (select min(t.at) from unnest(x.won) as t(at) where t.at > o.from_at and t.at >= {start}) as won_at
      from {fixed} as o
      left join (select f.stream_id, array_agg(f.at) as won from {funnel} as f
                  where f.tenant_id = $1 and f.step = 'ordered' and f.prospects > 0 group by 1) as x
        on x.stream_id = o.stream_id
     where o.tenant_id = $1)"""
EXISTS = "select exists (select from {funnel} as f where f.tenant_id = $1 and f.step = 'captured' and f.at <= {at})"


@dataclass(frozen=True, slots=True)
class Standing:
    """A measure of what stood: in which stock, counted in prospects or units."""

    measure: Measure
    stock: str
    units: bool = False
    won: bool = False
    recent: bool = False


@dataclass(frozen=True, slots=True)
class StockSource:
    """See the module. `closing`: at the ends of periods (or the instant asked about) instead of their starts."""

    name: str
    of: Mapping[str, Standing]
    closing: bool = False
    kind: str = "opportunity"
    dimensions: Sequence[Dimension] = DIMENSIONS
    views: Sequence[View] = (STOCK, FUNNEL)
    measures: Mapping[str, Measure] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", {name: one.measure for name, one in self.of.items()})

    def _relation(self, sql: Sql, question: Question) -> str:
        if self.closing or question.opening_known_at is None:
            return sql.text("{stock}")
        fixed = source(STOCK, known_at=f"{sql(question.opening_known_at)}::bigint")
        return sql.text(FIXED, fixed=fixed, start=sql(question.starts[-1]))

    def _bounds(self, question: Question) -> list[datetime]:
        """Of the periods that have begun."""
        if not self.closing:
            return question.starts[: question.begun]
        ends = question.ends[: question.begun]
        return ends if question.asking.latest else [min(end, question.just_after) for end in ends]

    async def amounts(self, reads: Reads, question: Question, uses: Sequence[Use]) -> Sequence[Counted]:
        if not (bounds := self._bounds(question)):
            return []
        statement = Statement(question)
        sql, groups = statement.sql, statement.groups()
        arrays = f"{sql(bounds)}::timestamptz[]"
        names = "".join(f", g{place}" for place in range(len(groups)))
        recent = sorted({use.parameter("captured_within_days") for use in uses if self.of[use.measure.name].recent})
        since = "".join(f", {self._since(sql, question, days)} as since{days}" for days in recent)
        channels = any(use.parameter("channels") is not None for use in uses)
        stocks = sorted({self.of[use.measure.name].stock for use in uses})
        text = sql.text(
            AMOUNTS,
            groups="".join(f"{group} as g{place}, " for place, group in enumerate(groups))
            + ("f.channel as via, " if channels else ""),
            named="".join(f"g{place}, " for place in range(len(groups))) + ("via, " if channels else ""),
            selected=names,
            stock="f.stock" if len(stocks) > 1 else f"'{stocks[0]}'::text",
            stocks=listed(stocks),
            bounds=arrays,
            count=f"{sql(len(bounds))}::int",
            won=sql.text(WON, ends=statement.ends()) if any(self.of[use.measure.name].won for use in uses) else "0",
            since=since,
            sinces="".join(f", since{days}" for days in recent),
            units="coalesce(p.units, 0)" if statement.by_lines else "f.units",
            relation=self._relation(sql, question),
            joins=statement.joins(),
            first=sql(bounds[0]),
            last=sql(bounds[-1]),
            wanted=statement.wanted(),
            amounts="".join(f", sum({self._amount(sql, use)}) as m{n}" for n, use in enumerate(uses)),
        )
        return [
            Counted(row["k"] - 1, keys_of(row, len(groups)), None, [row[f"m{n}"] for n in range(len(uses))])
            for row in await reads.fetch(text, *sql.values)
        ]

    def _since(self, sql: Sql, question: Question, days: int) -> str:
        zone = question.asking.zone
        bounds = [start_of(period.first - timedelta(days=days), zone) for period in question.periods]
        return f"width_bucket(f.captured_at, {sql(bounds)}::timestamptz[])"

    def _amount(self, sql: Sql, use: Use) -> str:
        one, said = self.of[use.measure.name], []
        said.append(f"f.stock = '{one.stock}'")
        if one.won:
            said.append("j.k >= f.won")
        if one.recent:
            said.append(f"j.k <= f.since{use.parameter('captured_within_days')}")
        if (channels := use.parameter("channels")) is not None:
            said.append(f"f.via = any({sql(list(channels))}::text[])")
        return f"case when {' and '.join(said)} then f.{'units' if one.units else 'prospects'} end"

    async def items(
        self, reads: Reads, question: Question, use: Use, *, limit: int, after: Place | None
    ) -> Sequence[Item]:
        if not (bounds := self._bounds(question)):
            return []
        statement = Statement(question)
        sql, one, period = statement.sql, self.of[use.measure.name], question.periods[0]
        zone = question.asking.zone
        said = ["true"]
        if one.won:
            said.append(sql.text("f.won_at <= {at} and f.won_at < ") + sql(period.end(zone)))
        if one.recent:
            days = timedelta(days=use.parameter("captured_within_days"))
            said.append(f"f.captured_at >= {sql(start_of(period.first - days, zone))}")
        if (channels := use.parameter("channels")) is not None:
            said.append(f"f.channel = any({sql(list(channels))}::text[])")
        units = "coalesce(p.units, 0)" if statement.by_lines else "f.units"
        text = sql.text(
            ITEMS,
            amount=units if one.units else "1",
            relation=self._relation(sql, question),
            joins=statement.joins(),
            stocks=listed([one.stock]),
            bound=sql(bounds[0]) + "::timestamptz",
            conditions=" and ".join(said),
            wanted=statement.wanted(),
            after="true"
            if after is None
            else f"(i.at, i.id, i.number) > ({sql(after.at)}, {sql(after.id)}, {sql(after.number)})",
            limit=sql(limit),
        )
        return [Item(self.kind, *row) for row in await reads.fetch(text, *sql.values)]

    async def exists(self, reads: Reads, asking: Asking) -> bool:
        sql = Sql(asking)
        return bool(await reads.fetchval(sql.text(EXISTS), *sql.values))


STOCKS = StockSource(
    "stock",
    {
        one.measure.name: one
        for one in (
            Standing(OPENING, "open"),
            Standing(OPENING_WON, "open", won=True),
            Standing(RECENT, "open", recent=True),
            Standing(RECENT_WON, "open", won=True, recent=True),
            Standing(OPENING_UNITS, "ordered", units=True),
        )
    },
)
BACKLOG = StockSource(
    "backlog",
    {one.measure.name: one for one in (Standing(CLOSING_UNITS, "ordered", units=True), Standing(CLOSING, "open"))},
    closing=True,
)
