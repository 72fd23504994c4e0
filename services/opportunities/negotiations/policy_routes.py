"""Who grants which discount, over HTTP: published, and in force on a day. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel

from services.opportunities.negotiations.price_policy import (
    PricePolicies,
    PublishPricePolicy,
)
from services.opportunities.policies.routes import DayText, publish
from services.opportunities.reports.shapes import Money
from shared.days import day_of
from shared.http.context import Ctx, Parts, Who
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router

router = Router(prefix="/v1/price-policies", tags=["rules"])


class DiscountShown(BaseModel):
    """The limit of a function: a share of the list price, 0–1."""

    function: str
    max_discount: Money


class PricePolicyShown(BaseModel):
    """Who grants which discount on a day."""

    on: date
    effective_from: date
    limits: Sequence[DiscountShown]


@router.post("", status_code=201, operation_id="price_policies.publish", responses=refuses(403, 409, 422))
async def publish_price_policy(command: PublishPricePolicy, ctx: Ctx) -> Receipt:
    """Publish who grants which discount, from a day on."""
    return await publish(
        ctx,
        PricePolicies,
        PricePolicies.id_of(ctx.tenant_id),
        lambda stream: PricePolicies.published(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.get("", operation_id="price_policies.read")
async def price_policy(who: Who, parts: Parts, on: DayText = None) -> PricePolicyShown:
    """Who grants which discount."""
    day = on or day_of(parts.clock(), who.zone)
    published = await parts.repository(PricePolicies).load(who.tenant_id, PricePolicies.id_of(who.tenant_id))
    policy = PricePolicies.on(published, day)
    limits = [
        DiscountShown(function=limit.function, max_discount=format(limit.max_discount, "f")) for limit in policy.limits
    ]
    return PricePolicyShown(on=day, effective_from=policy.effective_from, limits=limits)
