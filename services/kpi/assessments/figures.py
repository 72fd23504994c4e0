"""The official figures results are computed from: of a person, or a unit, as known at a month's close. Holds no rule.

Whoever asks, the same figures: nothing of the asker's sight.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kpi.asking import Asking
from services.kpi.assessments.scoring import Figure
from services.kpi.assessments.settling import Counted, Known
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.engine.choices import chosen
from services.kpi.engine.definition import Chosen
from services.kpi.engine.period import Period, period_of
from services.kpi.engine.question import Filters
from services.kpi.engine.shipped import views_of
from services.kpi.engine.values import Value, values
from services.kpi.events import Cycle, KpiReading
from services.kpi.months.closes import Close, basis, closes
from shared.days import end_of
from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.identity.sight import Sight
from shared.projections.waiting import wait_for

WAIT_SECONDS: Final = 2.0
"""How long a computation waits for the views to have seen what the close holds."""
EVERYBODY: Final = Sight(everything=True)


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed period, and what its official figures are known by."""

    period: Period
    known_at: int
    opening_known_at: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Computes figures for one command."""

    ctx: CommandContext
    zone: ZoneInfo
    days: WorkingDays
    closes: Mapping[date, Close]

    @classmethod
    async def of(cls, ctx: CommandContext) -> Figures:
        days = await working_days(ctx.kit.pool, ctx.tenant_id)
        zone = ctx.principal.zone
        asking = Asking(ctx.tenant_id, zone, ctx.now, EVERYBODY, latest=True)
        return cls(ctx, zone, days, await closes(ctx.kit.pool, asking, now=ctx.now))

    def closed(self, month: date, cycle: Cycle = Cycle.MONTH) -> Closed:
        """The month or year. Raises Refused 409 `month_not_closed`."""
        period = period_of(self.days.month_bounds(month)[0], cycle.value, self.days)
        before = self.days.month_of(period.first - timedelta(days=1))
        known = basis(self.closes, before, self.days.month_of(period.last))
        if known.flows is None:
            raise Refused("month_not_closed", "the month is not closed", month=f"{month:%Y-%m}", pointer="/month")
        return Closed(period, known.flows, known.opening)

    def position(self, month: date) -> int | None:
        """Of the close of a month; null when it is not closed."""
        close = self.closes.get(month)
        return None if close is None else close.position

    async def of_person(
        self, kpis: Sequence[str], closed: Closed, *, person_id: UUID | None = None, unit_id: UUID | None = None
    ) -> Mapping[str, Figure]:
        """Each KPI of a closed period, of a person or of a unit and all below it."""
        if not kpis:
            return {}
        wanted = await self._chosen(kpis, closed.period.last, closed.known_at)
        found = await self._values(
            wanted,
            (closed.period,),
            closed.known_at,
            Filters(unit_id=unit_id, person_id=person_id),
            opening_known_at=closed.opening_known_at,
        )
        figures: dict[str, Figure] = {}
        for value in found:
            kpi = value.chosen.definition.id
            state = "several_currencies" if kpi in figures else value.state
            figures[kpi] = Figure(
                state,
                value.value if state == "ok" else None,
                value.chosen.definition.version,
                value.numerator,
                value.denominator,
                value.currency,
            )
        return figures

    async def of_months(
        self,
        months: Sequence[date],
        known_at: int,
        person_id: UUID,
        asked: Collection[tuple[str, str | None]],
        factors: Collection[str],
    ) -> Known:
        """These KPIs of a person, each of all products or one, and the factors' KPIs, as known at a position."""
        periods = [period_of(self.days.month_bounds(month)[0], "month", self.days) for month in sorted(months)]
        figures: dict[tuple[date, str, str | None], list[Counted]] = {}
        reached: dict[tuple[date, str], Decimal | None] = {}
        if not periods:
            return Known(figures, reached)
        for product in sorted({product for _, product in asked}, key=str):
            kpis = [kpi for kpi, of in asked if of == product]
            more = [kpi for kpi in factors if kpi not in kpis] if product is None else []
            wanted = await self._chosen([*kpis, *more], periods[-1].last, known_at)
            found = await self._values(wanted, periods, known_at, Filters(person_id=person_id, product=product))
            for value in found:
                definition, month = value.chosen.definition, self.days.month_of(value.period.last)
                if product is None and definition.id in factors:
                    reached[month, definition.id] = value.value
                if definition.id in kpis and value.value is not None:
                    figures.setdefault((month, definition.id, product), []).append(
                        Counted(definition.version, value.currency, value.value)
                    )
        if factors and not any(product is None for _, product in asked):
            wanted = await self._chosen(list(factors), periods[-1].last, known_at)
            for value in await self._values(wanted, periods, known_at, Filters(person_id=person_id)):
                reached[self.days.month_of(value.period.last), value.chosen.definition.id] = value.value
        return Known(figures, reached)

    async def _chosen(self, kpis: Sequence[str], day: date, known_at: int) -> Sequence[Chosen]:
        """As published for that day, known then."""
        asking = self._asking(known_at)
        return await chosen(self.ctx.kit.pool, replace(asking, at=end_of(day, self.zone), latest=False), kpis)

    async def _values(
        self,
        wanted: Sequence[Chosen],
        periods: Sequence[Period],
        known_at: int,
        filters: Filters,
        *,
        opening_known_at: int | None = None,
    ) -> Sequence[Value]:
        await wait_for(self.ctx.kit.pool, views_of(wanted), self.ctx.tenant_id, known_at, WAIT_SECONDS)
        return await values(
            self.ctx.kit.pool,
            self._asking(known_at),
            wanted,
            periods,
            filters=filters,
            compare=False,
            targets=False,
            opening_known_at=opening_known_at,
            months=self.days,
        )

    def _asking(self, known_at: int) -> Asking:
        now: datetime = self.ctx.now
        return Asking(self.ctx.tenant_id, self.zone, now, EVERYBODY, known_at=known_at, latest=True)


async def current(
    ctx: CommandContext,
    kpi: str,
    since: date,
    until: date,
    currency: str | None = None,
    *,
    person_id: UUID | None = None,
    unit_id: UUID | None = None,
) -> KpiReading:
    """A KPI of some days as the log knows it now, of a person or of a unit and all below it; kept with its position.

    Of several currencies the one asked for, else none has a value. Raises Refused 422 `unknown_kpi`.
    """
    head = (await ctx.kit.store.head(ctx.tenant_id)).position
    figures = Figures(ctx, ctx.principal.zone, await working_days(ctx.kit.pool, ctx.tenant_id), {})
    wanted = await figures._chosen([kpi], until, head)
    period = Period(since, until, f"{since}/{until}", "month", figures.days.month_of(until))
    found = await figures._values(wanted, (period,), head, Filters(unit_id=unit_id, person_id=person_id))
    of_it = [one for one in found if currency is None or one.currency in (None, currency)]
    one = of_it[0] if len(of_it) == 1 else None
    return KpiReading(
        kpi,
        since,
        until,
        None if one is None else one.value,
        found[0].chosen.definition.version if found else None,
        None if one is None else one.numerator,
        None if one is None else one.denominator,
        head,
        None if one is None else one.currency,
    )


MONTHS_SCORES = """
select distinct on (e.stream_id) e.data -> 'standing' ->> 'status' as status,
       (e.data -> 'standing' ->> 'score')::numeric as score
  from es.events e
 where e.tenant_id = $1 and e.stream_id = any($2::uuid[])
 order by e.stream_id, e.version desc
"""


async def mean_of_months(pool: Any, tenant_id: UUID, ids: Sequence[UUID]) -> Figure:
    """The mean score of these monthly assessments, of those signed off and not under appeal."""
    standing = ("signed", "acknowledged", "confirmed")
    rows = await pool.fetch(MONTHS_SCORES, tenant_id, list(ids))
    scores = [row["score"] for row in rows if row["score"] is not None and row["status"] in standing]
    if not scores:
        return Figure("no_source", None, ratings=0)
    mean = (sum(scores, Decimal(0)) / len(scores)).quantize(Decimal("0.01"))
    return Figure("ok", mean, ratings=len(scores))
