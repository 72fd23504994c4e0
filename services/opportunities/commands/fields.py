"""What the bodies of commands are made of. No rule lives here."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^\S+$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"\S"),
    Field(description="Business text, kept in the log for ever: name no person here."),
]
Narrative = Annotated[
    str,
    StringConstraints(min_length=1, max_length=16_000, pattern=r"\S"),  # the vault takes 65 536 bytes
    Field(description="Free text; kept in the vault, never in the log."),
]
Personal = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"\S"),
    Field(description="Personal; kept in the vault, never in the log."),
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217")]
Money = Annotated[
    Decimal, Field(ge=0, max_digits=18, decimal_places=4, allow_inf_nan=False, description="Decimal text.")
]
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6, allow_inf_nan=False)]
Units = Annotated[int, Field(ge=1, le=1_000_000, description="Units 台")]
Number = Annotated[int, Field(ge=1, le=100_000, description="Line number")]
System = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.\-]+$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
ExternalRefs = Annotated[dict[System, Reference], Field(max_length=20, description="{system: reference there}")]


Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]


class Command(BaseModel):
    """A request to record something; the HTTP body is this, field by field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatedCommand(Command):
    """A command that may be told later than it happened."""

    on: Day | None = Field(
        default=None,
        description="The day it happened, in the tenant's zone; default now. The future is refused.",
    )


class LineGiven(Command):
    """A line of a prospect or order."""

    line: Number | None = Field(
        default=None, description="Default: the number the product already has here, else the next free one."
    )
    product: Code = Field(description="Code of a product of the catalogue")
    units: Units
    unit_price: Money | None = None


Lines = Annotated[tuple[LineGiven, ...], Field(max_length=200)]
