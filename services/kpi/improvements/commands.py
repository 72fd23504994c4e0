"""Commands on improvement loops and training needs. No rule lives here."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from services.kpi.events import ActDecision, Effect, FindingSource, TrainingResult
from shared.records.fields import Code, Command, Currency, DatedCommand, Day, Number, Text, Title

PERSON = "5a0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c11"
UNIT = "7f0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c22"
READING: dict[str, JsonValue] = {
    "kpi": "follow_up_timeliness",
    "since": "2030-01-01",
    "until": "2030-01-31",
    "value": "0.62",
}

Figure = Annotated[Decimal, Field(ge=-(10**14), le=10**14, decimal_places=6, max_digits=20, allow_inf_nan=False)]


class KpiReadingGiven(Command):
    """A KPI of some days. Without a value it is computed, of the unit or the person the record is about."""

    kpi: Code
    since: Day
    until: Day
    value: Figure | None = Field(default=None, description="As told; null: as this service computes it now.")
    currency: Currency | None = None


class MeasureGiven(Command):
    """Something to be done by somebody by a day."""

    text: Text
    owner_id: UUID
    due_on: Day


Measures = Annotated[tuple[MeasureGiven, ...], Field(max_length=50)]


class PlanImprovement(DatedCommand):
    """Plan an improvement: finding, cause, measures, and the KPI that is to move."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "跟进及时率",
                    "finding": "一月跟进及时率低于目标",
                    "source": "kpi",
                    "unit_id": UNIT,
                    "due_on": "2030-03-31",
                    "kpi": "follow_up_timeliness",
                    "target": "0.90",
                    "before": READING,
                    "measures": [{"text": "每日晨会核对跟进清单", "owner_id": PERSON, "due_on": "2030-02-10"}],
                }
            ]
        }
    )

    title: Title
    finding: Text
    source: FindingSource = FindingSource.OTHER
    source_id: UUID | None = Field(default=None, description="Of the meeting, the assessment, … it comes from.")
    cause: Text | None = None
    unit_id: UUID
    owner_id: UUID | None = Field(default=None, description="Who answers for it; default: who enters it.")
    due_on: Day
    kpi: Code | None = Field(default=None, description="The KPI that is to move.")
    target: Figure | None = None
    before: KpiReadingGiven | None = None
    measures: Annotated[tuple[MeasureGiven, ...], Field(min_length=1, max_length=50)]


class FinishMeasure(DatedCommand):
    """Do: a measure was carried out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": 1, "result": "晨会已固定"}]})

    number: Number
    result: Text | None = None


class CheckImprovement(DatedCommand):
    """Check: what came of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"effect": "effective", "finding": "及时率达到91%", "after": {**READING, "value": "0.91"}}]
        }
    )

    effect: Effect
    finding: Text
    after: KpiReadingGiven | None = None


class ActOnImprovement(DatedCommand):
    """Act: keep it as the rule, go through another loop, or stop."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "standardise", "rule": "写入晨会制度"}]})

    decision: ActDecision
    rule: Text = Field(description="What holds from now on, or why it goes on or stops.")
    due_on: Day | None = Field(default=None, description="Of the next loop (adjust).")
    measures: Measures = Field(default=(), description="Of the next loop (adjust).")


class ProposeTraining(DatedCommand):
    """Somebody needs training."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"owner_id": PERSON, "topic": "产品知识", "source": "defeat", "reason": "own.product_knowledge"}
            ]
        }
    )

    owner_id: UUID = Field(description="Who is to be trained.")
    topic: Title
    source: FindingSource = FindingSource.OTHER
    source_id: UUID | None = None
    reason: Code | None = Field(default=None, description="Code of the reason catalogue, such as own.attitude.")
    before: KpiReadingGiven | None = None


class PlanTraining(DatedCommand):
    """Plan a course on a day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"course": "新车型培训", "planned_on": "2030-04-10"}]})

    course: Title
    planned_on: Day


class HoldTraining(DatedCommand):
    """The training took place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"result": "passed", "hours": "6"}]})

    result: TrainingResult
    hours: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=2, max_digits=6)] | None = None


class CheckTraining(DatedCommand):
    """What came of the training."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"effect": "effective", "finding": "近两月无同类战败"}]})

    effect: Effect
    finding: Text
    after: KpiReadingGiven | None = None


class DropTraining(DatedCommand):
    """It is not needed any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "已调岗"}]})

    reason: Text
