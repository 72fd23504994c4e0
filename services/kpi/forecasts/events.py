"""Facts of forecasts: storage format and public language, for ever. See the service's `events.py`.

A forecast call (预测) is one person's, of one month: what they say, and what their head makes of it. Both are kept.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact


class ForecastLine(msgspec.Struct, frozen=True):
    """What is expected of the month: units of a measure, or money."""

    measure: str  # orders, deliveries, reported: units; amount: money
    figure: Decimal
    product: str | None = None
    currency: str | None = None


class ForecastMade(FirstFact):
    """A person said what the month will bring, the first time. sets: all its fields, called_on; number = 1"""

    month: date  # its first day
    owner_id: UUID  # whose forecast
    unit_id: UUID  # where they worked then
    lines: tuple[ForecastLine, ...]
    called_on: date


class ForecastRevised(Fact):
    """The person says otherwise, as their call of this number. sets: unit_id, lines, number, called_on"""

    unit_id: UUID
    lines: tuple[ForecastLine, ...]
    number: int
    called_on: date


class ForecastAdjusted(Fact):
    """Somebody above in the line expects something else of the call of this number; the person's own figure stays.

    sets: adjusted, adjusted_number, adjusted_by, adjusted_on, reason
    """

    adjusted: tuple[ForecastLine, ...]
    adjusted_number: int
    adjusted_by: UUID
    adjusted_on: date
    reason: str | None


ForecastFact = ForecastMade | ForecastRevised | ForecastAdjusted
