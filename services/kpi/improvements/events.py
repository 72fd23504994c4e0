"""Facts of improvements: storage format and public language, for ever. See the service's `events.py`.

An improvement loop (PDCA) goes from a finding to measures, what was done, what came of it, and what is kept. A training
need (培训需求) goes from a finding about one person to a course and its effect.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class FindingSource(StrEnum):
    """Where a finding comes from."""

    KPI = "kpi"
    DEFEAT = "defeat"
    ASSESSMENT = "assessment"
    MEETING = "meeting"
    AUDIT = "audit"
    INVENTORY = "inventory"
    OTHER = "other"


class ImprovementStatus(StrEnum):
    PLANNED = "planned"
    DOING = "doing"
    CHECKED = "checked"
    STANDARDISED = "standardised"  # kept as the rule from now on
    STOPPED = "stopped"


class Effect(StrEnum):
    """What came of it."""

    EFFECTIVE = "effective"
    PARTLY = "partly"
    NONE = "none"
    WORSE = "worse"


class ActDecision(StrEnum):
    STANDARDISE = "standardise"
    ADJUST = "adjust"  # another loop
    STOP = "stop"


class TrainingStatus(StrEnum):
    PROPOSED = "proposed"
    PLANNED = "planned"
    HELD = "held"
    CHECKED = "checked"
    DROPPED = "dropped"


class TrainingResult(StrEnum):
    PASSED = "passed"
    ATTENDED = "attended"
    FAILED = "failed"


class KpiReading(msgspec.Struct, frozen=True):
    """A KPI of a period, as told or as computed at a place in the log; `value` null: no value then."""

    kpi: str
    since: date
    until: date
    value: Decimal | None
    version: int | None = None  # of the definition; null: told
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    known_at: int | None = None
    currency: str | None = None


class ImprovementMeasure(msgspec.Struct, frozen=True):
    """Something to be done, or done (`done_on`); numbered; the last step of a number counts."""

    number: int
    loop: int
    text: str
    owner_id: UUID
    due_on: date
    done_on: date | None = None
    result: str | None = None


# -- facts: improvement loops ------------------------------------------------------------------------------


class ImprovementPlanned(FirstFact):
    """Plan: a finding, its cause, measures, and the KPI that is to move.

    sets: status = planned, loop = 1, title, finding, source, source_id, cause, kpi, target, kpi_before, owner_id,
    unit_id, due_on, measures (additive)
    """

    title: str
    finding: str
    source: FindingSource
    source_id: UUID | None  # of the meeting, the assessment, …
    cause: str | None
    kpi: str | None
    target: Decimal | None
    kpi_before: KpiReading | None
    owner_id: UUID
    unit_id: UUID
    due_on: date
    measures: tuple[ImprovementMeasure, ...]


class ImprovementMeasureDone(Fact):
    """Do: a measure was carried out. sets: status = doing, measures (additive: one step)"""

    measures: tuple[ImprovementMeasure, ...]


class ImprovementChecked(Fact):
    """Check: what came of it. sets: status = checked, effect, kpi_after, check_finding"""

    effect: Effect
    kpi_after: KpiReading | None
    check_finding: str


class ImprovementActed(Fact):
    """Act: kept as the rule, another loop, or stopped.

    sets: status, loop, decision, rule; with another loop also due_on, measures (additive)
    """

    status: ImprovementStatus
    loop: int
    decision: ActDecision
    rule: str
    due_on: date
    measures: tuple[ImprovementMeasure, ...]


ImprovementFact = ImprovementPlanned | ImprovementMeasureDone | ImprovementChecked | ImprovementActed

# -- facts: training needs ---------------------------------------------------------------------------------


class TrainingProposed(FirstFact):
    """Somebody needs training: from defeats through our own people, from an assessment, or otherwise.

    sets: status = proposed, owner_id, unit_id, post, topic, source, source_id, reason, kpi_before
    """

    owner_id: UUID  # who is to be trained
    unit_id: UUID
    post: str  # function; who sees it depends on it
    topic: str
    source: FindingSource
    source_id: UUID | None
    reason: str | None  # code of the reason catalogue
    kpi_before: KpiReading | None


class TrainingPlanned(Fact):
    """A course on a day. sets: status = planned, course, planned_on"""

    course: str
    planned_on: date


class TrainingHeld(Fact):
    """It took place. sets: status = held, held_on, hours, result"""

    held_on: date
    hours: Decimal | None
    result: TrainingResult


class TrainingEffectChecked(Fact):
    """What came of it. sets: status = checked, effect, kpi_after, check_finding"""

    effect: Effect
    kpi_after: KpiReading | None
    check_finding: str


class TrainingDropped(Fact):
    """It is not needed any more. sets: status = dropped, drop_reason"""

    drop_reason: str


TrainingFact = TrainingProposed | TrainingPlanned | TrainingHeld | TrainingEffectChecked | TrainingDropped
