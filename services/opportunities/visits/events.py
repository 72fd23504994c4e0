"""Facts about visits: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec

from services.accounts.events import Layer
from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------


class VisitStatus(StrEnum):
    PLANNED = "planned"
    LOGGED = "logged"
    CANCELLED = "cancelled"


class Met(msgspec.Struct, frozen=True):
    """A person met on a visit, and the layer and post he or she had then."""

    person_id: UUID
    layer: Layer | None = None
    post: str | None = None


class Rumour(msgspec.Struct, frozen=True):
    """A claim heard about us, whether it is true, and what was answered."""

    claim: str
    true: bool | None = None
    answer: str | None = None


class Judged(msgspec.Struct, frozen=True):
    """A judgement a visit carried: the fact `version` in the stream of that opportunity."""

    opportunity_id: UUID
    version: int


# -- facts -------------------------------------------------------------------------------------------------


class VisitPlanned(FirstFact):
    """A visit is intended. What is to be prepared in words lies in the vault, keyed by the visit's id.

    sets: status = planned, account_id, opportunity_ids, owner_id, unit_id, purpose, way, planned_on, participants,
    expected_objections
    """

    account_id: UUID | None
    opportunity_ids: tuple[UUID, ...]
    owner_id: UUID  # who leads the visit
    unit_id: UUID
    purpose: str
    way: str
    planned_on: date
    participants: tuple[UUID, ...]
    expected_objections: tuple[str, ...]


class VisitLogged(FirstOrLaterFact):
    """The visit took place, on the day of its business time. First fact of the stream if it was not planned.

    What happened in words lies in the vault, keyed by the visit's id. The visit has no level of its own: the
    judgements it carried are facts of those opportunities, in the same append.

    sets: status = logged, account_id, opportunity_ids, owner_id, unit_id, purpose, way, visited_on, reached,
    participants, persons_met, expected_objections, objections, competitor, rumours, units_owned, buying_plan,
    next_step, next_on
    """

    account_id: UUID | None
    opportunity_ids: tuple[UUID, ...]
    owner_id: UUID
    unit_id: UUID
    purpose: str
    way: str
    visited_on: date
    reached: bool  # the person was reached: resets the follow-up clock
    participants: tuple[UUID, ...]  # each is credited; the owner is one of them
    persons_met: tuple[Met, ...]
    expected_objections: tuple[str, ...]
    objections: tuple[str, ...]
    competitor: str | None
    rumours: tuple[Rumour, ...]
    units_owned: int | None  # vehicles the customer owns
    buying_plan: str | None
    next_step: str | None
    next_on: date | None
    judged: tuple[Judged, ...]


class VisitReviewed(Fact):
    """The head read the report; the comment lies in the vault (field `comment`). sets: reviewed_by, reviewed_on"""

    reviewed_by: UUID
    reviewed_on: date


class VisitCancelled(Fact):
    """A planned visit will not take place. sets: status = cancelled, cancel_reason"""

    reason: str


class VisitHandedOver(Fact):
    """A planned visit is somebody else's from now on: the one who leads it, or one who was to take part (交接).

    Visits that took place are never handed over: they stay with who made them. sets: owner_id, unit_id, participants
    """

    owner_before: UUID
    unit_before: UUID
    owner_id: UUID
    unit_id: UUID
    participants: tuple[UUID, ...]
    reason: str | None


VisitFact = VisitPlanned | VisitLogged | VisitReviewed | VisitCancelled | VisitHandedOver
