"""What the bodies of commands are made of. No rule lives here."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

AMOUNT = re.compile(r"^(0|[1-9]\d{0,13})(\.\d{1,4})?$", re.ASCII)
SHARE = re.compile(r"^(0(\.\d{1,6})?|1(\.0{1,6})?)$", re.ASCII)
DAY = re.compile(r"^(19|20|21)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", re.ASCII)
MAX_ATTRIBUTES = 16_384
MAX_NUMBER = 2**63


def _plain(form: re.Pattern[str], value: Any) -> Any:
    """Decimal text as people write it: no exponent, sign, space or leading zero; JSON numbers as they are."""
    if isinstance(value, bool) or (isinstance(value, str) and form.fullmatch(value) is None):
        raise PydanticCustomError("decimal_parsing", "a decimal such as 305000.00")
    return value


def _iso(value: Any) -> Any:
    """A calendar day, never seconds since 1970."""
    if not isinstance(value, date) and not (isinstance(value, str) and DAY.fullmatch(value)):
        raise PydanticCustomError("date_parsing", "a day such as 2026-01-31")
    return value


def _text(form: re.Pattern[str]) -> dict[str, Any]:
    return {"type": "string", "pattern": form.pattern}


Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^\S+$")]
Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"\S"),
    Field(description="Business words, kept in the log for ever: not for personal data."),
]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"\S"),
    Field(description="Business text, kept in the log for ever: not for personal data."),
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
    Decimal,
    BeforeValidator(partial(_plain, AMOUNT)),
    Field(ge=0, max_digits=18, decimal_places=4, allow_inf_nan=False, description="Decimal text."),
    WithJsonSchema(
        {"anyOf": [_text(AMOUNT), {"type": "integer", "minimum": 0, "maximum": 10**14 - 1}]}, mode="validation"
    ),
]
Share = Annotated[
    Decimal,
    BeforeValidator(partial(_plain, SHARE)),
    Field(ge=0, le=1, max_digits=7, decimal_places=6, allow_inf_nan=False),
    WithJsonSchema({"anyOf": [_text(SHARE), {"type": "integer", "minimum": 0, "maximum": 1}]}, mode="validation"),
]
Units = Annotated[int, Field(ge=1, le=1_000_000, description="Units 台")]
Number = Annotated[int, Field(ge=1, le=100_000, description="Line number")]
System = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.\-]+$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
ExternalRefs = Annotated[
    dict[System, Reference], Field(max_length=20, description="{system: reference there}; never a name.")
]


Day = Annotated[
    date,
    BeforeValidator(_iso),
    Field(ge=date(1900, 1, 1), le=date(2199, 12, 31)),
    WithJsonSchema({"type": "string", "format": "date", "pattern": DAY.pattern}, mode="validation"),
]


def _sayable(value: Any) -> Any:
    """JSON that every reader of the log can read, and not too much of it."""
    if len(msgspec.json.encode(value)) > MAX_ATTRIBUTES:
        raise PydanticCustomError("string_too_long", "at most {max_length} bytes", {"max_length": MAX_ATTRIBUTES})
    rest = [value]
    while rest:
        match rest.pop():
            case dict() as found:
                rest += found.values()
            case list() as found:
                rest += found
            case int() | float() as number if not abs(number) < MAX_NUMBER:
                raise PydanticCustomError("less_than", "a number below {lt}", {"lt": MAX_NUMBER})
            case _:
                pass
    return value


Attributes = Annotated[
    dict[Title, Any],
    AfterValidator(_sayable),
    Field(
        max_length=100,
        description="Whatever else is known, by name; at most 16 KiB, numbers of 64 bits. Not for personal data.",
    ),
]


class Command(BaseModel):
    """A request to record something; the HTTP body is this, field by field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatedCommand(Command):
    """A command that may be told later than it happened."""

    on: Day | None = Field(
        default=None,
        description="The day it happened, in the tenant's zone; default now. The future is refused.",
    )
