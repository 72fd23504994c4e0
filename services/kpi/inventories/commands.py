"""Commands on an inventory: open, fix again, decide lines, sign. No rule lives here."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from services.kpi.inventories.events import InventoryPart, LineDecided
from services.kpi.month import Month
from shared.records.fields import Command, Day, Text

UNIT = "7f0d7f0e-52c1-5a2d-8d5c-0b5b3a1f2c22"
OPPORTUNITY = "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11"
MOST_LINES = 500


class OpenInventory(Command):
    """Take stock of the customer base of a unit and all below it: the sheet is fixed at the end of the log."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"unit_id": UNIT, "month": "2026-02"}]})

    unit_id: UUID
    month: Month | None = Field(default=None, description="Default: the month of the day.")
    on: Day | None = Field(
        default=None, description="Stock at the end of that day; default today, or the last day of a month gone by."
    )
    no_contact_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        default=30, description="A finding where nobody was reached for longer."
    )


class FixAgain(Command):
    """Take the sheet anew: at the end of the log as it is now. What was decided before does not count any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "月底仍有新增客户"}]})

    on: Day | None = Field(default=None, description="Stock at the end of that day; default as when it was opened.")
    reason: Text


class LineGiven(Command):
    """What a line is."""

    part: InventoryPart = InventoryPart.PROSPECTS
    id: UUID = Field(description="Of the opportunity, or of the account in the part `owners`.")
    decided: LineDecided
    note: Text | None = None


class DecideLines(Command):
    """Say of lines what they are. Levels, freezes and defeats are told to the opportunities service as well."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lines": [{"id": OPPORTUNITY, "decided": "confirm"}]}]})

    lines: Annotated[tuple[LineGiven, ...], Field(min_length=1, max_length=MOST_LINES)]


class SignInventory(Command):
    """Sign the sheet, with the lines that nobody decided."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"accept_unconfirmed": True}]})

    accept_unconfirmed: bool = Field(default=False, description="Sign although lines are not confirmed.")
