"""How commands on forecasts are carried out: who may, where the person works, whether the month is over."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.kpi.acting import belonging, require_line
from services.kpi.calendar.working_days import working_days
from services.kpi.forecasts.forecast import Forecast
from services.kpi.referring import known, require_person_known
from shared.event_store.stream import Refused
from shared.http.context import CommandContext
from shared.http.problem import Problem

FORECASTS = belonging(Forecast)


async def require_own(ctx: CommandContext, person_id: UUID) -> None:
    """The person themselves, or who enters it for them. Raises Problem 403 `not_your_forecast`."""
    if ctx.principal.acting_for != person_id:
        raise Problem(403, "not_your_forecast")


async def require_above(ctx: CommandContext, forecast: Forecast) -> None:
    """Who stands above the person in the line, never they themselves. Raises Problem 403."""
    owner_id = forecast.standing["owner_id"]
    await require_line(ctx, owner_id, requested_by=(owner_id,))


async def require_own_or_above(ctx: CommandContext, forecast: Forecast) -> None:
    if ctx.principal.acting_for != forecast.standing["owner_id"]:
        await require_above(ctx, forecast)


async def unit_of(ctx: CommandContext, person_id: UUID) -> UUID:
    """Where a person works. Raises Refused 422 `unknown_person`."""
    person = require_person_known(await known(ctx.kit.pool, ctx.tenant_id, (person_id,)), person_id, "/person_id")
    if person.unit_id is None:
        raise Refused("unknown_person", "works nowhere", status=422, pointer="/person_id")
    return person.unit_id


async def require_month_ahead(ctx: CommandContext, month: date, day: date) -> None:
    """Raises Refused 409 `month_over` on a day after the month."""
    days = await working_days(ctx.kit.pool, ctx.tenant_id)
    if day > days.month_bounds(month)[1]:
        raise Refused("month_over", "the month is over", pointer="/month", month=f"{month:%Y-%m}")
