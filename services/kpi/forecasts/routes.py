"""Commands on forecast calls over HTTP. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.kpi.acting import moment
from services.kpi.calendar.working_days import working_days
from services.kpi.forecasts import acting
from services.kpi.forecasts.acting import FORECASTS
from services.kpi.forecasts.commands import AdjustForecast, MakeForecast, ReviseForecast
from services.kpi.forecasts.forecast import Forecast
from services.kpi.forecasts.reads import router as reads
from services.kpi.month import first_day
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import http as records
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.http import Right

router = Router(prefix="/v1", tags=["forecasts"])

ROUTERS: tuple[Router, ...] = (router, reads)

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("/forecasts", status_code=201, operation_id="forecasts.make", responses=refuses(403, 409, 422))
async def make(command: MakeForecast, ctx: Ctx) -> Receipt:
    """Say what a month will bring (预测), the first time."""
    ctx.require_dealing()
    month = first_day(command.month)
    person_id = command.person_id or ctx.principal.acting_for
    id = Forecast.id_of(ctx.tenant_id, person_id, month)

    async def decide(work: Work) -> Forecast:
        await acting.require_own(ctx, person_id)
        unit_id = await acting.unit_of(ctx, person_id)
        now = moment(ctx, command.on)
        await acting.require_month_ahead(ctx, month, now.day)
        if await ctx.kit.repository(Forecast).load(ctx.tenant_id, id) is not None:
            raise Refused("forecast_exists", "that month has a forecast", pointer="/month")
        lines = [line.line() for line in command.lines]
        return work.add(
            Forecast.make_call(
                id=id, month=month, owner_id=person_id, unit_id=unit_id, lines=lines, day=now.day, at=now.at
            )
        )

    return await FORECASTS.together(ctx, decide, status=201, location=f"/v1/forecasts/{id}")


@router.post("/forecasts/{forecast_id}/revise", operation_id="forecasts.revise", responses=CHANGES)
async def revise(forecast_id: UUID, command: ReviseForecast, ctx: CtxMatch) -> Receipt:
    """Say otherwise; the calls before are kept."""

    async def decide(work: Work) -> Forecast:
        forecast = await work.load(FORECASTS, forecast_id, matched=True)
        person_id = forecast.standing["owner_id"]
        await acting.require_own(ctx, person_id)
        now = moment(ctx, command.on, forecast)
        await acting.require_month_ahead(ctx, forecast.standing["month"], now.day)
        unit_id = await acting.unit_of(ctx, person_id)
        forecast.revise([line.line() for line in command.lines], unit_id=unit_id, day=now.day, at=now.at)
        return forecast

    return await FORECASTS.together(ctx, decide)


@router.post("/forecasts/{forecast_id}/adjust", operation_id="forecasts.adjust", responses=CHANGES)
async def adjust(forecast_id: UUID, command: AdjustForecast, ctx: CtxMatch) -> Receipt:
    """Put the head's figure beside the person's (主管调整); both are kept."""

    async def decide(work: Work) -> Forecast:
        forecast = await work.load(FORECASTS, forecast_id, matched=True)
        await acting.require_above(ctx, forecast)
        now = moment(ctx, command.on, forecast)
        await acting.require_month_ahead(ctx, forecast.standing["month"], now.day)
        lines = [line.line() for line in command.lines]
        forecast.adjust(lines, reason=command.reason, by=now.by, day=now.day, at=now.at)
        return forecast

    return await FORECASTS.together(ctx, decide)


@router.post("/forecasts/{forecast_id}/correct", operation_id="forecasts.correct", responses=CHANGES)
async def correct(forecast_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct figures, a reason or the day of an earlier call or adjustment."""
    return await records.correct(ctx, FORECASTS, forecast_id, command, right=_right(command.version))


@router.post("/forecasts/{forecast_id}/void", operation_id="forecasts.void", responses=CHANGES)
async def void(forecast_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a later call, or an adjustment."""
    return await records.void(ctx, FORECASTS, forecast_id, command, right=_right(command.version))


def _right(version: int) -> Right[Forecast]:
    """The head's figure is the head's to correct; a call is the person's, until its month is over, or of who stands
    above."""

    async def right(ctx: CommandContext, forecast: Forecast) -> None:
        entry = forecast.entry_about(version)
        days = await working_days(ctx.kit.pool, ctx.tenant_id)
        over = day_of(ctx.now, ctx.principal.zone) > days.month_bounds(forecast.standing["month"])[1]
        if over or (entry is not None and entry.type == "ForecastAdjusted"):
            await acting.require_above(ctx, forecast)
        else:
            await acting.require_own_or_above(ctx, forecast)

    return right
