"""Customer-base inventories over HTTP: open, fix again, decide, sign. The rules are elsewhere."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.kpi.acting import moment, require_unit
from services.kpi.asking import Asking
from services.kpi.calendar.working_days import working_days
from services.kpi.inventories.acting import INVENTORIES, Taken
from services.kpi.inventories.commands import DecideLines, FixAgain, OpenInventory, SignInventory
from services.kpi.inventories.events import InventoryPart, LineDecided
from services.kpi.inventories.inventory import Inventory
from services.kpi.inventories.reads import router as reads
from services.kpi.month import first_day, later, said
from services.kpi.months.closes import closes
from services.kpi.referring import known, require_unit_known
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.http import correct as correct_record
from shared.records.http import void as void_record

router = Router(prefix="/v1/inventories", tags=["inventories"])

CHANGES = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="inventories.open", responses=refuses(403, 409, 422))
async def open_inventory(command: OpenInventory, ctx: Ctx) -> Receipt:
    """Take stock of the customer base (盘点) of a unit and all below it; one sheet a unit and month."""
    await require_unit(ctx, command.unit_id)
    require_unit_known(await known(ctx.kit.pool, ctx.tenant_id, [command.unit_id]), command.unit_id, "/unit_id")
    month = None if command.month is None else first_day(command.month)
    month, stock_on = await _day(ctx, month, command.on)
    opened = Inventory.open(
        tenant_id=ctx.tenant_id,
        unit_id=command.unit_id,
        month=month,
        stock_on=stock_on,
        position=await _head(ctx),
        opening_position=await _close_before(ctx, month),
        no_contact_days=command.no_contact_days,
        by=ctx.principal.acting_for,
        at=ctx.now,
    )
    return await INVENTORIES.open(ctx, opened)


@router.post("/{inventory_id}/fix-again", operation_id="inventories.fix_again", responses=CHANGES)
async def fix_again(inventory_id: UUID, command: FixAgain, ctx: CtxMatch) -> Receipt:
    """Take the sheet anew, at the end of the log as it is now; what was decided of lines is asked again."""

    async def decide(work: Work) -> Inventory:
        inventory = await work.load(INVENTORIES, inventory_id, matched=True)
        await require_unit(ctx, inventory.standing["unit_id"])
        month = inventory.standing["month"]
        _, stock_on = await _day(ctx, month, command.on or inventory.standing["stock_on"])
        inventory.fix_again(
            stock_on=stock_on,
            position=await _head(ctx),
            opening_position=await _close_before(ctx, month),
            reason=command.reason,
            at=moment(ctx, None, inventory).at,
        )
        return inventory

    return await INVENTORIES.together(ctx, decide)


@router.post("/{inventory_id}/decide", operation_id="inventories.decide", responses=refuses(404, 409, 422))
async def decide_lines(inventory_id: UUID, command: DecideLines, ctx: Ctx) -> Receipt:
    """Say of lines what they are: confirmed, judged anew, frozen, given up. Several people may do so at once."""

    async def decide(work: Work) -> Inventory:
        inventory = await work.load(INVENTORIES, inventory_id, matched=True)
        taken = await Taken.of(ctx.kit, ctx.principal, inventory)
        await _require_lines(taken, command)
        now = moment(ctx, None, inventory)
        inventory.decide(command.lines, by=now.by, on=now.day, at=now.at)
        return inventory

    return await INVENTORIES.together(ctx, decide)


@router.post("/{inventory_id}/sign", operation_id="inventories.sign", responses=CHANGES)
async def sign(inventory_id: UUID, command: SignInventory, ctx: CtxMatch) -> Receipt:
    """Sign the sheet as its head. Lines that nobody decided are refused, or accepted and counted."""

    async def decide(work: Work) -> Inventory:
        inventory = await work.load(INVENTORIES, inventory_id, matched=True)
        await require_unit(ctx, inventory.standing["unit_id"])
        taken = await Taken.of(ctx.kit, ctx.principal, inventory)
        rows = [*await taken.prospects(), *await taken.owners()]
        unconfirmed = sum(row["state"] == "unconfirmed" for row in rows)
        if unconfirmed and not command.accept_unconfirmed:
            raise Refused("lines_unconfirmed", "lines are not confirmed", unconfirmed=unconfirmed)
        now = moment(ctx, None, inventory)
        inventory.sign(by=now.by, on=now.day, lines=len(rows), unconfirmed=unconfirmed, at=now.at)
        return inventory

    return await INVENTORIES.together(ctx, decide)


@router.post("/{inventory_id}/correct", operation_id="inventories.correct", responses=CHANGES)
async def correct(inventory_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what an earlier fact said: the days without contact, the reason of a fixing."""
    return await correct_record(ctx, INVENTORIES, inventory_id, command, right=_heads)


@router.post("/{inventory_id}/void", operation_id="inventories.void", responses=CHANGES)
async def void(inventory_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a signature, a fixing, or decisions that never were."""
    return await void_record(ctx, INVENTORIES, inventory_id, command, right=_heads)


# -- what it refers to -----------------------------------------------------------------------------------------


async def _heads(ctx: CommandContext, inventory: Inventory) -> None:
    await require_unit(ctx, inventory.standing["unit_id"])


async def _day(ctx: CommandContext, month: date | None, on: date | None) -> tuple[date, date]:
    """Month and day of the stock. Raises Refused 422 `in_the_future`, `not_in_that_month`."""
    calendar = await working_days(ctx.kit.pool, ctx.tenant_id)
    today = day_of(ctx.now, ctx.principal.zone)
    if on is not None and on > today:
        raise Refused("in_the_future", f"{on} is not yet", status=422, pointer="/on", on=on.isoformat())
    month = month or calendar.month_of(on or today)
    first, last = calendar.month_bounds(month)
    if first > today:
        raise Refused("in_the_future", f"{month} has not begun", status=422, pointer="/month", on=first.isoformat())
    day = on or min(last, today)
    if not first <= day <= last:
        raise Refused(
            "not_in_that_month", "that is another month", status=422, pointer="/on", on=day.isoformat(),
            month=said(month),
        )  # fmt: skip
    return month, day


async def _head(ctx: CommandContext) -> int:
    return (await ctx.kit.store.head(ctx.tenant_id)).position


async def _close_before(ctx: CommandContext, month: date) -> int | None:
    """At which position the month before was closed."""
    asking = Asking(ctx.tenant_id, ctx.principal.zone, ctx.now, await ctx.kit.sight(ctx.principal), latest=True)
    close = (await closes(ctx.kit.pool, asking, now=ctx.now)).get(later(month, -1))
    return None if close is None else close.position


async def _require_lines(taken: Taken, command: DecideLines) -> None:
    """Raises Refused 422 `unknown_line`, `not_of_owners`; Problem 404 when the sheet has none of them for who asks."""
    given = {part: [line.id for line in command.lines if line.part is part] for part in InventoryPart}
    known = {
        InventoryPart.PROSPECTS: {row["id"] for row in await taken.prospects(given[InventoryPart.PROSPECTS])},
        InventoryPart.OWNERS: {row["id"] for row in await taken.owners(given[InventoryPart.OWNERS])},
    }
    if not any(known.values()):
        raise Problem(404, "not_found")
    for index, line in enumerate(command.lines):
        pointer = f"/lines/{index}"
        if line.id not in known[line.part]:
            raise Refused("unknown_line", "the sheet has no such line", status=422, pointer=f"{pointer}/id")
        if line.part is InventoryPart.OWNERS and line.decided in (LineDecided.REJUDGE, LineDecided.FREEZE):
            raise Refused("not_of_owners", "owners are not judged", status=422, pointer=f"{pointer}/decided")


ROUTERS: tuple[Router, ...] = (router, reads)
