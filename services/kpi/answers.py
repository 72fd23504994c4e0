"""What the answers of this service are made of: figures as decimal text, reports. Computes nothing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

from shared.http.columns import AMOUNT
from shared.records.asking import money

Figure = Annotated[str, AMOUNT, Field(description="Decimal text; an amount has its currency beside it.")]

R = TypeVar("R")


class Report(BaseModel, Generic[R]):
    """All rows of a report, never paged, with the instant and the place in the log they are of."""

    rows: list[R]
    as_of: datetime = Field(description="The instant of business time the rows are of.")
    position: int = Field(description="The last place in the log that every row is sure to have seen.")


def figure(value: Decimal | int | None, currency: str | None = None) -> str | None:
    """Decimal text: money with its cents, other figures without needless zeros."""
    if value is None:
        return None
    value = Decimal(value)
    if currency is not None:
        return money(value)
    return format(value.normalize() if value else Decimal(0), "f")
