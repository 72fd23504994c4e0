"""What the reads of forecasts answer: rows and their fields. Holds no query."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.kpi.answers import Figure, Report


class ForecastFigure(BaseModel):
    measure: str = Field(title="指标")
    measure_label: str = Field(title="指标名称")
    product: str | None
    currency: str | None
    called: Figure | None = Field(title="本人预测", description="The person's own.")
    adjusted: Figure | None = Field(title="主管调整", description="The head's, of whatever call.")
    in_force: Figure | None = Field(
        title="采用值", description="The head's when it is of the latest call, else the person's."
    )


class ForecastRow(BaseModel):
    """One person's forecast of a month as it stood."""

    id: UUID
    version: int
    month: str
    person_id: UUID
    person: str | None
    unit_id: UUID
    unit: str | None
    number: int = Field(title="预测次数", description="Of the person's latest call.")
    called_on: date = Field(title="预测日期")
    adjusted_number: int | None = Field(title="调整所对预测", description="Of the call the head's figure is of.")
    adjusted_by: UUID | None = Field(title="调整人编号")
    adjusted_by_name: str | None = Field(title="调整人")
    adjusted_on: date | None = Field(title="调整日期")
    figures: list[ForecastFigure] = Field(title="预测")


class ForecastVersionRow(BaseModel):
    """One call or adjustment, in the order told."""

    version: int
    kind: str = Field(title="类别", description="called or adjusted.")
    number: int = Field(title="预测次数", description="Of the call it is, or is of.")
    by: UUID | None = Field(title="提出人编号")
    by_name: str | None = Field(title="提出人")
    on: date = Field(title="日期")
    recorded_at: datetime
    measure: str = Field(title="指标")
    measure_label: str = Field(title="指标名称")
    product: str | None
    currency: str | None
    figure: Figure = Field(title="数值")
    reason: str | None
    corrected: bool = Field(title="已更正", description="Told otherwise at first.")


class ForecastVersions(Report[ForecastVersionRow]):
    month: str
    person_id: UUID
    person: str | None


class ForecastReportRow(BaseModel):
    """What is forecast of one measure, beside target and outcome. By person, unit, branch or region."""

    key: str | None
    label: str | None
    measure: str = Field(title="指标")
    measure_label: str = Field(title="指标名称")
    currency: str | None
    people: int = Field(title="预测人数", description="Who made a forecast.")
    called: Figure | None = Field(title="本人预测")
    adjusted: Figure | None = Field(
        title="主管调整", description="The heads' figures; where there is none, not counted."
    )
    in_force: Figure = Field(title="采用值")
    target: Figure | None
    gap: Figure | None = Field(title="与目标差额", description="in_force − target.")
    actual: Figure | None = Field(title="实际", description="So far; null for reported.")
    deviation: float | None = Field(
        title="偏差率", description="abs(in_force − actual) / actual; null when actual is 0."
    )


class ForecastReport(Report[ForecastReportRow]):
    month: str
    complete: bool = Field(description="Whether the month is over on the day asked about.")
