"""Commands of follow-up over HTTP: contacts made and planned, and the policy of escalation. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from services.opportunities.fields import Day
from services.opportunities.follow_ups.commands import MakeContact, PlanFollowUp
from services.opportunities.follow_ups.contacts import NARRATIVE, contact_text
from services.opportunities.follow_ups.policy import (
    FollowUpPolicies,
    PublishFollowUpPolicy,
    follow_up_policy_on,
)
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment, act
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.context import CommandContext, Ctx, CtxMatch, Parts, Who
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import Of
from shared.records import publishing
from shared.records.vaulted import keep

router = Router(prefix="/v1")


@router.post(
    "/opportunities/{opportunity_id}/contact",
    operation_id="opportunities.contact",
    tags=["opportunities"],
    responses=refuses(404, 409, 412, 422),
)
async def contact(opportunity_id: UUID, command: MakeContact, ctx: Ctx) -> Receipt:
    """Say that somebody called, wrote to or met the customer, and when the next contact is to be (跟进)."""
    said_at = _instant(command, ctx)

    def step(opportunity: Opportunity, now: Moment) -> None:
        at = said_at or now.at
        opportunity.contact(command, by=now.by, at=at, day=day_of(at, now.zone))

    receipt = await act(ctx, opportunity_id, step, on=command.on)
    text = contact_text(opportunity_id, receipt.version)
    await keep(ctx, {text: {NARRATIVE: command.narrative}}, Of("opportunity", opportunity_id))
    return receipt


@router.post(
    "/opportunities/{opportunity_id}/plan-follow-up",
    operation_id="opportunities.plan_follow_up",
    tags=["opportunities"],
    responses=refuses(404, 409, 412, 422, 428),
)
async def plan_follow_up(opportunity_id: UUID, command: PlanFollowUp, ctx: CtxMatch) -> Receipt:
    """Plan the next contact with the customer; the latest plan counts."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.plan_follow_up(command, by=now.by, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step)


def _instant(command: MakeContact, ctx: CommandContext) -> datetime | None:
    """Raises Refused 422 `two_times`, `in_the_future`."""
    if command.at is None:
        return None
    if command.on is not None:
        raise Refused("two_times", "give a day or an instant", status=422, pointer="/at")
    if command.at > ctx.now:
        raise Refused("in_the_future", "that is not yet", status=422, pointer="/at", on="")
    return command.at.astimezone(UTC)


# -- policy ------------------------------------------------------------------------------------------------


class EscalationShown(BaseModel):
    """After how many days overdue a duty of this level is the head's, too; null: never."""

    model_config = ConfigDict(from_attributes=True)

    level: str
    after_days: int | None


class FollowUpPolicyShown(BaseModel):
    """When an overdue follow-up is the head's, on a day."""

    on: date
    effective_from: date
    escalations: Sequence[EscalationShown]
    otherwise_after_days: int | None


@router.post(
    "/follow-up-policies",
    status_code=201,
    operation_id="follow_up_policies.publish",
    tags=["rules"],
    responses=refuses(403, 409, 422),
)
async def publish(command: PublishFollowUpPolicy, ctx: Ctx) -> Receipt:
    """Publish when an overdue follow-up is the head's, from a day on."""
    return await publishing.publish(
        ctx,
        FollowUpPolicies,
        FollowUpPolicies.id_of(ctx.tenant_id),
        lambda stream: FollowUpPolicies.published(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.get("/follow-up-policies", operation_id="follow_up_policies.read", tags=["rules"])
async def policy(
    who: Who, parts: Parts, on: Annotated[Day | None, Query(description="In force on this day; default today.")] = None
) -> FollowUpPolicyShown:
    """When an overdue follow-up is the head's."""
    day = on or day_of(parts.clock(), who.zone)
    stream = await parts.repository(FollowUpPolicies).load(who.tenant_id, FollowUpPolicies.id_of(who.tenant_id))
    found = follow_up_policy_on(FollowUpPolicies.known(stream), day)
    return FollowUpPolicyShown(
        on=day,
        effective_from=found.effective_from,
        escalations=[EscalationShown.model_validate(rule) for rule in found.escalations],
        otherwise_after_days=found.otherwise_after_days,
    )
