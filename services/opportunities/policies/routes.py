"""Rules a tenant publishes, over HTTP: level policies, reasons, approvals; and what is in force. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from services.opportunities.fields import Day
from services.opportunities.policies.approval_policy import (
    ApprovalPolicies,
    PublishApprovalPolicy,
)
from services.opportunities.policies.in_force import forget_rules, rules_in_force
from services.opportunities.policies.level_policy import (
    LevelPolicies,
    LevelPolicy,
    PublishLevelPolicy,
    all_policies,
    policies_id,
    tenant_policy,
)
from services.opportunities.policies.reason_catalogue import (
    PublishReasonCatalogue,
    ReasonCatalogues,
    catalogues_id,
    in_force,
)
from shared.days import day_of
from shared.event_store.stream import Stream
from shared.http.context import CommandContext, Ctx, Parts, Who
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records import publishing

DayText = Annotated[Day | None, Query(description="In force on this day; default today.")]

router = Router()


S = TypeVar("S", bound=Stream)


async def publish(ctx: CommandContext, kind: type[S], id: UUID, published: Callable[[S | None], S]) -> Receipt:
    """Publish rules of the tenant: `published` makes the stream from what it was. Raises Problem 403, 503."""
    receipt = await publishing.publish(ctx, kind, id, published)
    forget_rules(ctx.kit, ctx.tenant_id)
    return receipt


@router.post(
    "/v1/level-policies",
    status_code=201,
    operation_id="level_policies.publish",
    tags=["rules"],
    responses=refuses(403, 409, 422),
)
async def publish_level_policy(command: PublishLevelPolicy, ctx: Ctx) -> Receipt:
    """Publish a version of a level policy, in force from a day on."""
    return await publish(
        ctx,
        LevelPolicies,
        policies_id(ctx.tenant_id),
        lambda stream: LevelPolicies.published(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.post(
    "/v1/reason-catalogues",
    status_code=201,
    operation_id="reason_catalogues.publish",
    tags=["rules"],
    responses=refuses(403, 409, 422),
)
async def publish_reason_catalogue(command: PublishReasonCatalogue, ctx: Ctx) -> Receipt:
    """Publish a reason catalogue, in force from a day on."""
    return await publish(
        ctx,
        ReasonCatalogues,
        catalogues_id(ctx.tenant_id),
        lambda stream: ReasonCatalogues.published(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


@router.post(
    "/v1/approval-policies",
    status_code=201,
    operation_id="approval_policies.publish",
    tags=["rules"],
    responses=refuses(403, 409, 422),
)
async def publish_approval_policy(command: PublishApprovalPolicy, ctx: Ctx) -> Receipt:
    """Publish what needs approval, from a day on."""
    return await publish(
        ctx,
        ApprovalPolicies,
        ApprovalPolicies.id_of(ctx.tenant_id),
        lambda stream: ApprovalPolicies.published(stream, command, tenant_id=ctx.tenant_id, at=ctx.now),
    )


# -- what is in force --------------------------------------------------------------------------------------


class LevelShown(BaseModel):
    """One level of a policy; `window_days` inclusive, null = beyond or no date known."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    window_days: int | None
    follow_up_days: int
    win_rate: Decimal


class LevelPolicyShown(BaseModel):
    """A version of a level policy."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    zh: str
    en: str
    effective_from: date
    default: bool
    ordered_follow_up_days: int
    new_follow_up_days: int
    new_win_rate: Decimal
    levels: Sequence[LevelShown]


class LevelPoliciesShown(BaseModel):
    """All versions of all policies, in the order published, and the code of the tenant's own on the day asked about."""

    rows: Sequence[LevelPolicyShown]
    in_force: str
    on: date


class ReasonShown(BaseModel):
    """A reason for a defeat."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    zh: str
    en: str


class ReasonCategoryShown(BaseModel):
    """A category of reasons; `clear` false: the reason is not known."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    zh: str
    en: str
    reasons: Sequence[ReasonShown]
    clear: bool
    training_need: bool


class ReasonCatalogueShown(BaseModel):
    """The reason catalogue in force on a day."""

    on: date
    effective_from: date
    rows: Sequence[ReasonCategoryShown]


class ApprovalPolicyShown(BaseModel):
    """What needs approval on a day."""

    on: date
    effective_from: date
    approve_defeat: str
    approve_freeze: str
    duplicate_days: int
    verify_defeat: str
    lost_contact_days: int
    recall_days: int


class WordShown(BaseModel):
    """A code and its names."""

    code: str
    zh: str
    en: str


@router.get("/v1/level-policies", operation_id="level_policies.list", tags=["rules"])
async def level_policies(who: Who, parts: Parts, on: DayText = None) -> LevelPoliciesShown:
    """All level policies, shipped and published."""
    day = on or day_of(parts.clock(), who.zone)
    rules = await rules_in_force(parts, who.tenant_id, anew=True)
    policies: Sequence[LevelPolicy] = all_policies(rules.level_policies)
    return LevelPoliciesShown(
        rows=[LevelPolicyShown.model_validate(policy) for policy in policies],
        in_force=tenant_policy(rules.level_policies, day).code,
        on=day,
    )


@router.get("/v1/reason-catalogues", operation_id="reason_catalogues.read", tags=["rules"])
async def reason_catalogue(who: Who, parts: Parts, on: DayText = None) -> ReasonCatalogueShown:
    """The reason catalogue in force."""
    day = on or day_of(parts.clock(), who.zone)
    rules = await rules_in_force(parts, who.tenant_id, anew=True)
    catalogue = in_force(rules.reason_catalogues, day)
    return ReasonCatalogueShown(
        on=day,
        effective_from=catalogue.effective_from,
        rows=[ReasonCategoryShown.model_validate(category) for category in catalogue.categories],
    )


@router.get("/v1/approval-policies", operation_id="approval_policies.read", tags=["rules"])
async def approval_policy(who: Who, parts: Parts, on: DayText = None) -> ApprovalPolicyShown:
    """What needs approval."""
    day = on or day_of(parts.clock(), who.zone)
    rules = await rules_in_force(parts, who.tenant_id, anew=True)
    policy = ApprovalPolicies.on(rules.approval_policies, day)
    return ApprovalPolicyShown(
        on=day,
        effective_from=policy.effective_from,
        approve_defeat=policy.approve_defeat,
        approve_freeze=policy.approve_freeze,
        duplicate_days=policy.duplicate_days,
        verify_defeat=policy.verify_defeat,
        lost_contact_days=policy.lost_contact_days,
        recall_days=policy.recall_days,
    )
