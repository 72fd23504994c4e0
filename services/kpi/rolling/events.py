"""Facts of rolling: storage format and public language, for ever. See the service's `events.py`.

An X+Y rolling plan (滚动计划) is of one unit. Each published version plans the firm months from a month on, then the
outlook months; versions are numbered and kept.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from services.kpi.plans.events import PlanRow
from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------


class RollingStatus(StrEnum):
    OPEN = "open"
    PENDING = "pending"  # a version that changes firm months waits for approval


# -- facts -------------------------------------------------------------------------------------------------


class RollingPlanOpened(FirstFact):
    """A unit plans by rolling months. sets: status = open, unit_id, owner_id (who leads it)"""

    unit_id: UUID
    owner_id: UUID


class RollingVersionPublished(Fact):
    """A version was published: its rows are the unit's targets for its months.

    sets: status = open, number, base_month (first firm month), firm_months, outlook_months, rows, reason,
    approved_by (when it changed firm months), proposal = null
    """

    number: int
    base_month: date
    firm_months: int
    outlook_months: int
    rows: tuple[PlanRow, ...]
    reason: str | None
    published_by: UUID
    approved_by: UUID | None


class FirmChangeRequested(Fact):
    """A version that changes months firm in the version before waits for the reporting line.

    sets: status = pending, requested_by, requested_month, requested_rows, requested_reason
    """

    requested_by: UUID
    requested_month: date  # base month of the version
    requested_rows: tuple[PlanRow, ...]
    requested_reason: str


class FirmChangeRefused(Fact):
    """The reporting line refused the change. sets: status = open, refused_by, comment"""

    refused_by: UUID
    comment: str


class RollingPolicyPublished(FirstOrLaterFact):
    """How the company rolls its plans from a day on. sets: policies (additive: this one)"""

    effective_from: date
    closed_months: int  # shown before the firm ones
    firm_months: int  # a change needs a reason and approval
    outlook_months: int


RollingPlanFact = RollingPlanOpened | RollingVersionPublished | FirmChangeRequested | FirmChangeRefused
RollingPolicyFact = RollingPolicyPublished
