"""A planned visit goes over to somebody else, and back. Pure: no I/O, no clock. Made visits never do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.opportunities.events import VisitHandedOver, VisitStatus
from shared.event_store.stream import Refused

if TYPE_CHECKING:
    from services.opportunities.visits.visit import Visit

TOOK_PLACE_BEFORE = "the visit took place before it was handed over"


def hand_over(visit: Visit, leaver: UUID, successor: UUID, *, unit_id: UUID, reason: str | None, at: datetime) -> None:
    """Put the successor where the leaver stands in a plan; `unit_id` counts when the leaver leads it.

    Says nothing when the leaver is not in it. Raises Refused: see `require_planned`.
    """
    require_planned(visit, at)
    planned = visit.standing
    leads = planned["owner_id"] == leaver
    if not leads and leaver not in planned["participants"]:
        return
    _record(
        visit,
        at,
        reason,
        owner_id=successor if leads else planned["owner_id"],
        unit_id=unit_id if leads else planned["unit_id"],
        participants=(successor if person == leaver else person for person in planned["participants"]),
    )


def hand_back(visit: Visit, before: Mapping[str, Any], *, reason: str | None, at: datetime) -> None:
    """Put a plan into the hands it was in before. Raises Refused: see `require_planned`."""
    require_planned(visit, at)
    _record(visit, at, reason, **{name: before[name] for name in ("owner_id", "unit_id", "participants")})


def require_planned(visit: Visit, at: datetime) -> None:
    """Raises Refused `already_logged`, `visit_cancelled`, `visit_void`, `before_planned`: only plans change hands."""
    match visit.status:
        case None:
            raise Refused("visit_void", "the visit was taken back")
        case VisitStatus.LOGGED:
            raise Refused("already_logged", "the visit took place: it stays with who made it")
        case VisitStatus.CANCELLED:
            raise Refused("visit_cancelled", "the visit was cancelled")
        case VisitStatus.PLANNED:
            pass
    if at < visit.ledger[1].occurred_at:
        raise Refused("before_planned", "that is before the visit was planned", pointer="/on")


def void_later_hand_overs(visit: Visit, at: datetime) -> None:
    """A visit that took place at `at` was not handed over afterwards: what says so is void."""
    for entry in visit.entries():
        if entry.type == VisitHandedOver.__name__ and entry.occurred_at > at:
            visit.void_fact(entry.version, reason=TOOK_PLACE_BEFORE, at=entry.occurred_at)


def _record(
    visit: Visit, at: datetime, reason: str | None, *, owner_id: UUID, unit_id: UUID, participants: Iterable[UUID]
) -> None:
    planned = visit.standing
    taking_part = tuple(dict.fromkeys(participants))
    if (owner_id, unit_id, taking_part) == (planned["owner_id"], planned["unit_id"], planned["participants"]):
        return
    visit.record(
        VisitHandedOver,
        at=at,
        owner_before=planned["owner_id"],
        unit_before=planned["unit_id"],
        owner_id=owner_id,
        unit_id=unit_id,
        participants=taking_part,
        reason=reason,
    )
