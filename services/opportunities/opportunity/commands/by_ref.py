"""What an integration says of an opportunity that another system knows by a key. No rule lives here."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from pydantic import ConfigDict, Field

from services.opportunities.fields import (
    Attributes,
    Code,
    Currency,
    Day,
    ExternalRefs,
    Lines,
    Money,
    Share,
    Title,
)
from services.opportunities.opportunity.commands.prospects import CaptureProspect, OpenProspect
from shared.http.problem import At, Problem


class PutOpportunity(OpenProspect):
    """An opportunity as another system has it. What is not named stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "出租车更新 2025",
                    "lines": [{"product": "A6L", "units": 20, "unit_price": "312000.00"}],
                    "level": "A",
                    "expected_on": "2025-03-20",
                }
            ]
        }
    )

    account_id: UUID | None = None
    title: Title | None = None
    owner_id: UUID | None = Field(default=None, description="Of a new one. Default: the one who enters it.")
    unit_id: UUID | None = Field(default=None, description="Of a new one. Default: the owner's unit.")
    channel: Code | None = None
    channel_given: Title | None = None
    lines: Lines = ()
    currency: Currency = "CNY"
    amount: Money | None = None
    level: Code | None = Field(default=None, description="A code of the level policy in force: another is a judgement.")
    stage: Code | None = None
    stage_given: Title | None = None
    probability: Share | None = None
    probability_given: Title | None = None
    expected_on: Day | None = None
    key_person_id: UUID | None = None
    external_refs: ExternalRefs = Field(default_factory=dict, description="Further systems; others stay.")
    attributes: Attributes = Field(default_factory=dict)

    def says(self, name: str) -> bool:
        return name in self.model_fields_set

    def known_as(self, system: str, key: str) -> Self:
        """With the reference of the path. Raises Problem 422 when the body says another of that system."""
        said = self.external_refs.get(system, key)
        if said != key:
            wrong = At(f"/external_refs/{system}", "not_in_list", params={"expected": key})
            raise Problem(422, "validation", errors=(wrong,), params={"count": 1})
        return self.model_copy(update={"external_refs": {**self.external_refs, system: key}})

    def capturing(self) -> CaptureProspect:
        """What puts it on file."""
        said = {name: getattr(self, name) for name in self.model_fields_set if name != "level"}
        return CaptureProspect.model_validate(said)
