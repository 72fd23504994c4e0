"""What bodies of this service's commands have in common. No rule lives here."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^\S+$")]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4_000, pattern=r"\S"),
    Field(description="Of the organisation, kept in the log for ever: not for personal data."),
]
Noted = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4_000, pattern=r"\S"),
    Field(description="About a person; kept in the vault, never in the log."),
]
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"\S"),
    Field(description="Kept in the log for ever: not for personal data."),
]
Phone = Annotated[str, Field(min_length=3, max_length=40, pattern=r"^[0-9+()\-\s./xX转]+$")]
Mail = Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
System = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.\-]+$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
ExternalRefs = Annotated[
    dict[System, Reference], Field(max_length=20, description="{system: reference there}; never a name.")
]
DAY = r"^(19|20|21)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
Day = Annotated[
    date,
    Field(ge=date(1900, 1, 1), le=date(2199, 12, 31)),
    WithJsonSchema({"type": "string", "format": "date", "pattern": DAY}, mode="validation"),
]


def like(**example: Any) -> ConfigDict:
    """Model configuration with one example of the body, shown in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [example]})


class Command(BaseModel):
    """A request to record something; the HTTP body is this, field by field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatedCommand(Command):
    """A command that may be told later than it happened."""

    on: Day | None = Field(default=None, description="The day it holds from, in the tenant's zone; default now.")
