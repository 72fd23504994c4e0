"""Company figures entered or handed over by other systems over HTTP. The rules are elsewhere."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from services.kpi.acting import require_unit
from services.kpi.company.commands import ReceiveFigure, RecordFigure
from services.kpi.company.figure import CompanyFigure, claims, months_of
from services.kpi.company.reads import router as reads
from services.kpi.company.reads import sees_figure
from services.kpi.month import last_day, later
from services.kpi.referring import known, require_unit_known
from shared.days import day_of
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.principal import (
    BACK_OFFICE,
    BRANCH_MANAGER,
    DEPARTMENT_HEAD,
    DIRECTOR,
    FINANCE,
    HEAD_OFFICE,
    INTEGRATION,
    REGIONAL_MANAGER,
)
from shared.records import http as records
from shared.records.business_time import business_time
from shared.records.corrections import CorrectFact, VoidFact

router = Router(prefix="/v1/company-figures", tags=["company"])

ENTER = frozenset(
    (FINANCE, BACK_OFFICE, DEPARTMENT_HEAD, BRANCH_MANAGER, REGIONAL_MANAGER, DIRECTOR, HEAD_OFFICE, INTEGRATION)
)
"""Enter figures of what they see."""
NEW = refuses(403, 409, 422)
CHANGES = refuses(403, 404, 409, 412, 422, 428)

ACCOUNT = """
select (e.data -> 'standing' ->> 'owner_id')::uuid as owner_id, (e.data -> 'standing' ->> 'unit_id')::uuid as unit_id
  from es.events e
 where e.tenant_id = $1 and e.stream_id = $2 and e.stream_type = 'account'
 order by e.version desc
 limit 1
"""


def _taken(_: Claim) -> Refused:
    return Refused("figure_taken", "that figure is recorded", pointer="/period")


async def _sees(ctx: CommandContext, figure: CompanyFigure) -> bool:
    return await sees_figure(ctx.kit, ctx.principal, figure)


FIGURES: Commands[CompanyFigure] = Commands(CompanyFigure, sees=_sees, taken=_taken)


@router.post("", status_code=201, operation_id="company_figures.record", responses=NEW)
async def record(command: RecordFigure, ctx: Ctx) -> Receipt:
    """Record the company's sales or profit, or what a customer spent with everybody (公司数据)."""
    unit_id = await _allowed(ctx, command)

    async def decide(work: Work) -> CompanyFigure:
        made = CompanyFigure.record_figure(
            command,
            id=ctx.new_id(CompanyFigure.stream_type),
            unit_id=unit_id,
            by=ctx.principal.acting_for,
            at=_at(ctx, command),
        )
        return work.add(made)

    id = ctx.new_id(CompanyFigure.stream_type)
    return await FIGURES.together(ctx, decide, claims=claims, status=201, location=f"/v1/company-figures/{id}")


@router.post("/receive", operation_id="company_figures.receive", responses=NEW)
async def receive(command: ReceiveFigure, ctx: Ctx) -> Receipt:
    """Take a figure over from another system; told again under its key, the amount is corrected."""
    unit_id = await _allowed(ctx, command)
    id = uuid5(ctx.tenant_id, f"{CompanyFigure.stream_type}:{command.system}:{command.key}")

    async def decide(work: Work) -> CompanyFigure:
        known_one: CompanyFigure | None = await ctx.kit.repository(CompanyFigure).load(ctx.tenant_id, id)
        if known_one is None:
            return work.add(
                CompanyFigure.record_figure(
                    command,
                    id=id,
                    unit_id=unit_id,
                    by=ctx.principal.acting_for,
                    at=_at(ctx, command),
                    system=command.system,
                    key=command.key,
                )
            )
        figure = await work.load(FIGURES, id)
        figure.restate(command, unit_id=unit_id, system=command.system, at=ctx.now)
        return figure

    return await FIGURES.together(
        ctx, decide, claims=lambda made: claims(made) if made.version == 1 and made.pending_events else ()
    )


@router.post("/{figure_id}/correct", operation_id="company_figures.correct", responses=CHANGES)
async def correct(figure_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct the amount, or the day, of a figure."""
    return await records.correct(ctx, FIGURES, figure_id, command, right=_right)


@router.post("/{figure_id}/void", operation_id="company_figures.void", responses=CHANGES)
async def void(figure_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a figure that never was, or a correction of it."""

    async def decide(work: Work) -> CompanyFigure:
        figure = await work.load(FIGURES, figure_id, matched=True)
        await _right(ctx, figure)
        figure.void(command.version, reason=command.reason, at=ctx.now)
        return figure

    return await FIGURES.together(ctx, decide, releases=lambda figure: () if figure.standing else claims(figure))


# -- who and what it refers to -------------------------------------------------------------------------------


async def _right(ctx: CommandContext, figure: CompanyFigure) -> None:
    await require_unit(ctx, figure.about["unit_id"], ENTER)


async def _allowed(ctx: CommandContext, command: RecordFigure) -> UUID:
    """The unit it is of. Raises Problem 403, Refused 422 `unknown_unit`, `unknown_account`."""
    unit_id = command.unit_id or ctx.principal.unit_id
    if unit_id is None:
        raise Refused("unknown_unit", "of which unit?", status=422, pointer="/unit_id")
    await require_unit(ctx, unit_id, ENTER)
    require_unit_known(await known(ctx.kit.pool, ctx.tenant_id, [unit_id]), unit_id, "/unit_id")
    if command.account_id is not None:
        account = await ctx.kit.pool.fetchrow(ACCOUNT, ctx.tenant_id, command.account_id)
        sight = await ctx.kit.sight(ctx.principal)
        if account is None or not sight.sees(owner_id=account["owner_id"], unit_id=account["unit_id"]):
            raise Refused("unknown_account", "there is no such customer", status=422, pointer="/account_id")
    return unit_id


def _at(ctx: CommandContext, command: RecordFigure) -> datetime:
    """Business time: the last day of the period, or now when that is not over."""
    month, months = months_of(command.period)
    last = last_day(later(month, months - 1))
    zone = ctx.principal.zone
    return ctx.now if last >= day_of(ctx.now, zone) else business_time(last, now=ctx.now, zone=zone)


ROUTERS: tuple[Router, ...] = (reads, router)
