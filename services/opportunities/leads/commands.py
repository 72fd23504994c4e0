"""Commands on leads, visitor counts and spend. No rule lives here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.opportunities.fields import (
    Code,
    Command,
    Currency,
    DatedCommand,
    Day,
    ExternalRefs,
    Money,
    Narrative,
    Personal,
    Text,
    Title,
    Units,
)
from services.opportunities.opportunity.commands.prospects import CaptureProspect
from services.opportunities.visits.commands import Way

Instant = Annotated[
    AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), description="The instant, with its offset.")
]
MOST = 500
"""Leads, or counts, of one call."""


class InterestGiven(Command):
    """What is asked for: a product of the catalogue, or in words."""

    product: Code | None = None
    said: Title | None = None
    units: Units | None = None

    @model_validator(mode="after")
    def _says_something(self) -> InterestGiven:
        if self.product is None and self.said is None:
            raise PydanticCustomError("one_of_two", "give a product or say what")
        return self


class LeadContactGiven(Command):
    """Who asked; kept in the vault."""

    name: Personal | None = None
    phone: Personal | None = None
    mail: Personal | None = None


class Timed(DatedCommand):
    """A command whose instant matters: hours are counted from it."""

    at: Instant | None = Field(default=None, description="Instead of `on`: the instant it happened. Default now.")


class ReceiveLead(Timed):
    """Put a lead on file, assigned by the rules in force."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "channel": "web",
                    "source": "官网试驾页",
                    "account_name": "申城出租",
                    "interests": [{"product": "A6L", "units": 20}],
                    "contact": {"name": "王主任", "phone": "13800000000"},
                    "words": "想了解二十台的价格和交期",
                    "at": "2025-03-19T09:30:00+08:00",
                }
            ]
        }
    )

    channel: Code = Field(description="See GET /v1/catalogues: `channels`.")
    channel_given: Title | None = None
    source: Title | None = Field(default=None, description="Campaign, page or event: business words.")
    account_id: UUID | None = None
    account_name: Title | None = Field(default=None, description="The organisation, when it is not on file.")
    interests: Annotated[tuple[InterestGiven, ...], Field(max_length=50)] = ()
    unit_id: UUID | None = Field(default=None, description="The unit it came to; default: of who enters it.")
    contact: LeadContactGiven | None = None
    words: Narrative | None = None
    external_refs: ExternalRefs = Field(default_factory=dict)


class ReceiveLeads(Command):
    """Many leads in one call; each is taken or refused by itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"leads": [{"channel": "phone"}, {"channel": "web"}]}]})

    leads: Annotated[tuple[ReceiveLead, ...], Field(min_length=1, max_length=MOST)]


class AssignLead(DatedCommand):
    """Make somebody responsible for a lead."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner_id": "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"}]})

    owner_id: UUID
    unit_id: UUID | None = Field(default=None, description="Default: the owner's unit.")
    reason: Text | None = None


class ClaimLead(DatedCommand):
    """Take a lead that is nobody's."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class ContactLead(Timed):
    """Say that somebody answered; the first contact, reached or not, ends the response time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"way": "phone", "reached": True}]})

    way: Way = "phone"
    reached: bool = True
    words: Narrative | None = None


class DisposeLead(DatedCommand):
    """Say what became of a lead."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disposal": "no_intention", "reason": "只是询价"}]})

    disposal: Literal["record", "no_intention", "duplicate", "follow_up"]
    opportunity_id: UUID | None = Field(default=None, description="With `record`: the prospect it became.")
    duplicate_of_lead_id: UUID | None = Field(default=None, description="With `duplicate`: one of the two.")
    duplicate_of_opportunity_id: UUID | None = None
    follow_up_on: Day | None = Field(default=None, description="With `follow_up`: when.")
    reason: Text | None = None


class CaptureLead(CaptureProspect):
    """Turn a lead into a prospect (留档); what is not given is the lead's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
                    "title": "出租车更新 2025",
                    "lines": [{"product": "A6L", "units": 20}],
                }
            ]
        }
    )


class VisitorCount(Command):
    """How many came to a unit through a channel on a day."""

    unit_id: UUID | None = Field(default=None, description="Default: the unit of who enters it.")
    channel: Code = "showroom"
    day: Day
    count: Annotated[int, Field(ge=0, le=1_000_000)]


class CountVisitors(Command):
    """Visitor counts; a count for the same unit, channel and day takes the place of the one before."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"counts": [{"channel": "showroom", "day": "2025-03-18", "count": 42}]}]}
    )

    counts: Annotated[tuple[VisitorCount, ...], Field(min_length=1, max_length=MOST)]


class RecordSpend(Command):
    """What a channel cost: of a day or of a month, one of the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"channel": "web", "month": "2025-03", "amount": "30000.00", "currency": "CNY", "purpose": "搜索推广"}
            ]
        }
    )

    unit_id: UUID | None = Field(default=None, description="Default: the unit of who enters it.")
    channel: Code
    day: Day | None = None
    month: Annotated[str, Field(pattern=r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$")] | None = None
    amount: Money
    currency: Currency = "CNY"
    purpose: Text | None = Field(default=None, description="What for.")

    @model_validator(mode="after")
    def _day_or_month(self) -> RecordSpend:
        if (self.day is None) == (self.month is None):
            raise PydanticCustomError("one_of_two", "give a day or a month, one of the two")
        return self
