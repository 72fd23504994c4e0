"""Who approves which contract, over HTTP: published, and in force on a day. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel

from services.opportunities.contracts.contract_policy import (
    ContractPolicies,
    PublishContractPolicy,
)
from services.opportunities.policies.routes import DayText, publish
from services.opportunities.reports.asking import money
from services.opportunities.reports.shapes import Money
from shared.days import day_of
from shared.http.context import Ctx, Parts, Who
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router

router = Router(prefix="/v1/contract-policies", tags=["rules"])


class AmountShown(BaseModel):
    """The limit of a function in a currency."""

    function: str
    currency: str
    amount: Money


class ContractPolicyShown(BaseModel):
    """Who approves and signs contracts up to which amount on a day."""

    on: date
    effective_from: date
    limits: Sequence[AmountShown]
    unlimited: Sequence[str]


@router.post("", status_code=201, operation_id="contract_policies.publish", responses=refuses(403, 409, 422))
async def publish_contract_policy(command: PublishContractPolicy, ctx: Ctx) -> Receipt:
    """Publish who approves and signs contracts up to which amount, from a day on."""
    return await publish(
        ctx,
        ContractPolicies,
        ContractPolicies.id_of(ctx.tenant_id),
        lambda stream: ContractPolicies.published(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.get("", operation_id="contract_policies.read")
async def contract_policy(who: Who, parts: Parts, on: DayText = None) -> ContractPolicyShown:
    """Who approves and signs contracts up to which amount."""
    day = on or day_of(parts.clock(), who.zone)
    published = await parts.repository(ContractPolicies).load(who.tenant_id, ContractPolicies.id_of(who.tenant_id))
    policy = ContractPolicies.on(published, day)
    limits = [
        AmountShown(function=limit.function, currency=limit.currency, amount=money(limit.amount) or "0")
        for limit in policy.limits
    ]
    return ContractPolicyShown(
        on=day, effective_from=policy.effective_from, limits=limits, unlimited=list(policy.unlimited)
    )
