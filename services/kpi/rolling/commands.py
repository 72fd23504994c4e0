"""Commands on X+Y rolling plans: open, publish, approve or refuse a firm change, publish the policy. No rule."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from services.kpi.month import Month
from services.kpi.plans.commands import ROW, Rows
from shared.records.fields import Command, DatedCommand, Day, Text

BASE = Annotated[
    Month | None,
    Field(description="The first month planned: the running one or the next; default the next."),
]


class PublishVersion(DatedCommand):
    """Publish the next version: firm months, then outlook months. A changed firm month waits for approval."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"base_month": "2027-01", "rows": [ROW]}]})

    base_month: BASE = None
    rows: Rows = Field(min_length=1)
    reason: Text | None = Field(default=None, description="Why firm months are changed, where they are.")


class OpenRollingPlan(PublishVersion):
    """Begin to plan a unit by rolling months, with the first version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"base_month": "2027-01", "rows": [ROW]}]})

    unit_id: UUID | None = Field(default=None, description="Default your own unit.")


class ApproveFirmChange(DatedCommand):
    """Publish the version that waits."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class RefuseFirmChange(DatedCommand):
    """Refuse the version that waits; the one before stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "当月产能已排满"}]})

    comment: Text


class PublishRollingPolicy(Command):
    """How the company rolls its plans from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"effective_from": "2027-01-01", "closed_months": 1, "firm_months": 1, "outlook_months": 3}]
        }
    )

    effective_from: Day
    closed_months: Annotated[int, Field(ge=0, le=12, description="Shown before the firm months.")] = 0
    firm_months: Annotated[int, Field(ge=1, le=12, description="A change needs a reason and approval.")] = 1
    outlook_months: Annotated[int, Field(ge=0, le=24)] = 2
