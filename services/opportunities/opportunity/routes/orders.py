"""Commands on an order over HTTP: from the order to the last unit installed. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.opportunities.opportunity.commands.orders import (
    AmendOrder,
    CancelUnits,
    DeliverUnits,
    InstallUnits,
    RescheduleDelivery,
    ShipUnits,
    TellCustomer,
    WinDeal,
)
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment, act
from services.opportunities.routes.references import require_products
from shared.http.context import CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router

router = Router(prefix="/v1/opportunities", tags=["opportunities"])

CHANGES = refuses(404, 409, 412, 422, 428)


@router.post("/{opportunity_id}/win", operation_id="opportunities.win", responses=CHANGES)
async def win(opportunity_id: UUID, command: WinDeal, ctx: CtxMatch) -> Receipt:
    """The customer signed or paid a deposit: level O."""

    async def check() -> None:
        await require_products(ctx, command.lines)

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.win(command, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, check=check)


@router.post("/{opportunity_id}/amend", operation_id="opportunities.amend", responses=CHANGES)
async def amend(opportunity_id: UUID, command: AmendOrder, ctx: CtxMatch) -> Receipt:
    """Change what the order says."""

    async def check() -> None:
        await require_products(ctx, command.lines)

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.amend(command, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, check=check)


@router.post("/{opportunity_id}/deliver", operation_id="opportunities.deliver", responses=CHANGES)
async def deliver(opportunity_id: UUID, command: DeliverUnits, ctx: CtxMatch) -> Receipt:
    """Units were handed over to the customer (AAK), by number or by serial."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.deliver(command, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step, on=command.on)


@router.post("/{opportunity_id}/cancel", operation_id="opportunities.cancel", responses=CHANGES)
async def cancel(opportunity_id: UUID, command: CancelUnits, ctx: CtxMatch) -> Receipt:
    """Units were cancelled (退订), or the whole order."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.cancel(command, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step, on=command.on)


@router.post("/{opportunity_id}/reschedule", operation_id="opportunities.reschedule", responses=CHANGES)
async def reschedule(opportunity_id: UUID, command: RescheduleDelivery, ctx: CtxMatch) -> Receipt:
    """What was promised comes on another day (交期变更)."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.reschedule(command, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step, on=command.on)


@router.post("/{opportunity_id}/tell-customer", operation_id="opportunities.tell_customer", responses=CHANGES)
async def tell_customer(opportunity_id: UUID, command: TellCustomer, ctx: CtxMatch) -> Receipt:
    """The customer was told that what was promised comes later."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.tell_customer(command, by=now.by, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step, on=command.on)


@router.post("/{opportunity_id}/ship", operation_id="opportunities.ship", responses=CHANGES)
async def ship(opportunity_id: UUID, command: ShipUnits, ctx: CtxMatch) -> Receipt:
    """Units left for the customer (发运)."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.ship(command, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step, on=command.on)


@router.post("/{opportunity_id}/install", operation_id="opportunities.install", responses=CHANGES)
async def install(opportunity_id: UUID, command: InstallUnits, ctx: CtxMatch) -> Receipt:
    """Delivered units were put into operation (安装)."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.install(command, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step, on=command.on)
