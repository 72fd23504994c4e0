"""A month as people say it (`2026-03`), which facts and SQL hold as its first day. Knows no working days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

PATTERN = r"^(19|20|21)\d\d-(0[1-9]|1[0-2])$"


def first_day(month: str) -> date:
    """What facts and SQL hold of a month said as text."""
    return date.fromisoformat(f"{month}-01")


def said(month: date) -> str:
    """As it is written in URLs, bodies and answers."""
    return f"{month:%Y-%m}"


def later(month: date, months: int = 1) -> date:
    """The first day of the month so many months later; earlier when below 0."""
    year, index = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(year, index + 1, 1)


def last_day(month: date) -> date:
    """Of the calendar month; a tenant's sales month may end on another (see the calendar)."""
    return later(month) - timedelta(days=1)


Month = Annotated[str, StringConstraints(pattern=PATTERN, max_length=7)]
"""A field of a body or an answer: `2026-03`."""
MonthAsked = Annotated[str | None, Query(pattern=PATTERN, description="A month: 2026-03.")]
"""A parameter of a read."""
