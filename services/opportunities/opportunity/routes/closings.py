"""Commands that close a prospect or bring it back, over HTTP: defeat, freeze, contact lost. The rules are elsewhere."""

from __future__ import annotations

from uuid import UUID

from services.opportunities.events import DefeatKind
from services.opportunities.opportunity.commands.closings import (
    ApproveDefeat,
    DisposeProspect,
    FreezeInstead,
    FreezeProspect,
    GiveTo,
    LoseContact,
    RejectDefeat,
    ReopenDeal,
    RequestDefeat,
    ResumeProspect,
    ReviewFreeze,
    VerifyDefeat,
)
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.policies.approval_policy import ApprovalPolicy
from services.opportunities.routes.acting import Moment, act
from services.opportunities.routes.references import owner_and_unit
from services.opportunities.routes.rights import require_hands_over, require_in_line, require_verifier
from shared.days import day_of
from shared.http.context import CommandContext, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router

router = Router(prefix="/v1/opportunities", tags=["opportunities"])

CHANGES = refuses(404, 409, 412, 422, 428)
APPROVALS = CHANGES | refuses(403)


@router.post("/{opportunity_id}/request-defeat", operation_id="opportunities.request_defeat", responses=CHANGES)
async def request_defeat(opportunity_id: UUID, command: RequestDefeat, ctx: CtxMatch) -> Receipt:
    """Ask to close a prospect as lost (战败申请); it stays in stock until approved.

    The receipt of one that is presumed only (准战败) says `freeze_proposed`: whoever reviews it is shown a freeze.
    """

    def step(opportunity: Opportunity, now: Moment) -> None:
        policies = _in_force(ctx, now)
        opportunity.request_defeat(
            command,
            by=now.by,
            at=now.at,
            day=now.day,
            catalogue=now.rules.catalogue(now.day),
            automatic=all(one.approve_defeat == "automatic" and not one.verifies for one in policies),
        )

    code = "freeze_proposed" if command.kind is DefeatKind.PRESUMED else "ok"
    return await act(ctx, opportunity_id, step, on=command.on, code=code)


@router.post("/{opportunity_id}/verify-defeat", operation_id="opportunities.verify_defeat", responses=APPROVALS)
async def verify_defeat(opportunity_id: UUID, command: VerifyDefeat, ctx: CtxMatch) -> Receipt:
    """Say what calling the customer back came to, before a defeat is approved (客服核实)."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.verify_defeat(
            command,
            by=now.by,
            at=now.at,
            day=now.day,
            catalogue=now.rules.catalogue(now.day),
            automatic=all(one.approve_defeat == "automatic" for one in _in_force(ctx, now)),
        )

    return await act(ctx, opportunity_id, step, on=command.on, right=require_verifier)


@router.post("/{opportunity_id}/approve-defeat", operation_id="opportunities.approve_defeat", responses=APPROVALS)
async def approve_defeat(opportunity_id: UUID, command: ApproveDefeat, ctx: CtxMatch) -> Receipt:
    """Approve a defeat (战败): it counts on this day."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.approve_defeat(
            command,
            by=now.by,
            at=now.at,
            catalogue=now.rules.catalogue(now.day),
            verifies=any(one.verifies for one in _in_force(ctx, now)),
        )

    return await act(ctx, opportunity_id, step, on=command.on, right=require_in_line)


@router.post("/{opportunity_id}/reject-defeat", operation_id="opportunities.reject_defeat", responses=APPROVALS)
async def reject_defeat(opportunity_id: UUID, command: RejectDefeat, ctx: CtxMatch) -> Receipt:
    """Do not approve a defeat: the prospect goes on at the level before."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.reject_defeat(command, by=now.by, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, right=require_in_line)


@router.post("/{opportunity_id}/freeze-instead", operation_id="opportunities.freeze_instead", responses=APPROVALS)
async def freeze_instead(opportunity_id: UUID, command: FreezeInstead, ctx: CtxMatch) -> Receipt:
    """Put a prospect on ice until a recall date instead of approving its defeat."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.freeze_instead(command, by=now.by, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step, on=command.on, right=require_in_line)


@router.post("/{opportunity_id}/give-to", operation_id="opportunities.give_to", responses=APPROVALS)
async def give_to(opportunity_id: UUID, command: GiveTo, ctx: CtxMatch) -> Receipt:
    """Do not approve a defeat; somebody else goes on with the prospect, at the level before."""
    unit: UUID | None = None

    async def check() -> None:
        nonlocal unit
        unit = (await owner_and_unit(ctx, command.owner_id, command.unit_id))[1]
        await require_hands_over(ctx, command.owner_id)

    def step(opportunity: Opportunity, now: Moment) -> None:
        assert unit is not None
        opportunity.give_to(command, unit_id=unit, by=now.by, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, right=require_in_line, check=check)


@router.post("/{opportunity_id}/freeze", operation_id="opportunities.freeze", responses=CHANGES)
async def freeze(opportunity_id: UUID, command: FreezeProspect, ctx: CtxMatch) -> Receipt:
    """Ask to put a prospect on ice until a recall date (冷冻)."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        automatic = all(one.approve_freeze == "automatic" for one in _in_force(ctx, now))
        opportunity.freeze(command, by=now.by, at=now.at, day=now.day, automatic=automatic)

    return await act(ctx, opportunity_id, step, on=command.on)


@router.post("/{opportunity_id}/approve-freeze", operation_id="opportunities.approve_freeze", responses=APPROVALS)
async def approve_freeze(opportunity_id: UUID, command: ReviewFreeze, ctx: CtxMatch) -> Receipt:
    """Approve a freeze: out of the open stock until resumed."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.approve_freeze(command, by=now.by, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, right=require_in_line)


@router.post("/{opportunity_id}/reject-freeze", operation_id="opportunities.reject_freeze", responses=APPROVALS)
async def reject_freeze(opportunity_id: UUID, command: ReviewFreeze, ctx: CtxMatch) -> Receipt:
    """Do not approve a freeze: the prospect goes on."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.reject_freeze(command, by=now.by, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, right=require_in_line)


@router.post("/{opportunity_id}/lose-contact", operation_id="opportunities.lose_contact", responses=CHANGES)
async def lose_contact(opportunity_id: UUID, command: LoseContact, ctx: CtxMatch) -> Receipt:
    """Say that the customer cannot be reached any more (失控)."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.lose_contact(command, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step, on=command.on)


@router.post("/{opportunity_id}/resume", operation_id="opportunities.resume", responses=CHANGES)
async def resume(opportunity_id: UUID, command: ResumeProspect, ctx: CtxMatch) -> Receipt:
    """Work on a frozen or lost prospect again, at its level before."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.resume(command, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, opening=command)


@router.post("/{opportunity_id}/reopen", operation_id="opportunities.reopen", responses=CHANGES)
async def reopen(opportunity_id: UUID, command: ReopenDeal, ctx: CtxMatch) -> Receipt:
    """Bring a defeated, cancelled or disposed opportunity to life again (再激活)."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.reopen(command, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, opening=command)


@router.post("/{opportunity_id}/dispose", operation_id="opportunities.dispose", responses=CHANGES)
async def dispose(opportunity_id: UUID, command: DisposeProspect, ctx: CtxMatch) -> Receipt:
    """End a record without a defeat: no intention, or a duplicate."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.dispose(command, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on)


def _in_force(ctx: CommandContext, now: Moment) -> tuple[ApprovalPolicy, ...]:
    """What needs approval on the day told of, and on the day it is entered: nobody chooses a day to need none."""
    return tuple(now.rules.approval(day) for day in sorted({now.day, day_of(ctx.now, now.zone)}))
