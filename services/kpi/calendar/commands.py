"""What is said about a tenant's calendar; the HTTP bodies are these. No rule lives here."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from services.kpi.month import Month
from shared.records.fields import Command, Day, Title

Year = Annotated[int, Field(ge=1900, le=2199)]


class DayGiven(Command):
    """One day that is otherwise than announced."""

    day: Day
    is_working: bool | None = Field(description="null: as announced after all.")
    occasion: Title | None = None


class DeclareWorkingDays(Command):
    """The company works, or does not, on these days, whatever was announced; of one day the latest counts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "days": [
                        {"day": "2027-02-05", "is_working": False, "occasion": "春节"},
                        {"day": "2027-02-14", "is_working": True, "occasion": "春节调休"},
                    ],
                    "whole_years": [2027],
                }
            ]
        }
    )

    days: Annotated[tuple[DayGiven, ...], Field(max_length=400)] = ()
    whole_years: Annotated[tuple[Year, ...], Field(max_length=20)] = Field(
        default=(), description="Years that are complete with these days and not provisional any more."
    )


class MonthEndGiven(Command):
    """A month that ends on another day than the others."""

    month: Month
    last_day: Day


class PublishSalesMonth(Command):
    """On which day the manufacturer's sales month ends, from a month on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "effective_from": "2030-01",
                    "last_day": 25,
                    "ends": [{"month": "2030-12", "last_day": "2030-12-31"}],
                }
            ]
        }
    )

    effective_from: Month
    last_day: Annotated[int, Field(ge=1, le=31)] | None = Field(
        default=None, description="Of the month; 31 is its last day. null: the calendar month."
    )
    in_following_month: bool = Field(default=False, description="`last_day` is one of the month after it.")
    ends: Annotated[tuple[MonthEndGiven, ...], Field(max_length=60)] = Field(
        default=(), description="Months that end on another day."
    )
