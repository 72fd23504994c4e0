"""Commands that close a prospect or bring it back: defeat, freeze, contact lost, disposal. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.opportunities.events import DefeatKind, Verdict
from services.opportunities.fields import Code, DatedCommand, Day, Money, Text, Title
from services.opportunities.opportunity.commands.prospects import OpenProspect
from services.opportunities.opportunity.sound import MAX_CALLS

Reasons = Annotated[tuple[Code, ...], Field(max_length=20)]


class RequestDefeat(DatedCommand):
    """Ask to close a prospect as lost (战败申请)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "confirmed",
                    "reason": "other_brand.price",
                    "other_reasons": ["own.slow_follow_up"],
                    "competitor_brand": "BMW",
                    "competitor_model": "530Li",
                    "competitor_price": "298000",
                    "evidence": "客户已提车，行驶证复印件见附件",
                }
            ]
        }
    )

    kind: DefeatKind = Field(
        default=DefeatKind.CONFIRMED,
        description="confirmed 战败 bought elsewhere; presumed 准战败; false 假战败 our own doing, or still buying.",
    )
    reason: Code = Field(description="The main reason, a leaf of the reason catalogue.")
    other_reasons: Reasons = ()
    reason_given: Title | None = None
    evidence: Text | None = Field(
        default=None, description="What shows it, in business words; documents are attached to the opportunity."
    )
    competitor_brand: Title | None = None
    competitor_model: Title | None = None
    competitor_price: Money | None = None
    bought_on: Day | None = None
    recall_on: Day | None = None


class ApproveDefeat(DatedCommand):
    """Approve a defeat. The reviewer may state kind and reasons otherwise than the request did."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "电话核实，客户已提车"}]})

    kind: DefeatKind | None = None
    reason: Code | None = None
    other_reasons: Reasons | None = None
    comment: Text | None = None


class VerifyDefeat(DatedCommand):
    """Say what calling the customer back came to, before a defeat is approved (客服核实)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verdict": "still_buying", "attempts": 2, "comment": "客户称仍在比价"}]}
    )

    verdict: Verdict = Field(
        description="confirmed; still_buying 假战败; other_reason: lost, for the reason found; not_reached."
    )
    attempts: Annotated[int, Field(ge=1, le=MAX_CALLS, description="Calls made.")] = 1
    reason: Code | None = Field(
        default=None, description="The reason found, a leaf of the reason catalogue; with other_reason it must be said."
    )
    comment: Text | None = None


class RejectDefeat(DatedCommand):
    """Do not approve a defeat: the prospect goes on at the level before."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"finding": "still_buying", "comment": "客户仍在比价，继续跟进"}]}
    )

    finding: Literal["still_buying", "own_doing", "insufficient", "other"]
    comment: Text | None = None


class FreezeInstead(DatedCommand):
    """Put a prospect on ice instead of approving its defeat."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "未确认购买，半年后再联系", "recall_on": "2030-07-01"}]}
    )

    reason: Text
    recall_on: Day = Field(description="When to ask again; after the day of the decision.")
    comment: Text | None = None


class GiveTo(DatedCommand):
    """Do not approve a defeat, and let somebody else go on with the prospect."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"owner_id": "5a1c9f0e-6a3c-5a4e-9a53-5f0b6a0c1f11", "finding": "own_doing"}]}
    )

    owner_id: UUID
    unit_id: UUID | None = Field(default=None, description="Default: where that person works.")
    finding: Literal["own_doing", "still_buying"]
    comment: Text | None = None


class FreezeProspect(DatedCommand):
    """Ask to put a prospect on ice (冷冻)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "预算推迟到下半年", "recall_on": "2030-07-01"}]}
    )

    reason: Text
    recall_on: Day = Field(description="When to ask again; after the day of the freeze.")


class ReviewFreeze(DatedCommand):
    """Approve or reject a freeze."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "同意"}]})

    comment: Text | None = None


class LoseContact(DatedCommand):
    """Say that the customer cannot be reached any more (失控)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "电话停机，单位已搬迁"}]})

    reason: Text
    recall_on: Day | None = None


class ResumeProspect(OpenProspect):
    """Work on a frozen or lost prospect again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户来电，恢复采购"}]})

    reason: Text | None = None


class ReopenDeal(OpenProspect):
    """Bring a defeated, cancelled or disposed opportunity to life again (再激活)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "竞品交付延期，客户回头"}]})

    reason: Text | None = None


class DisposeProspect(DatedCommand):
    """End a record without a defeat."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disposal": "no_intention"}]})

    disposal: Literal["no_intention", "duplicate", "test"]
    duplicate_of: UUID | None = None
