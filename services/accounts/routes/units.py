"""Commands on organisation units. The rules are in organisation.py; reading is in organisation_reads.py."""

from __future__ import annotations

from uuid import UUID

from services.accounts.business_time import holds_from
from services.accounts.organisation import CloseUnit, MoveUnit, OpenUnit, Unit
from services.accounts.routes.rights import ORGANISES, UNITS, claims, open_unit, path_up, require
from services.accounts.views.people import PEOPLE as PEOPLE_VIEW
from services.accounts.views.units import UNITS as UNITS_VIEW
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.projections.waiting import wait_for

router = Router(prefix="/v1/units", tags=["organisation"])

OPEN_BELOW = f"""
select count(*) from {UNITS_VIEW.table}
 where tenant_id = $1 and parent_id = $2 and to_at is null and status = 'open'
"""  # noqa: S608 - constants only
PEOPLE_AT = f"""
select count(*) from {PEOPLE_VIEW.table}
 where tenant_id = $1 and (unit_id = $2 or reports_to_unit_id = $2) and to_at is null and status = 'active'
"""  # noqa: S608 - constants only


@router.post(
    "", status_code=201, operation_id="units.open", response_model=Receipt, responses=refuses(403, 409, 422),
)  # fmt: skip
async def open_(command: OpenUnit, ctx: Ctx) -> Receipt:
    """Open a unit below another."""
    require(ctx.principal, *ORGANISES)

    async def decide(work: Work) -> Unit:
        await open_unit(ctx, command.parent_id, pointer="/parent_id")
        at = holds_from(command.on, now=ctx.now, zone=ctx.principal.zone)
        return work.add(Unit.open(ctx.new_id("unit"), command, at=at))

    return await UNITS.together(ctx, decide, claims=claims, status=201)


@router.post(
    "/{unit_id}/move", operation_id="units.move", response_model=Receipt, responses=refuses(403, 404, 409, 412, 428)
)
async def move(unit_id: UUID, command: MoveUnit, ctx: CtxMatch) -> Receipt:
    """Put a unit, and all below it, under another one."""
    require(ctx.principal, *ORGANISES)

    async def decide(work: Work) -> Unit:
        unit = await work.load(UNITS, unit_id, matched=True)
        await open_unit(ctx, command.parent_id, pointer="/parent_id")
        path = await path_up(ctx, Unit, command.parent_id, "parent_id")
        unit.move(command, path=path, at=holds_from(command.on, now=ctx.now, zone=ctx.principal.zone, stream=unit))
        return unit

    return await UNITS.together(ctx, decide)


@router.post(
    "/{unit_id}/close", operation_id="units.close", response_model=Receipt, responses=refuses(403, 404, 409, 412, 428)
)
async def close(unit_id: UUID, command: CloseUnit, ctx: CtxMatch) -> Receipt:
    """Close a unit that has no open units below it and nobody at it."""
    require(ctx.principal, *ORGANISES)

    async def decide(work: Work) -> Unit:
        unit = await work.load(UNITS, unit_id, matched=True)
        open_units, people = await left_at(ctx, unit_id) if unit.is_open else (0, 0)
        at = holds_from(command.on, now=ctx.now, zone=ctx.principal.zone, stream=unit)
        unit.close(command, open_units=open_units, people=people, at=at)
        return unit

    return await UNITS.together(ctx, decide)


async def left_at(ctx: CommandContext, unit_id: UUID) -> tuple[int, int]:
    """Open units below and people at a unit, by views that have seen the whole log."""
    kit = ctx.kit
    head = await kit.store.head(ctx.tenant_id)
    await wait_for(kit.pool, (UNITS_VIEW, PEOPLE_VIEW), ctx.tenant_id, head.position)
    open_units = await kit.pool.fetchval(OPEN_BELOW, ctx.tenant_id, unit_id)
    people = await kit.pool.fetchval(PEOPLE_AT, ctx.tenant_id, unit_id)
    return int(open_units), int(people)
