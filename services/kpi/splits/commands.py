"""Commands on splits and confirmations: propose, edit, issue, change; confirm, object, answer. No rule lives here."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.kpi.month import Month
from services.kpi.splits.events import ObjectionVerdict
from shared.records.fields import Code, Command, Currency, DatedCommand, Day, Money, Narrative, Share, Text

UNIT = "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11"
PERSON = "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"

SplitMeasure = Literal["orders", "deliveries", "reported", "amount"]
"""What a month is split in: units 台 (orders, deliveries, reported) or money. Leads have their plan."""


class TargetGiven(Command):
    """A target of one measure; an amount has a currency, units have none."""

    measure: SplitMeasure
    target: Money
    stretch: Money | None = None
    product: Code | None = None
    currency: Currency | None = None


class LineGiven(TargetGiven):
    """What one unit directly below, or one person of the unit, gets."""

    unit_id: UUID | None = None
    person_id: UUID | None = None


Totals = Annotated[
    tuple[TargetGiven, ...],
    Field(max_length=50, description="The unit's targets that no plan gives; what a plan gives is taken from it."),
]
Lines = Annotated[tuple[LineGiven, ...], Field(max_length=500)]
Parts = Annotated[tuple[UUID, ...] | None, Field(max_length=200)]


class Weighing(DatedCommand):
    """By what a proposal goes. Default: everybody of the unit who sells, and every unit directly below."""

    history_share: Share = Field(
        default=Decimal("0.5"), description="How much counts what was done before; the rest what is open now."
    )
    history_months: Annotated[int, Field(ge=1, le=36, description="Months before the month.")] = 12
    units: Parts = None
    persons: Parts = None


class ProposeSplit(Weighing):
    """Split a unit's targets of a month by weight, as a draft."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "month": "2026-04",
                    "unit_id": UNIT,
                    "history_share": "0.5",
                    "totals": [{"measure": "orders", "target": "40", "stretch": "48"}],
                }
            ]
        }
    )

    month: Month
    unit_id: UUID
    totals: Totals = ()


class ReweighSplit(Weighing):
    """Make the draft anew by weight."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"history_share": "1", "history_months": 6}]})


class EditSplit(DatedCommand):
    """Say the whole draft anew. It may be left open; to be issued it must close."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lines": [{"measure": "orders", "target": "12", "person_id": PERSON}]}]}
    )

    lines: Lines
    totals: Totals | None = None


class IssueSplit(DatedCommand):
    """Put the split in force and before everybody it names."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"confirm_by": "2030-04-03"}]})

    confirm_by: Day | None = Field(default=None, description="Default: three working days after.")


class ChangeSplit(DatedCommand):
    """Change an issued split, by number: whose targets change confirms anew."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": "王磊休假", "lines": [{"measure": "orders", "target": "40", "person_id": PERSON}]}]
        }
    )

    lines: Lines
    totals: Totals | None = None
    reason: Text
    confirm_by: Day | None = Field(default=None, description="Default: three working days after.")


class ConfirmTarget(DatedCommand):
    """Confirm one's own targets."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class WantedGiven(TargetGiven):
    """A target the person holds possible."""


class ObjectToTarget(DatedCommand):
    """Object to one's own targets, and say which one holds possible."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"objection": "四月有两周培训", "wanted": [{"measure": "orders", "target": "8"}]}]
        }
    )

    objection: Narrative
    wanted: Annotated[tuple[WantedGiven, ...], Field(max_length=50)] = ()


class AnswerObjection(DatedCommand):
    """Answer an objection: the target is kept, or the split will be changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verdict": "kept", "answer": "培训已计入"}]})

    verdict: ObjectionVerdict
    answer: Narrative | None = None
