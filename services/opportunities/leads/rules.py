"""The published lead policies over HTTP. The rules of rules are in policy.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from services.opportunities.fields import Day
from services.opportunities.leads.policy import (
    LeadPolicies,
    LeadPolicy,
    PublishLeadPolicy,
    lead_policies_id,
    lead_policy_on,
)
from services.opportunities.routes.names import Names, names
from services.opportunities.routes.references import known
from services.opportunities.routes.rights import require
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, Parts, Who
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.publishing import PUBLISHERS

router = Router(prefix="/v1/lead-policies", tags=["rules"])
POLICIES: Commands[LeadPolicies] = Commands(LeadPolicies)


class LeadRuleShown(BaseModel):
    """Who gets the leads of a channel (null: any) that come to a unit or below it (null: any)."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    channel: str | None
    unit_id: UUID | None
    assign: str
    persons: Sequence[UUID]
    answer_hours: Decimal | None


class LeadPolicyShown(BaseModel):
    """A lead policy; version 0 is the shipped one."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    effective_from: date
    answer_hours: Decimal | None
    rules: Sequence[LeadRuleShown]


class LeadPoliciesShown(BaseModel):
    """The policy in force on a day, and all that were published, in their order."""

    on: date
    in_force: LeadPolicyShown
    rows: Sequence[LeadPolicyShown]
    names: Names


@router.post("", status_code=201, operation_id="lead_policies.publish", responses=refuses(403, 409, 422))
async def publish(command: PublishLeadPolicy, ctx: Ctx) -> Receipt:
    """Publish who gets which leads and how soon they are answered, from a day on."""
    require(ctx.principal, PUBLISHERS)

    async def decide(work: Work) -> LeadPolicies:
        await _require_known(ctx, command)
        id = lead_policies_id(ctx.tenant_id)
        policies: LeadPolicies | None = await ctx.kit.repository(LeadPolicies).load(ctx.tenant_id, id)
        return work.add(LeadPolicies.published(policies, command, tenant_id=ctx.tenant_id, at=ctx.now))

    return await POLICIES.together(ctx, decide, status=201, location=ctx.call.path)


@router.get("", operation_id="lead_policies.list")
async def lead_policies(
    who: Who, parts: Parts, on: Annotated[Day | None, Query(description="In force on this day; default today.")] = None
) -> LeadPoliciesShown:
    """All lead policies, and the one in force."""
    day = on or day_of(parts.clock(), who.zone)
    published: LeadPolicies | None = await parts.repository(LeadPolicies).load(
        who.tenant_id, lead_policies_id(who.tenant_id)
    )
    rows: Sequence[LeadPolicy] = () if published is None else published.standing["policies"]
    rules = [rule for policy in rows for rule in policy.rules]
    return LeadPoliciesShown(
        on=day,
        in_force=LeadPolicyShown.model_validate(lead_policy_on(published, day)),
        rows=[LeadPolicyShown.model_validate(policy) for policy in rows],
        names=await names(
            parts,
            who.tenant_id,
            people={person for rule in rules for person in rule.persons},
            others={rule.unit_id for rule in rules},
        ),
    )


async def _require_known(ctx: CommandContext, command: PublishLeadPolicy) -> None:
    """Raises Refused 422 `unknown_person`, `unknown_unit`."""
    ids: set[Any] = {person for rule in command.rules for person in rule.persons}
    found = await known(ctx.kit.pool, ctx.tenant_id, ids | {rule.unit_id for rule in command.rules})
    for number, rule in enumerate(command.rules):
        if rule.unit_id is not None and getattr(found.get(rule.unit_id), "stream_type", None) != "unit":
            raise Refused("unknown_unit", "there is no such unit", status=422, pointer=f"/rules/{number}/unit_id")
        for index, person in enumerate(rule.persons):
            if getattr(found.get(person), "stream_type", None) != "person":
                pointer = f"/rules/{number}/persons/{index}"
                raise Refused("unknown_person", "there is no such person", status=422, pointer=pointer)
