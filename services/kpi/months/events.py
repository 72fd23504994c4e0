"""Facts of months: storage format and public language, for ever. See the service's `events.py`.

A month that nobody closed closes by default at the end of the first working day after it, without a fact: see
`closes.py`.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from shared.event_store.stream import FirstOrLaterFact


class MonthStatus(StrEnum):
    CLOSED = "closed"
    REOPENED = "reopened"  # until it is closed again by a command


class MonthClosed(FirstOrLaterFact):
    """A month was closed (月结): its official figures are those the log held up to `position`.

    sets: status = closed, month, position, decided_by, reason
    """

    month: date  # its first day
    position: int  # of the tenant's log
    decided_by: UUID
    reason: str | None


class MonthReopened(FirstOrLaterFact):
    """The close of a month was taken back, the default one too: no official figures until it is closed again.

    sets: status = reopened, month, position = null, decided_by, reason
    """

    month: date
    position_before: int
    decided_by: UUID
    reason: str


MonthFact = MonthClosed | MonthReopened
