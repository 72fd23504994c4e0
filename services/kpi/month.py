"""A month as people say it (`2026-03`), which facts and SQL hold as its first day. Knows no working days."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

SAID = re.compile(r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$", re.ASCII)
SCHEMA: dict[str, Any] = {"type": "string", "pattern": SAID.pattern, "examples": ["2026-03"]}


def _first_day(value: Any) -> Any:
    if isinstance(value, date):
        return value.replace(day=1)
    if not isinstance(value, str) or SAID.fullmatch(value) is None:
        raise PydanticCustomError("date_parsing", "a month such as 2026-03")
    return date.fromisoformat(f"{value}-01")


def said(month: date) -> str:
    """As it is written in URLs and answers."""
    return f"{month:%Y-%m}"


def later(month: date, months: int = 1) -> date:
    """The first day of the month so many months later; earlier when below 0."""
    year, index = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(year, index + 1, 1)


def last_day(month: date) -> date:
    """Of the calendar month; a tenant's sales month may end on another (see the calendar)."""
    return later(month) - timedelta(days=1)


Month = Annotated[date, BeforeValidator(_first_day), PlainSerializer(said), WithJsonSchema(SCHEMA)]
"""A field of a body or an answer: `2026-03` outside, the first day inside."""
MonthAsked = Annotated[
    date | None, BeforeValidator(lambda v: None if v is None else _first_day(v)), Query(json_schema_extra=SCHEMA)
]
"""The same as a parameter of a read."""
