"""How commands on lead plans are carried out: who may, what target and which rates it is worked back from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.kpi.acting import APPROVES, belonging, require_unit
from services.kpi.asking import Sql
from services.kpi.calendar.working_days import WorkingDays, working_days
from services.kpi.lead_plans.commands import ChannelGiven, WorkingBack
from services.kpi.lead_plans.events import LeadChannel, LeadRate, LeadsRequired
from services.kpi.lead_plans.lead_plan import LeadPlan
from services.kpi.lead_plans.rates import counted_rates, open_stock, window, with_stated
from services.kpi.lead_plans.working_back import worked_back
from services.kpi.plans.targets import target_rows
from services.kpi.splits.acting import question
from shared.event_store.stream import Refused
from shared.http.context import CommandContext

LEAD_PLANS = belonging(LeadPlan)

ORDERED = """
select sum(t.target) as target, min(t.source) as source
  from {targets} as t
 where t.month = {month} and t.unit_id = {unit} and t.person_id is null and t.measure = 'orders'
"""


async def require_planner(ctx: CommandContext, unit_id: UUID) -> None:
    """Heads of the unit or above. Raises Problem 403."""
    await require_unit(ctx, unit_id, APPROVES)


async def require_planner_of(ctx: CommandContext, plan: LeadPlan) -> None:
    await require_planner(ctx, plan.standing["unit_id"])


async def calendar(ctx: CommandContext) -> WorkingDays:
    return await working_days(ctx.kit.pool, ctx.tenant_id)


async def worked(
    ctx: CommandContext, unit_id: UUID, month: date, by: WorkingBack
) -> tuple[LeadsRequired, tuple[LeadRate, ...], tuple[date, date], tuple[LeadChannel, ...]]:
    """The plan worked back: what is required, by which rates, counted from when to when, and what channels bring.

    Raises Refused 422 `no_order_target`, `target_given`, `no_rate`, `channel_of_rate`, `rate_twice`.
    """
    asking, pool = await question(ctx), ctx.kit.pool
    units, source = await _order_target(ctx, unit_id, month, by.order_units)
    months = await calendar(ctx)
    periods = window(month, by.history_months, months)
    stated = {(one.name, one.channel) for one in by.rates}
    with_stated((), by.rates)  # what is stated wrongly is refused before anything is counted
    counted = await counted_rates(pool, asking, unit_id, periods, months)
    rates = with_stated(counted, by.rates)
    budgets = {one.channel: (one.budget, one.currency) for one in by.budgets}
    stock = await open_stock(pool, asking, unit_id)
    required, channels = worked_back(units, source, stock, rates, budgets)
    used = {one.channel for one in channels} | {None}
    rates = tuple(rate for rate in rates if rate.channel in used or (rate.name, rate.channel) in stated)
    return required, rates, (periods[0].first, months.month_bounds(month)[0]), channels


async def _order_target(ctx: CommandContext, unit_id: UUID, month: date, stated: Decimal | None) -> tuple[Decimal, str]:
    sql = Sql(await question(ctx))
    statement = sql.text(ORDERED, targets=target_rows(sql), month=sql(month), unit=sql(unit_id))
    row = await ctx.kit.pool.fetchrow(statement, *sql.values)
    if row["target"] is None:
        if stated is None:
            raise Refused("no_order_target", "the unit has no order target", status=422, pointer="/order_units")
        return stated, "given"
    if stated is not None and stated != row["target"]:
        raise Refused("target_given", "a plan gives the order target", status=422, pointer="/order_units")
    return row["target"], row["source"]


def channels_given(given: Sequence[ChannelGiven], before: Sequence[LeadChannel]) -> tuple[LeadChannel, ...]:
    """The channels as said; what was worked back for one is kept beside."""
    records = {one.channel: one.records for one in before}
    return tuple(one.channel_of(records.get(one.channel)) for one in given)
