"""Commands of follow-up: a contact made, the next one planned. No rule lives here."""

from __future__ import annotations

from pydantic import AwareDatetime, ConfigDict, Field

from services.opportunities.fields import Code, Command, DatedCommand, Day, Narrative
from services.opportunities.visits.commands import Way


class MakeContact(DatedCommand):
    """Say that somebody called, wrote to or met the customer, or tried to (跟进)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "way": "phone",
                    "result": "interested",
                    "narrative": "车队周五开会定配置，会后再约。",
                    "next_on": "2030-03-20",
                }
            ]
        }
    )

    way: Way = "phone"
    reached: bool = Field(default=True, description="The person was reached; resets the follow-up clock.")
    result: Code | None = Field(default=None, description="A word of your own: interested, call_back, no_answer.")
    at: AwareDatetime | None = Field(default=None, description="The instant, with offset, instead of a day.")
    next_on: Day | None = Field(default=None, description="Plan the next contact for this day.")
    next_way: Way | None = None
    narrative: Narrative | None = Field(default=None, description="What was said; kept in the vault.")


class PlanFollowUp(Command):
    """Plan the next contact with the customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"follow_up_on": "2199-03-20", "way": "phone"}]})

    follow_up_on: Day
    way: Way | None = None
