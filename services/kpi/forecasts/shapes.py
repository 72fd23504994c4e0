"""What the reads of forecasts answer: rows and their fields. Holds no query."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.kpi.answers import Figure, Report


class ForecastFigure(BaseModel):
    measure: str
    product: str | None
    currency: str | None
    called: Figure | None = Field(description="The person's own.")
    adjusted: Figure | None = Field(description="The head's, of whatever call.")
    in_force: Figure | None = Field(description="The head's when it is of the latest call, else the person's.")


class ForecastRow(BaseModel):
    """One person's forecast of a month as it stood."""

    id: UUID
    version: int
    month: str
    person_id: UUID
    person: str | None
    unit_id: UUID
    unit: str | None
    number: int = Field(description="Of the person's latest call.")
    called_on: date
    adjusted_number: int | None = Field(description="Of the call the head's figure is of.")
    adjusted_by: UUID | None
    adjusted_by_name: str | None
    adjusted_on: date | None
    figures: list[ForecastFigure]


class ForecastVersionRow(BaseModel):
    """One call or adjustment, in the order told."""

    version: int
    kind: str = Field(description="called or adjusted.")
    number: int = Field(description="Of the call it is, or is of.")
    by: UUID | None
    by_name: str | None
    on: date
    recorded_at: datetime
    measure: str
    product: str | None
    currency: str | None
    figure: Figure
    reason: str | None
    corrected: bool = Field(description="Told otherwise at first.")


class ForecastVersions(Report[ForecastVersionRow]):
    month: str
    person_id: UUID
    person: str | None


class ForecastReportRow(BaseModel):
    """What is forecast of one measure, beside target and outcome. By person, unit, branch or region."""

    key: str | None
    label: str | None
    measure: str
    currency: str | None
    people: int = Field(description="Who made a forecast.")
    called: Figure | None
    adjusted: Figure | None = Field(description="The heads' figures; where there is none, not counted.")
    in_force: Figure
    target: Figure | None
    gap: Figure | None = Field(description="in_force − target.")
    actual: Figure | None = Field(description="So far; null for reported.")
    deviation: float | None = Field(description="abs(in_force − actual) / actual; null when actual is 0.")


class ForecastReport(Report[ForecastReportRow]):
    month: str
    complete: bool = Field(description="Whether the month is over on the day asked about.")
