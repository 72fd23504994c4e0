"""Commands on assessments and commissions: publish, open, rate, propose, sign, appeal. No rule lives here."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.kpi.events import Aspect, Cycle, PartSource, Rater, Scale
from services.kpi.month import Month
from shared.records.fields import Code, Command, Currency, Day, Narrative, Share, Text, Title

PERSON = "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"

PostGiven = Literal[
    "representative",
    "account_manager",
    "department_head",
    "branch_manager",
    "regional_manager",
    "back_office",
    "technical_support",
    "project_manager",
    "after_sales",
    "customer_service",
]
"""Functions that are assessed."""
Points = Annotated[Decimal, Field(ge=0, le=200, max_digits=6, decimal_places=2, allow_inf_nan=False)]
Bound = Annotated[Decimal, Field(ge=-(10**9), le=10**12, max_digits=18, decimal_places=6, allow_inf_nan=False)]
Rate = Annotated[Decimal, Field(ge=0, le=10**9, max_digits=16, decimal_places=6, allow_inf_nan=False)]
Amount = Annotated[Decimal, Field(ge=-(10**12), le=10**12, max_digits=16, decimal_places=2, allow_inf_nan=False)]


class StepGiven(Command):
    """A bound and its points, or its factor."""

    bound: Bound
    points: Points


class TableGiven(Command):
    """From a KPI's value to points."""

    scale: Scale = Field(
        description="upto: the first bound not exceeded; from: the highest bound reached; percent: value × 100; "
        "points: the value itself."
    )
    steps: Annotated[tuple[StepGiven, ...], Field(max_length=30)] = ()
    otherwise: Points = Decimal(0)
    most: Points = Decimal(100)


class PartGiven(Command):
    """One weighted part of a scheme."""

    code: Code
    zh: Title
    en: Title
    weight: Share
    source: PartSource
    kpi: Code | None = Field(default=None, description="With source kpi.")
    table: TableGiven | None = Field(default=None, description="With source kpi.")
    rater: Rater | None = Field(default=None, description="With source rating.")
    aspect: Aspect | None = Field(default=None, description="With source rating.")
    of_unit: bool = Field(default=False, description="The KPI of the unit and all below it.")
    missing_counts_zero: bool = False


class PublishScheme(Command):
    """Publish how a post is assessed, from a day on. The weights sum to 1."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effective_from": "2030-01-01",
                    "post": "representative",
                    "cycle": "month",
                    "parts": [
                        {
                            "code": "deliveries", "zh": "交付达成率", "en": "deliveries attained", "weight": "0.8",
                            "source": "kpi", "kpi": "attainment_deliveries", "table": {"scale": "percent"},
                        },
                        {
                            "code": "attitude", "zh": "工作态度", "en": "attitude", "weight": "0.2",
                            "source": "rating", "rater": "superior", "aspect": "attitude",
                        },
                    ],
                }
            ]
        }
    )  # fmt: skip

    effective_from: Day
    post: PostGiven
    cycle: Cycle
    parts: Annotated[tuple[PartGiven, ...], Field(min_length=1, max_length=30)]


class RuleLineGiven(Command):
    """What is paid for a KPI: so much of a currency per unit, or a share of an amount of money."""

    code: Code
    kpi: Code
    rate: Rate
    currency: Currency | None = Field(default=None, description="Of units; an amount of money is paid in its own.")
    product: Code | None = None


class FactorGiven(Command):
    """The commission is multiplied by the factor (`points`) of the highest bound a KPI of the month reaches."""

    kpi: Code
    steps: Annotated[tuple[StepGiven, ...], Field(min_length=1, max_length=20)]
    otherwise: Points = Decimal(0)


class PublishCommissionRule(Command):
    """Publish what the sales of a post are paid, for months from a day on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effective_from": "2030-01-01",
                    "post": "representative",
                    "lines": [{"code": "delivered", "kpi": "deliveries", "rate": "800", "currency": "CNY"}],
                    "factor": {
                        "kpi": "attainment_deliveries",
                        "steps": [{"bound": "0.8", "points": "1"}, {"bound": "1", "points": "1.2"}],
                        "otherwise": "0.8",
                    },
                }
            ]
        }
    )

    effective_from: Day
    post: PostGiven
    lines: Annotated[tuple[RuleLineGiven, ...], Field(min_length=1, max_length=30)]
    factor: FactorGiven | None = None


class RaterGiven(Command):
    """Who is asked to rate, as what."""

    person_id: UUID
    rater: Rater


class OpenAssessment(Command):
    """Assess a person for a month or a year; ratings are gathered from then on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"owner_id": PERSON, "month": "2030-06", "raters": [{"person_id": PERSON, "rater": "peer"}]}]
        }
    )

    owner_id: UUID = Field(description="Who is assessed.")
    month: Month = Field(description="Of a year any of its months.")
    cycle: Cycle = Cycle.MONTH
    raters: Annotated[tuple[RaterGiven, ...], Field(max_length=50)] = Field(
        default=(), description="Who is asked to rate beside the reporting line."
    )


class RateAssessment(Command):
    """Give points for one aspect; again: other points."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rater": "superior", "aspect": "attitude", "points": "85"}]}
    )

    rater: Rater
    aspect: Aspect
    points: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2, allow_inf_nan=False)]


class Propose(Command):
    """Compute the result from the official figures and the ratings, or compute it anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class SignOff(Command):
    """The reporting line signs it off."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class Return(Command):
    """The reporting line does not sign it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "评价不完整"}]})

    reason: Text


class Acknowledge(Command):
    """The person takes note."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class Appeal(Command):
    """The person does not agree."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"appeal": "六月交付少计两台"}]})

    appeal: Narrative


class AnswerAppeal(Command):
    """The reporting line answers: upheld, a new result is due; not upheld, the result stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"upheld": True, "answer": "已补录，重新计算"}]})

    upheld: bool
    answer: Narrative


class AdjustAssessment(Command):
    """Decide the points of one part otherwise."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "visit_compliance", "points": "90", "reason": "住院期间免计"}]}
    )

    code: Code
    points: Points
    reason: Text


class ProposeCommission(Command):
    """Compute what a person's sales of a closed month are paid, with what late entries change of earlier months."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner_id": PERSON, "month": "2030-07"}]})

    owner_id: UUID
    month: Month


class AdjustCommission(Command):
    """Add or take away an amount."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"currency": "CNY", "amount": "-200.00", "reason": "重复计提"}]}
    )

    currency: Currency
    amount: Amount
    reason: Text
