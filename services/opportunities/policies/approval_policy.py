"""What needs approval, and when the same prospect on file is a duplicate: a tenant's published policy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.events import ApprovalPolicyPublished
from services.opportunities.fields import Command, Day
from shared.records.published import Published

DUPLICATE_DAYS = 90
"""Days after which an open prospect of the same account and product no longer stands in the way of a new one."""
LOST_CONTACT_DAYS = 60
"""Days (ours) after which contact lost is proposed as a defeat."""
RECALL_DAYS = 90
"""Days (ours) until the recall proposed where a defeat is presumed only (准战败)."""


class ApprovalPolicy(msgspec.Struct, frozen=True):
    """In force from a day on. `manual`: somebody with the function approves; `automatic`: the request is enough.

    `verify_defeat`: `before_approval` when customer service calls back first, else `off`. A defeat that is approved
    automatically then waits for that call.
    """

    effective_from: date
    approve_defeat: str
    approve_freeze: str
    duplicate_days: int
    verify_defeat: str = "off"
    lost_contact_days: int = LOST_CONTACT_DAYS
    recall_days: int = RECALL_DAYS

    @property
    def verifies(self) -> bool:
        """Whether a defeat is approved only after a call-back."""
        return self.verify_defeat == "before_approval"


SHIPPED: Final = ApprovalPolicy(date(2000, 1, 1), "manual", "manual", DUPLICATE_DAYS)


class PublishApprovalPolicy(Command):
    """Publish what needs approval from a day on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"effective_from": "2030-01-01", "approve_freeze": "automatic"}]}
    )

    effective_from: Day
    approve_defeat: Literal["manual", "automatic"] = "manual"
    approve_freeze: Literal["manual", "automatic"] = "manual"
    duplicate_days: Annotated[int, Field(ge=0, le=3_650)] = DUPLICATE_DAYS
    verify_defeat: Literal["off", "before_approval"] = Field(
        default="off", description="before_approval: no defeat is approved before customer service has called back."
    )
    lost_contact_days: int = Field(
        default=LOST_CONTACT_DAYS, ge=1, le=3_650, description="Contact lost for longer is proposed as a defeat."
    )
    recall_days: int = Field(
        default=RECALL_DAYS, ge=1, le=3_650, description="Until the recall proposed for a presumed defeat (准战败)."
    )


class ApprovalPolicies(Published[ApprovalPolicy]):
    """All approval policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "approval_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[ApprovalPolicy, ...]}
    rules = ApprovalPolicy
    fact = ApprovalPolicyPublished
    shipped = SHIPPED
