"""Accounts that bought: those of a period, the new ones, and those of the period before that came again. No prospect.

An account buys on the day of an order; it counts once in a period, to who was responsible for its first order there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.kpi.asking import Asking, Reads
from services.kpi.engine.definition import Dimension, Measure
from services.kpi.engine.period import previous
from services.kpi.engine.question import Counted, Item, Place, Question, Use
from services.kpi.engine.sources.rows import RowMeasure, RowSource
from services.kpi.views.funnel import FUNNEL
from shared.projections.view import View

DIMENSIONS: tuple[Dimension, ...] = ("person", "unit", "branch", "region", "channel", "account_kind", "segment")

BUYERS = Measure("buyers", "buyers", "accounts", "order")
NEW_BUYERS = Measure("buyers", "new_buyers", "accounts", "order")
EARLIER_BUYERS = Measure("earlier_buyers", "earlier_buyers", "accounts", "order")
KEPT_BUYERS = Measure("earlier_buyers", "kept_buyers", "accounts", "order")

ORDERS = """
    select o.tenant_id, o.account_id as stream_id, 1 as number, o.at, o.owner_id, o.unit_id, o.account_id, o.channel,
           null::text as currency, null::jsonb as lines,
           lag(o.at) over orders as ever_at,
           lead(o.at) over orders as next_at
      from {funnel} as o
     where o.tenant_id = $1 and o.step = 'ordered' and o.prospects > 0 and o.account_id is not null and o.at <= {at}
    window orders as (partition by o.account_id order by o.at, o.stream_id, o.version)
"""
# Of each account and period its first order, and the order that came next after all it made there.
FIRST_OF_PERIOD = f"""
    select distinct on (f.account_id, w.k) f.*, w.k, max(f.next_at) over (partition by f.account_id, w.k) as again_at
      from ({ORDERS}) as f {{periods}}
     where w.k > 0 and f.at < w.finish
     order by f.account_id, w.k, f.at
"""  # noqa: S608 - constants only

_BOUGHT = RowSource(
    name="buyers",
    kind="account",
    relation=f"({ORDERS})",
    views=(FUNNEL,),
    of={
        "buyers": RowMeasure(BUYERS, where="(f.ever_at is null or f.ever_at < w.start)"),
        "new_buyers": RowMeasure(NEW_BUYERS, where="f.ever_at is null"),
    },
    dimensions=DIMENSIONS,
)
_EARLIER = RowSource(
    name="earlier_buyers",
    kind="account",
    relation=f"({FIRST_OF_PERIOD})",
    views=(FUNNEL,),
    of={
        "earlier_buyers": RowMeasure(EARLIER_BUYERS, where="f.k = w.k"),
        "kept_buyers": RowMeasure(
            KEPT_BUYERS, where="f.k = w.k and f.again_at >= w.finish and f.again_at < ({after})[w.k]"
        ),
    },
    dimensions=DIMENSIONS,
)


@dataclass(frozen=True, slots=True)
class OfPeriodBefore:
    """The same source asked of the period before each: what is counted there is shown with the later period."""

    of: RowSource

    @property
    def name(self) -> str:
        return self.of.name

    @property
    def views(self) -> Sequence[View]:
        return self.of.views

    @property
    def measures(self) -> Mapping[str, Measure]:
        return self.of.measures

    @property
    def dimensions(self) -> Sequence[Dimension]:
        return self.of.dimensions

    async def amounts(self, reads: Reads, question: Question, uses: Sequence[Use]) -> Sequence[Counted]:
        return await self.of.amounts(reads, _before(question), uses)

    async def items(
        self, reads: Reads, question: Question, use: Use, *, limit: int, after: Place | None
    ) -> Sequence[Item]:
        return await self.of.items(reads, _before(question), use, limit=limit, after=after)

    async def exists(self, reads: Reads, asking: Asking) -> bool:
        return await _BOUGHT.exists(reads, asking)


def _before(question: Question) -> Question:
    periods = tuple(previous(period, question.months) for period in question.periods)
    return replace(question, periods=periods, after=tuple(question.ends))


BOUGHT = _BOUGHT
EARLIER = OfPeriodBefore(_EARLIER)
