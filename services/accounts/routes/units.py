"""Commands on organisation units. The rules are in organisation.py; reading is in organisation_reads.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from services.accounts.account_commands import CorrectFact, VoidFact
from services.accounts.business_time import holds_from
from services.accounts.organisation import CloseUnit, MoveUnit, OpenUnit, Unit
from services.accounts.routes.own_place import require_no_wider
from services.accounts.routes.rights import (
    ORGANISES,
    UNITS,
    Holdings,
    claims,
    closing,
    open_unit,
    path_up,
    require,
    stays_open,
)
from services.accounts.views.people import PEOPLE as PEOPLE_VIEW
from services.accounts.views.units import UNITS as UNITS_VIEW
from shared.event_store.command import Claim, Command
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.projections.waiting import wait_for

router = Router(prefix="/v1/units", tags=["organisation"])
ON_RECORD = refuses(403, 404, 409, 412, 428)

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

    return await UNITS.together(
        ctx, decide, claims=lambda unit: [*claims(unit), *stays_open(command.parent_id)], status=201
    )


@router.post("/{unit_id}/move", operation_id="units.move", response_model=Receipt, responses=ON_RECORD)
async def move(unit_id: UUID, command: MoveUnit, ctx: CtxMatch) -> Receipt:
    """Put a unit, and all below it, under another one."""
    require(ctx.principal, *ORGANISES)

    async def decide(work: Work) -> Unit:
        unit = await work.load(UNITS, unit_id, matched=True)
        await open_unit(ctx, command.parent_id, pointer="/parent_id")
        await require_no_wider(ctx, unit.id, command.parent_id)
        path = await path_up(ctx, Unit, command.parent_id, "parent_id")
        unit.move(command, path=path, at=holds_from(command.on, now=ctx.now, zone=ctx.principal.zone, stream=unit))
        return unit

    return await UNITS.together(ctx, decide, claims=stays_open(command.parent_id))


@router.post("/{unit_id}/close", operation_id="units.close", response_model=Receipt, responses=ON_RECORD)
async def close(unit_id: UUID, command: CloseUnit, ctx: CtxMatch) -> Receipt:
    """Close a unit that has no open units below it and nobody at it."""
    require(ctx.principal, *ORGANISES)
    announced = False

    async def decide(work: Work) -> Unit:
        nonlocal announced
        unit = await work.load(UNITS, unit_id, matched=True)
        open_units = people = 0
        if unit.is_open:
            # nobody is put here from now on; who was before, the views will show
            await hand(ctx, releases=stays_open(unit_id), claims=[closing(unit_id)])
            announced = True
            open_units, people = await left_at(ctx, unit_id)
        at = holds_from(command.on, now=ctx.now, zone=ctx.principal.zone, stream=unit)
        unit.close(command, open_units=open_units, people=people, at=at)
        return unit

    try:
        return await UNITS.together(ctx, decide, claims=lambda unit: [] if unit.is_open else [closing(unit.id)])
    except BaseException:  # a request that is given up, too
        if announced:
            await asyncio.shield(reopen(ctx, unit_id))
        raise


@router.post(
    "/{unit_id}/correct",
    operation_id="units.correct",
    response_model=Receipt,
    responses=ON_RECORD,
)
async def correct(unit_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Say that an earlier fact was recorded wrongly; reports use the correction, history shows both."""
    return await mend(ctx, unit_id, lambda unit: unit.correct(command, at=ctx.now))


@router.post("/{unit_id}/void", operation_id="units.void", response_model=Receipt, responses=ON_RECORD)
async def void(unit_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened; that the unit was closed, for one."""
    return await mend(ctx, unit_id, lambda unit: unit.void(command.version, reason=command.reason, at=ctx.now))


async def mend(ctx: CommandContext, unit_id: UUID, step: Callable[[Unit], None]) -> Receipt:
    """Correct or take back, and see that the unit still stands under an open one and not below itself."""
    require(ctx.principal, *ORGANISES)
    holdings = Holdings()
    parents: list[UUID] = []

    async def decide(work: Work) -> Unit:
        unit = await work.load(UNITS, unit_id, matched=True)
        holdings.remember(unit)
        parents.clear()
        before = (unit.standing["parent_id"], unit.is_open)
        step(unit)
        parent_id = unit.standing["parent_id"]
        if parent_id is not None and (parent_id, unit.is_open) != before and unit.is_open:
            await open_unit(ctx, parent_id, pointer="/changes/parent_id")
            await require_no_wider(ctx, unit.id, parent_id)
            if unit.id in await path_up(ctx, Unit, parent_id, "parent_id"):
                raise Refused("below_itself", "a unit cannot stand below itself", status=422, pointer="/changes")
            parents.append(parent_id)
        return unit

    def given_up(unit: Unit) -> list[Claim]:
        return [*holdings.given_up(unit), *([closing(unit.id)] if unit.is_open else [])]

    return await UNITS.together(
        ctx, decide, claims=lambda unit: [*holdings.taken_up(unit), *stays_open(*parents)], releases=given_up
    )


async def hand(ctx: CommandContext, *, releases: Sequence[Claim], claims: Sequence[Claim]) -> None:
    """Give up claims and take others, with no fact."""
    await ctx.kit.store.append(
        Command(
            tenant_id=ctx.tenant_id,
            principal_id=ctx.principal.person_id,
            key=None,
            fingerprint=None,
            status=200,
            code="ok",
            appends=(),
            claims=tuple(claims),
            releases=tuple(releases),
            metadata=ctx.metadata(),
        )
    )


async def reopen(ctx: CommandContext, unit_id: UUID) -> None:
    """The unit was not closed after all: people may come again."""
    unit: Unit | None = await ctx.kit.repository(Unit).load(ctx.tenant_id, unit_id)
    if unit is not None and unit.is_open:
        await hand(ctx, releases=[closing(unit_id)], claims=())


async def left_at(ctx: CommandContext, unit_id: UUID) -> tuple[int, int]:
    """Open units below and people at a unit, by views that have seen the whole log."""
    kit = ctx.kit
    head = await kit.store.head(ctx.tenant_id)
    await wait_for(kit.pool, (UNITS_VIEW, PEOPLE_VIEW), ctx.tenant_id, head.position)
    open_units = await kit.pool.fetchval(OPEN_BELOW, ctx.tenant_id, unit_id)
    people = await kit.pool.fetchval(PEOPLE_AT, ctx.tenant_id, unit_id)
    return int(open_units), int(people)
