"""Commands on a visit: plan, log, review, cancel. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.opportunities.events import Layer
from services.opportunities.fields import Code, Command, DatedCommand, Day, Narrative, Text, Title
from services.opportunities.opportunity.commands.prospects import Judgement

Purpose = Literal["develop", "push_forward", "after_sales", "paperwork", "manage"]
Way = Literal["on_site", "showroom", "meeting", "event", "phone", "mail", "messenger"]
People = Annotated[tuple[UUID, ...], Field(max_length=50)]
Concerned = Annotated[tuple[UUID, ...], Field(max_length=50, description="The opportunities it concerns.")]
Objections = Annotated[
    tuple[Code, ...], Field(max_length=30, description="Codes; see GET /v1/catalogues: `objections`.")
]


class PersonMet(Command):
    """A key person met, by id; the layer as it was then."""

    person_id: UUID
    layer: Layer | None = None
    post: Title | None = None


class RumourHeard(Command):
    """A claim heard about us."""

    claim: Text
    true: bool | None = None
    answer: Text | None = None


class JudgementOfVisit(Judgement):
    """A judgement the visit led to, recorded on that opportunity in the same append."""

    opportunity_id: UUID


class Preparing(Command):
    """What planning and logging a visit have in common."""

    account_id: UUID | None = Field(default=None, description="Default: the account of the opportunities.")
    opportunity_ids: Concerned = ()
    owner_id: UUID | None = Field(default=None, description="Who leads the visit; default: the one who enters it.")
    unit_id: UUID | None = Field(default=None, description="Default: the owner's unit.")
    participants: People = Field(default=(), description="Our people; each is credited. The owner always is.")
    expected_objections: Objections = ()
    preparation: Narrative | None = None


class PlanVisit(Preparing):
    """Plan a visit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
                    "purpose": "push_forward",
                    "way": "on_site",
                    "planned_on": "2030-03-20",
                    "expected_objections": ["price"],
                    "preparation": "对方关心交付周期，备好排产表；不谈去年的退车。",
                }
            ]
        }
    )

    purpose: Purpose
    way: Way
    planned_on: Day


class Outcome(Command):
    """What a visit brought."""

    reached: bool = Field(default=True, description="The person was reached; resets the follow-up clock.")
    persons_met: Annotated[tuple[PersonMet, ...], Field(max_length=50)] = ()
    objections: Objections = ()
    competitor: Text | None = None
    rumours: Annotated[tuple[RumourHeard, ...], Field(max_length=20)] = ()
    units_owned: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="Vehicles the customer owns."
    )
    buying_plan: Text | None = None
    next_step: Text | None = None
    next_on: Day | None = None
    narrative: Narrative | None = Field(default=None, description="What happened; kept in the vault.")
    judgements: Annotated[tuple[JudgementOfVisit, ...], Field(max_length=50)] = ()


class LogVisit(Preparing, Outcome, DatedCommand):
    """Say that a visit took place, planned or not; its judgements are recorded with it, all or nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account_id": "3f1c3a52-6b0e-5c4e-9f57-0d8a2f1c7b11",
                    "purpose": "push_forward",
                    "way": "on_site",
                    "on": "2025-03-11",
                    "objections": ["price"],
                    "next_step": "送方案",
                    "next_on": "2025-03-18",
                    "narrative": "与车队队长面谈，预算已报财务。",
                }
            ]
        }
    )

    purpose: Purpose
    way: Way


class LogPlannedVisit(Outcome, DatedCommand):
    """Say that a planned visit took place; what is not given is as planned."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reached": True, "objections": ["delivery_time"], "next_on": "2025-03-25"}]}
    )

    purpose: Purpose | None = None
    way: Way | None = None
    opportunity_ids: Concerned | None = None
    participants: People | None = None


class ReviewVisit(Command):
    """The head has read the report."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "下次请带技术支持同去"}]})

    comment: Narrative | None = None


class CancelVisit(Command):
    """A planned visit will not take place, or a logged one never did: then it and its judgements are void."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户临时有事"}]})

    reason: Text
