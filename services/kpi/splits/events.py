"""Facts of splits: storage format and public language, for ever. See the service's `events.py`.

A unit's month is split to the units below it and to persons; what a person got is put before them to confirm.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class SplitStatus(StrEnum):
    DRAFT = "draft"
    ISSUED = "issued"


class ConfirmationStatus(StrEnum):
    ASKED = "asked"
    CONFIRMED = "confirmed"
    OBJECTED = "objected"
    ANSWERED = "answered"  # the target stays: to be confirmed
    LAPSED = "lapsed"  # the split no longer names the person


class ObjectionVerdict(StrEnum):
    KEPT = "kept"  # the target stays
    ACCEPTED = "accepted"  # the split will be changed


class SplitTotal(msgspec.Struct, frozen=True):
    """What is split: the unit's own target. `source` as of targets (annual, rolling, split), or given by hand."""

    measure: str  # orders, deliveries, reported: units; amount: money
    target: Decimal
    stretch: Decimal | None = None
    product: str | None = None
    currency: str | None = None
    source: str = "given"


class SplitLine(msgspec.Struct, frozen=True):
    """What one unit or one person gets of it."""

    measure: str
    target: Decimal
    stretch: Decimal | None = None
    unit_id: UUID | None = None
    person_id: UUID | None = None
    product: str | None = None
    currency: str | None = None


class SplitWeight(msgspec.Struct, frozen=True):
    """What a proposal went by: what somebody did before, what they have open, and the share that came of it."""

    measure: str
    history: Decimal
    pipeline: Decimal
    share: Decimal
    unit_id: UUID | None = None
    person_id: UUID | None = None


class PersonalTarget(msgspec.Struct, frozen=True):
    """One target of a person for a month."""

    measure: str
    target: Decimal
    stretch: Decimal | None = None
    product: str | None = None
    currency: str | None = None


# -- facts of a split ----------------------------------------------------------------------------------------


class SplitProposed(FirstFact):
    """A unit's targets of a month were split by weight, to be edited.

    sets: all its fields; status = draft, number = 0
    """

    month: date  # its first day
    unit_id: UUID
    owner_id: UUID  # who split
    totals: tuple[SplitTotal, ...]
    lines: tuple[SplitLine, ...]
    weights: tuple[SplitWeight, ...]
    history_share: Decimal  # of the weight; the rest is the pipeline's
    history_from: date
    history_to: date


class SplitReweighed(Fact):
    """The draft was made anew by weight. sets: totals, lines, weights, history_share, history_from, history_to"""

    totals: tuple[SplitTotal, ...]
    lines: tuple[SplitLine, ...]
    weights: tuple[SplitWeight, ...]
    history_share: Decimal
    history_from: date
    history_to: date


class SplitEdited(Fact):
    """The draft was edited by hand. sets: totals, lines"""

    totals: tuple[SplitTotal, ...]
    lines: tuple[SplitLine, ...]


class SplitIssued(Fact):
    """The split is in force: it sums to the unit's targets. sets: status = issued, issued_by, confirm_by"""

    issued_by: UUID
    confirm_by: date


class SplitChanged(Fact):
    """An issued split was changed, as its change of this number. sets: totals, lines, number, reason, confirm_by"""

    totals: tuple[SplitTotal, ...]
    lines: tuple[SplitLine, ...]
    number: int
    reason: str
    confirm_by: date


SplitFact = SplitProposed | SplitReweighed | SplitEdited | SplitIssued | SplitChanged

# -- facts of a personal confirmation ------------------------------------------------------------------------


class ConfirmationRequested(FirstFact):
    """A person's targets of a month were put before them (个人目标确认书). sets: all its fields; status = asked"""

    split_id: UUID
    month: date
    unit_id: UUID
    owner_id: UUID  # whose targets
    targets: tuple[PersonalTarget, ...]
    number: int  # of the split's change; 0 as issued
    confirm_by: date


class ConfirmationRenewed(Fact):
    """The split was changed: the targets are others and are to be confirmed anew.

    sets: status = asked, targets, number, confirm_by; wanted = (), verdict = null
    """

    targets: tuple[PersonalTarget, ...]
    number: int
    confirm_by: date


class ConfirmationLapsed(Fact):
    """The split names the person no longer. sets: status = lapsed, number"""

    number: int


class TargetConfirmed(Fact):
    """The person confirmed the targets. sets: status = confirmed, confirmed_on"""

    confirmed_on: date


class TargetObjected(Fact):
    """The person objected; why is in the vault. sets: status = objected, objected_on, wanted"""

    objected_on: date
    wanted: tuple[PersonalTarget, ...]  # what they hold possible


class ObjectionAnswered(Fact):
    """Somebody above in the line answered; the words are in the vault.

    sets: status = answered, unless accepted: then the change of the split asks anew; verdict, answered_on, answered_by
    """

    verdict: ObjectionVerdict
    answered_on: date
    answered_by: UUID


ConfirmationFact = (
    ConfirmationRequested
    | ConfirmationRenewed
    | ConfirmationLapsed
    | TargetConfirmed
    | TargetObjected
    | ObjectionAnswered
)
