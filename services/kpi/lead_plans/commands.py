"""Commands on lead plans: work back, edit, issue, change, review a week. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.kpi.lead_plans.events import LeadChannel
from services.kpi.month import Month
from shared.records.fields import Code, Command, Currency, DatedCommand, Money, Text

UNIT = "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11"

RateName = Literal["units_per_order", "prospect_conversion", "lead_to_record", "record_mix"]


class RateGiven(Command):
    """A rate stated by hand, in place of the counted one; of a channel for lead_to_record and record_mix."""

    name: RateName
    value: Money = Field(description="Decimal text; 0.25 is a quarter.")
    channel: Code | None = None


class ChannelGiven(Command):
    """What one channel is to bring, and what it may cost."""

    channel: Code
    leads: Annotated[int, Field(ge=0, le=1_000_000)]
    budget: Money | None = None
    currency: Currency | None = None

    def channel_of(self, records: int | None) -> LeadChannel:
        return LeadChannel(self.channel, self.leads, records, self.budget, self.currency)


class BudgetGiven(Command):
    """What a channel may cost."""

    channel: Code
    budget: Money
    currency: Currency


Channels = Annotated[tuple[ChannelGiven, ...], Field(min_length=1, max_length=50)]


class WorkingBack(DatedCommand):
    """By what a plan is worked back. Default: the unit's order target, and the rates of the last 12 months."""

    order_units: Money | None = Field(
        default=None, description="The order target in units, where no plan or split gives the unit one."
    )
    history_months: Annotated[int, Field(ge=1, le=36, description="Months before the month.")] = 12
    rates: Annotated[tuple[RateGiven, ...], Field(max_length=100)] = ()
    budgets: Annotated[tuple[BudgetGiven, ...], Field(max_length=50)] = ()


class ProposeLeadPlan(WorkingBack):
    """Work a unit's lead plan of a month back from its order target."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "month": "2026-04",
                    "unit_id": UNIT,
                    "order_units": "40",
                    "rates": [
                        {"name": "units_per_order", "value": "2"},
                        {"name": "prospect_conversion", "value": "0.2"},
                        {"name": "record_mix", "channel": "web", "value": "1"},
                        {"name": "lead_to_record", "channel": "web", "value": "0.25"},
                    ],
                }
            ]
        }
    )

    month: Month
    unit_id: UUID


class ReworkLeadPlan(WorkingBack):
    """Work the draft back anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"history_months": 6}]})


class EditLeadPlan(DatedCommand):
    """Say the draft's channels anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channels": [{"channel": "web", "leads": 120}]}]})

    channels: Channels


class IssueLeadPlan(DatedCommand):
    """Put the plan in force."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class ChangeLeadPlan(DatedCommand):
    """Change an issued plan, by number."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reason": "车展取消",
                    "channels": [{"channel": "web", "leads": 150, "budget": "30000.00", "currency": "CNY"}],
                }
            ]
        }
    )

    channels: Channels
    reason: Text


class ReviewWeek(DatedCommand):
    """A week of the plan was reviewed; the table is kept as it was known then."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"week": 2, "findings": ["官网线索低于计划"]}]})

    week: Annotated[int, Field(ge=1, le=7)]
    findings: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
