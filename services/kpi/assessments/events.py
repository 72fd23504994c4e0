"""Facts of assessments: storage format and public language, for ever. See the service's `events.py`.

An assessment (考核) of a person and period, and a commission proposal (提成) of a person and month, keep the whole
computation: from the figures of the month's close to the points and amounts. Words of appeals stand in the vault.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- values: schemes ---------------------------------------------------------------------------------------


class Cycle(StrEnum):
    MONTH = "month"
    YEAR = "year"


class PartSource(StrEnum):
    KPI = "kpi"
    RATING = "rating"
    MONTHS = "months"  # mean score of the year's monthly assessments


class Rater(StrEnum):
    SUPERIOR = "superior"
    PEER = "peer"
    CUSTOMER = "customer"


class Aspect(StrEnum):
    PERFORMANCE = "performance"
    ATTITUDE = "attitude"
    TEAMWORK = "teamwork"
    SATISFACTION = "satisfaction"


class Scale(StrEnum):
    """How a value becomes points."""

    UPTO = "upto"  # the points of the first bound the value does not exceed
    FROM = "from"  # the points of the highest bound the value reaches
    PERCENT = "percent"  # value x 100, at most `most`
    POINTS = "points"  # the value is points, at most `most`


class PointStep(msgspec.Struct, frozen=True):
    """A bound and its points."""

    bound: Decimal
    points: Decimal


class PointTable(msgspec.Struct, frozen=True):
    """From a value to points. `otherwise`: beyond the last bound (upto), below the first (from)."""

    scale: Scale
    steps: tuple[PointStep, ...] = ()
    otherwise: Decimal = Decimal(0)
    most: Decimal = Decimal(100)


class SchemePart(msgspec.Struct, frozen=True):
    """One weighted part. A part without a value is left out, and its weight goes to the others, or counts 0 points."""

    code: str
    zh: str
    en: str
    weight: Decimal  # of all parts together 1
    source: PartSource
    kpi: str | None = None
    table: PointTable | None = None  # of a KPI
    rater: Rater | None = None
    aspect: Aspect | None = None
    of_unit: bool = False  # the KPI of the person's unit and all below it, not of the person
    missing_counts_zero: bool = False


class Factor(msgspec.Struct, frozen=True):
    """A commission is multiplied by what a KPI of the month reaches; without a value by 1."""

    kpi: str
    steps: tuple[PointStep, ...]  # `points` is the factor
    otherwise: Decimal


class RuleLine(msgspec.Struct, frozen=True):
    """What is paid for a KPI: `rate` of `currency` per unit, or that share of an amount (`currency` null)."""

    code: str
    kpi: str
    rate: Decimal
    currency: str | None
    product: str | None = None


# -- values: results ---------------------------------------------------------------------------------------


class ResultStatus(StrEnum):
    OPEN = "open"  # ratings are gathered, nothing is proposed
    PROPOSED = "proposed"
    SIGNED = "signed"
    ACKNOWLEDGED = "acknowledged"
    APPEALED = "appealed"
    UPHELD = "upheld"  # the appeal was right: a new result is due
    CONFIRMED = "confirmed"  # the appeal was not right: the result stands


class RaterNamed(msgspec.Struct, frozen=True):
    """Who is asked to rate, as what."""

    person_id: UUID
    rater: Rater


class Rating(msgspec.Struct, frozen=True):
    """Points (0–100) somebody gave; of one rater, as one, for one aspect, the last counts."""

    rater: Rater
    aspect: Aspect
    points: Decimal
    by: UUID
    on: date


class PartResult(msgspec.Struct, frozen=True):
    """One part computed: its value, points and weighted points. `state` other than ok: no value."""

    code: str
    weight: Decimal
    source: PartSource
    state: str
    value: Decimal | None
    points: Decimal | None
    counted_weight: Decimal  # after parts without a value were left out
    weighted: Decimal
    kpi: str | None = None
    definition_version: int | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    currency: str | None = None
    ratings: int | None = None
    adjusted: bool = False


class CommissionLine(msgspec.Struct, frozen=True):
    """One rule line of one month: as known at this close, less as known at the close before (back-settlement)."""

    month: date
    rule_from: date
    code: str
    kpi: str
    definition_version: int
    product: str | None
    currency: str
    rate: Decimal
    figure: Decimal
    factor: Decimal
    amount: Decimal
    figure_before: Decimal
    factor_before: Decimal
    amount_before: Decimal
    due: Decimal


class AmountDue(msgspec.Struct, frozen=True):
    """Money due in a currency; below 0 it is taken back."""

    currency: str
    amount: Decimal


class CommissionAdjustment(msgspec.Struct, frozen=True):
    """An amount added, or taken away, by decision."""

    currency: str
    amount: Decimal
    reason: str
    on: date
    by: UUID


# -- facts: rules ------------------------------------------------------------------------------------------


class AssessmentSchemePublished(FirstOrLaterFact):
    """How a post is assessed, from a day on. sets: policies (additive: this one)"""

    effective_from: date
    post: str
    cycle: Cycle
    parts: tuple[SchemePart, ...]


class CommissionRulePublished(FirstOrLaterFact):
    """What the sales of a post are paid, for months from a day on. sets: policies (additive: this one)"""

    effective_from: date
    post: str
    lines: tuple[RuleLine, ...]
    factor: Factor | None


# -- facts: assessments ------------------------------------------------------------------------------------


class AssessmentOpened(FirstFact):
    """A person is assessed for a month or year. sets: status = open, cycle, month, owner_id, unit_id, post, raters"""

    cycle: Cycle
    month: date  # the period's first month
    owner_id: UUID  # who is assessed
    unit_id: UUID
    post: str
    raters: tuple[RaterNamed, ...]


class AssessmentRated(Fact):
    """Somebody gave points. sets: ratings (additive: these)"""

    ratings: tuple[Rating, ...]


class AssessmentProposed(Fact):
    """A result was computed from the official figures and the ratings.

    sets: status = proposed, scheme_from, known_at, opening_known_at, parts, score, proposed_by
    """

    scheme_from: date
    known_at: int  # position of the close
    opening_known_at: int | None
    parts: tuple[PartResult, ...]
    score: Decimal | None  # null: no part has a value
    proposed_by: UUID


class AssessmentAdjusted(Fact):
    """Points of a part were decided otherwise. sets: status = proposed, parts, score, adjust_reason"""

    parts: tuple[PartResult, ...]
    score: Decimal | None
    adjust_reason: str


class AssessmentSigned(Fact):
    """The reporting line signed it off. sets: status = signed, signed_by, signed_on"""

    signed_by: UUID
    signed_on: date


class AssessmentReturned(Fact):
    """The reporting line did not sign it. sets: status = open, return_reason"""

    return_reason: str


class AssessmentAcknowledged(Fact):
    """The person took note. sets: status = acknowledged, acknowledged_on"""

    acknowledged_on: date


class AssessmentAppealed(Fact):
    """The person appealed; the words are in the vault. sets: status = appealed, appealed_on"""

    appealed_on: date


class AssessmentAppealAnswered(Fact):
    """The reporting line answered; the words are in the vault. sets: status = upheld or confirmed, answered_by,
    answered_on"""

    status: ResultStatus
    answered_by: UUID
    answered_on: date


AssessmentFact = (
    AssessmentOpened
    | AssessmentRated
    | AssessmentProposed
    | AssessmentAdjusted
    | AssessmentSigned
    | AssessmentReturned
    | AssessmentAcknowledged
    | AssessmentAppealed
    | AssessmentAppealAnswered
)

# -- facts: commissions ------------------------------------------------------------------------------------


class CommissionProposed(FirstFact):
    """What a person's sales of a month are paid, with what late entries change of earlier months.

    sets: status = proposed, month, owner_id, unit_id, post, known_at, known_before, lines, due, proposed_by
    """

    month: date
    owner_id: UUID
    unit_id: UUID
    post: str
    known_at: int  # position of the month's close
    known_before: int | None  # of the close of the month before; null: there was none
    lines: tuple[CommissionLine, ...]
    due: tuple[AmountDue, ...]
    proposed_by: UUID


class CommissionRecomputed(Fact):
    """It was computed anew: the close was another, or an appeal was upheld.

    sets: status = proposed, known_at, known_before, lines, due, proposed_by
    """

    known_at: int
    known_before: int | None
    lines: tuple[CommissionLine, ...]
    due: tuple[AmountDue, ...]
    proposed_by: UUID


class CommissionAdjusted(Fact):
    """An amount was added or taken away by decision. sets: status = proposed, adjustments (additive: this one)"""

    adjustments: tuple[CommissionAdjustment, ...]


class CommissionSigned(Fact):
    """The reporting line signed it off. sets: status = signed, signed_by, signed_on"""

    signed_by: UUID
    signed_on: date


class CommissionReturned(Fact):
    """The reporting line did not sign it. sets: status = open, return_reason"""

    return_reason: str


class CommissionAcknowledged(Fact):
    """The person took note. sets: status = acknowledged, acknowledged_on"""

    acknowledged_on: date


class CommissionAppealed(Fact):
    """The person appealed; the words are in the vault. sets: status = appealed, appealed_on"""

    appealed_on: date


class CommissionAppealAnswered(Fact):
    """The reporting line answered; the words are in the vault. sets: status = upheld or confirmed, answered_by,
    answered_on"""

    status: ResultStatus
    answered_by: UUID
    answered_on: date


CommissionFact = (
    CommissionProposed
    | CommissionRecomputed
    | CommissionAdjusted
    | CommissionSigned
    | CommissionReturned
    | CommissionAcknowledged
    | CommissionAppealed
    | CommissionAppealAnswered
)
