"""Commands on annual plans: propose, revise, submit, review, return, approve, cascade, issue, change. No rule."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.kpi.month import Month
from services.kpi.plans.events import PlanMeasure, PlanSpread
from shared.records.fields import Code, Command, Currency, DatedCommand, Money, Text

RATE = re.compile(r"^-?\d(\.\d{1,4})?$", re.ASCII)


def _rate(value: Any) -> Any:
    if not isinstance(value, Decimal) and not (isinstance(value, str) and RATE.fullmatch(value)):
        raise PydanticCustomError("decimal_parsing", "a decimal such as 0.10")
    return value


Rate = Annotated[
    Decimal,
    BeforeValidator(_rate),
    Field(ge=-1, lt=10, description="Growth on last year: 0.10 is a tenth more, -0.10 a tenth less."),
    WithJsonSchema({"type": "string", "pattern": RATE.pattern}, mode="validation"),
]
Year = Annotated[int, Field(ge=2000, le=2199)]

MOST_UNITS = 450
"""Units of one cascade: an append takes 500 events."""
ROW: Any = {"month": "2027-01", "measure": "orders", "target": "12", "stretch": "14"}


class RowGiven(Command):
    """What is planned of one measure for one month; without a product, of all products together."""

    month: Month
    measure: PlanMeasure
    target: Money = Field(description="Units 台; leads; of amount, money.")
    stretch: Money | None = Field(default=None, description="The stretch target, not below the target.")
    product: Code | None = None
    currency: Currency | None = Field(default=None, description="For amount alone.")


class GrowthGiven(Command):
    """By how much a measure is to grow on the same month of last year."""

    measure: Literal["orders", "deliveries", "reported"]
    target: Rate
    stretch: Rate | None = None


Rows = Annotated[tuple[RowGiven, ...], Field(max_length=1_000)]
Growths = Annotated[tuple[GrowthGiven, ...], Field(max_length=3)]


class ProposePlan(DatedCommand):
    """Propose the plan of a unit and year: each month from last year's by a growth, or as stated."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"year": 2027, "growths": [{"measure": "orders", "target": "0.10", "stretch": "0.15"}], "rows": [ROW]}
            ]
        }
    )

    year: Year
    unit_id: UUID | None = Field(default=None, description="Default your own unit.")
    growths: Growths = ()
    rows: Rows = Field(default=(), description="As stated; of the same month and measure these count.")


class RevisePlan(DatedCommand):
    """State the whole proposal anew, before it is submitted (again)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rows": [ROW]}]})

    rows: Rows = Field(min_length=1)


class SubmitPlan(DatedCommand):
    """Give the proposal to review."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class ReviewPlan(DatedCommand):
    """Say what was found."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"supports": True, "comment": "与产能相符"}]})

    supports: bool = True
    comment: Text | None = None


class ReturnPlan(DatedCommand):
    """Give the proposal back with comments."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "二季度交车偏低，请重报"}]})

    comment: Text


class ApprovePlan(DatedCommand):
    """Approve the reviewed proposal."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class UnitPart(Command):
    """What a unit below gets."""

    unit_id: UUID
    rows: Rows = Field(min_length=1)


class CascadePlan(DatedCommand):
    """Divide the plan among the units directly below: by last year's outcome, evenly, or as stated."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"spread": "last_year"}]})

    spread: PlanSpread = PlanSpread.LAST_YEAR
    unit_ids: tuple[UUID, ...] = Field(
        default=(), max_length=MOST_UNITS, description="Among these; default all directly below. Not with stated parts."
    )
    units: tuple[UnitPart, ...] = Field(
        default=(), max_length=MOST_UNITS, description="The parts, when they are stated."
    )
    difference_reason: Text | None = Field(
        default=None, description="Why the parts do not sum to the plan; without it they must."
    )


class IssuePlan(DatedCommand):
    """Put the plan, with all that was cascaded from it, in force."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class ChangePlan(DatedCommand):
    """Change an issued plan: its next numbered version. Rows not named stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rows": [ROW], "reason": "新增网约车客户"}]})

    rows: Rows = Field(min_length=1, description="Of months that are not over.")
    reason: Text
