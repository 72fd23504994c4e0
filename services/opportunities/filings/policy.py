"""The manufacturer's deadlines for filings: a tenant's published policy, and days derived from it. Pure, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Final

import msgspec
from pydantic import ConfigDict, Field

from services.opportunities.events import FilingPolicyPublished
from services.opportunities.fields import Command, Day
from shared.records.published import Published

Days = Annotated[int, Field(ge=0, le=3_650)]


class FilingPolicy(msgspec.Struct, frozen=True):
    """In force from a day on. Calendar days: the last day is still in time."""

    effective_from: date
    complete_days: int
    report_days: int
    claim_days: int
    warn_days: int


SHIPPED: Final = FilingPolicy(date(2000, 1, 1), complete_days=10, report_days=30, claim_days=60, warn_days=5)
"""Ours: manufacturers differ by brand and year."""


class PublishFilingPolicy(Command):
    """Publish the manufacturer's deadlines from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"effective_from": "2030-01-01", "complete_days": 7, "report_days": 15, "claim_days": 45}]
        }
    )

    effective_from: Day
    complete_days: Days = Field(default=SHIPPED.complete_days, description="From return to the completed filing.")
    report_days: Days = Field(default=SHIPPED.report_days, description="From delivery to report.")
    claim_days: Days = Field(default=SHIPPED.claim_days, description="From report to claim.")
    warn_days: Days = Field(default=SHIPPED.warn_days, description="So many days before, it is lapsing.")


class FilingPolicies(Published[FilingPolicy]):
    """All filing policies a tenant has published; one stream per tenant."""

    stream_type: ClassVar[str] = "filing_policy"
    standing_types: ClassVar[Mapping[str, Any]] = {"policies": tuple[FilingPolicy, ...]}
    rules = FilingPolicy
    fact = FilingPolicyPublished
    shipped = SHIPPED
