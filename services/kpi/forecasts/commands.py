"""Commands on forecasts: call, call again, adjust. No rule lives here."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.kpi.forecasts.events import ForecastLine
from services.kpi.month import Month
from shared.records.fields import Code, Command, Currency, DatedCommand, Money, Text

ForecastMeasure = Literal["orders", "deliveries", "reported", "amount"]


class ForecastLineGiven(Command):
    """A figure of one measure; an amount has a currency, units have none."""

    measure: ForecastMeasure
    figure: Money
    product: Code | None = None
    currency: Currency | None = None

    def line(self) -> ForecastLine:
        return ForecastLine(self.measure, self.figure, self.product, self.currency)


ForecastLines = Annotated[tuple[ForecastLineGiven, ...], Field(min_length=1, max_length=50)]


class MakeForecast(DatedCommand):
    """Say what a month will bring; one's own, or (On-Behalf-Of) another's."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"month": "2026-04", "lines": [{"measure": "orders", "figure": "12"}]}]}
    )

    month: Month
    person_id: UUID | None = Field(default=None, description="Whose; default who it is entered for.")
    lines: ForecastLines


class ReviseForecast(DatedCommand):
    """Say otherwise; the call before is kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lines": [{"measure": "orders", "figure": "10"}]}]})

    lines: ForecastLines


class AdjustForecast(DatedCommand):
    """What the head makes of it; the person's own figure is kept beside."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lines": [{"measure": "orders", "figure": "9"}], "reason": "招标延期"}]}
    )

    lines: ForecastLines
    reason: Text | None = None
