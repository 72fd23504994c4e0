"""The standing fields of an opportunity, and which of them each fact sets. Pure; never refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, assert_never
from uuid import UUID

from services.opportunities.events import (
    Cancellation,
    ContactLost,
    ContactMade,
    CustomerTold,
    DealLost,
    DealReopened,
    DealWon,
    DefeatKind,
    DefeatRejected,
    DefeatRequested,
    DefeatVerified,
    Delivery,
    DeliveryRescheduled,
    Evidence,
    FollowUpPlanned,
    FreezeRejected,
    FreezeRequested,
    Installation,
    Instruction,
    InstructionCompleted,
    InstructionGiven,
    Line,
    OpportunityFact,
    OpportunityReferred,
    OpportunityTransferred,
    OrderAmended,
    Promise,
    ProspectCaptured,
    ProspectDisposed,
    ProspectFrozen,
    ProspectQualified,
    ProspectResumed,
    Review,
    Shipment,
    Status,
    Told,
    UnitsCancelled,
    UnitsDelivered,
    UnitsInstalled,
    UnitsShipped,
    Verdict,
)

STANDING: Mapping[str, Any] = {
    "account_id": UUID | None,
    "title": str | None,
    "owner_id": UUID,
    "unit_id": UUID,
    "channel": str | None,
    "channel_given": str | None,
    "lines": tuple[Line, ...],
    "currency": str,
    "amount": Decimal | None,
    "stage": str | None,
    "stage_given": str | None,
    "probability": Decimal | None,
    "probability_given": str | None,
    "level": str | None,
    "expected_on": date | None,
    "judged_by": UUID,
    "evidence": Evidence | None,
    "competitor": str | None,
    "obstacle": str | None,
    "support_needed": str | None,
    "key_person_id": UUID | None,
    "contact_id": UUID | None,
    "valid": bool,
    "missing": tuple[str, ...],
    "external_refs": dict[str, str],
    "attributes": dict[str, Any],
    "status": Status,
    "review": Review | None,
    "reviewed_by": UUID | None,
    "requested_on": date | None,
    "defeat_requested_by": UUID | None,
    "defeat_kind": DefeatKind | None,
    "defeat_reason": str | None,
    "defeat_category": str | None,
    "defeat_other_reasons": tuple[str, ...],
    "reason_given": str | None,
    "defeat_evidence": str | None,
    "verdict": Verdict | None,
    "verify_attempts": int | None,
    "verify_reached": bool | None,
    "reason_found": str | None,
    "verify_comment": str | None,
    "verified_by": UUID | None,
    "verified_on": date | None,
    "competitor_brand": str | None,
    "competitor_model": str | None,
    "competitor_price": Decimal | None,
    "bought_on": date | None,
    "recall_on": date | None,
    "freeze_requested_by": UUID | None,
    "freeze_reason": str | None,
    "contact_lost_reason": str | None,
    "disposal": str | None,
    "promised_on": date | None,
    "order_ref": str | None,
    "promises": tuple[Promise, ...],
    "told": tuple[Told, ...],
    "shipped": tuple[Shipment, ...],
    "delivered": tuple[Delivery, ...],
    "installed": tuple[Installation, ...],
    "cancelled": tuple[Cancellation, ...],
    "instruction": Instruction | None,
    "contact_way": str,
    "contact_reached": bool,
    "contact_result": str | None,
    "contacted_by": UUID,
    "follow_up_on": date | None,
    "follow_up_way": str | None,
}

MOVED = frozenset({"delivered", "cancelled"})
"""Movements that take units off what is open."""
ADDITIVE = MOVED | {"promises", "told", "shipped", "installed"}

NOT_VERIFIED: Mapping[str, Any] = {
    "verdict": None,
    "verify_attempts": None,
    "verify_reached": None,
    "reason_found": None,
    "verify_comment": None,
    "verified_by": None,
    "verified_on": None,
}
NO_DEFEAT: Mapping[str, Any] = {
    **NOT_VERIFIED,
    "requested_on": None,
    "defeat_requested_by": None,
    "defeat_kind": None,
    "defeat_reason": None,
    "defeat_category": None,
    "defeat_other_reasons": (),
    "reason_given": None,
    "defeat_evidence": None,
    "competitor_brand": None,
    "competitor_model": None,
    "competitor_price": None,
    "bought_on": None,
    "recall_on": None,
}
"""What a prospect says about a defeat when there is none, or none any more."""


NO_FREEZE: Mapping[str, Any] = {"freeze_requested_by": None, "freeze_reason": None, "recall_on": None}
WITHDRAWN: Mapping[Review | None, Mapping[str, Any]] = {
    None: {},
    Review.DEFEAT: NO_DEFEAT,
    Review.FREEZE: NO_FREEZE,
}


def sets(fact: OpportunityFact) -> dict[str, Any]:
    """The standing fields a fact sets: from the fact alone, so that a replay sets the same."""
    match fact:
        case ProspectCaptured():
            return _captured(fact)
        case ProspectQualified():
            return _judged(fact)
        case DefeatRequested():
            return {"review": Review.DEFEAT, **NOT_VERIFIED, **_defeat(fact)}
        case DefeatVerified():
            return {
                "verdict": fact.verdict,
                "verify_attempts": fact.attempts,
                "verify_reached": fact.reached,
                "reason_found": fact.reason,
                "verify_comment": fact.comment,
                "verified_by": fact.verified_by,
                "verified_on": fact.verified_on,
            }
        case DealLost():
            return {
                "status": Status.DEFEATED,
                "review": None,
                "reviewed_by": fact.reviewed_by,
                **_defeat(fact),
            }
        case DefeatRejected():
            return {"review": None, "reviewed_by": fact.reviewed_by, **NO_DEFEAT}
        case DealReopened():
            lines = {} if fact.lines is None else {"lines": fact.lines}
            return {"status": Status.OPEN, "review": None, "disposal": None, **NO_DEFEAT, **lines}
        case FreezeRequested():
            return {"review": Review.FREEZE, **_freeze(fact)}
        case ProspectFrozen():
            return {
                "status": Status.FROZEN,
                "review": None,
                "reviewed_by": fact.reviewed_by,
                **(NO_DEFEAT if fact.instead_of is Review.DEFEAT else {}),
                **_freeze(fact),
            }
        case FreezeRejected():
            return {"review": None, "reviewed_by": fact.reviewed_by, **NO_FREEZE}
        case ContactLost():
            return {
                "status": Status.LOST_CONTACT,
                "review": None,
                "contact_lost_reason": fact.reason,
                "recall_on": fact.recall_on,
            }
        case ProspectResumed():
            return {
                "status": Status.OPEN,
                "review": None,
                "contact_lost_reason": None,
                **NO_FREEZE,
            }
        case ProspectDisposed():
            return {"status": Status.DISPOSED, "review": None, "disposal": fact.disposal}
        case DealWon():
            return {"status": Status.ORDERED, "review": None, **_order(fact), **WITHDRAWN[fact.withdrawn]}
        case OrderAmended():
            return _order(fact)
        case DeliveryRescheduled():
            return _rescheduled(fact)
        case CustomerTold():
            return {"told": fact.told}
        case UnitsShipped():
            return {"shipped": fact.shipped}
        case UnitsInstalled():
            return {"installed": fact.installed}
        case UnitsDelivered():
            return {"delivered": fact.delivered}
        case UnitsCancelled():
            whole = {"status": Status.CANCELLED} if fact.whole else {}
            return {"cancelled": fact.cancelled, **whole}
        case OpportunityTransferred():
            return {"owner_id": fact.owner_id, "unit_id": fact.unit_id}
        case OpportunityReferred():
            return {"external_refs": fact.external_refs}
        case InstructionGiven():
            return {"instruction": fact.instruction}
        case InstructionCompleted():
            return {"instruction": None}
        case ContactMade():
            return _contact(fact)
        case FollowUpPlanned():
            return {"follow_up_on": fact.follow_up_on, "follow_up_way": fact.way}
        case _:
            assert_never(fact)


def _captured(fact: ProspectCaptured) -> dict[str, Any]:
    said = (
        *("account_id", "title", "owner_id", "unit_id", "channel", "channel_given", "lines", "currency", "amount"),
        *("stage", "stage_given", "probability", "probability_given", "expected_on", "key_person_id", "contact_id"),
        *("valid", "missing", "external_refs", "attributes"),
    )
    return {name: getattr(fact, name) for name in said} | {"level": None, "status": Status.OPEN, "review": None}


def _judged(fact: ProspectQualified) -> dict[str, Any]:
    said: dict[str, Any] = {"level": fact.level, "expected_on": fact.expected_on, "judged_by": fact.judged_by}
    optional = (
        *("stage", "stage_given", "probability", "probability_given", "amount", "evidence", "competitor"),
        *("obstacle", "support_needed"),
    )
    said |= {name: value for name in optional if (value := getattr(fact, name)) is not None}
    if fact.lines is not None:
        said |= {"lines": fact.lines, "amount": fact.amount}
    return said


def _defeat(fact: DefeatRequested | DealLost) -> dict[str, Any]:
    return {
        "requested_on": fact.requested_on,
        "defeat_requested_by": fact.requested_by,
        "defeat_kind": fact.kind,
        "defeat_reason": fact.reason,
        "defeat_category": fact.category,
        "defeat_other_reasons": fact.other_reasons,
        "reason_given": fact.reason_given,
        "defeat_evidence": fact.evidence,
        "competitor_brand": fact.competitor_brand,
        "competitor_model": fact.competitor_model,
        "competitor_price": fact.competitor_price,
        "bought_on": fact.bought_on,
        "recall_on": fact.recall_on,
    }


def _freeze(fact: FreezeRequested | ProspectFrozen) -> dict[str, Any]:
    return {"freeze_requested_by": fact.requested_by, "freeze_reason": fact.reason, "recall_on": fact.recall_on}


def _rescheduled(fact: DeliveryRescheduled) -> dict[str, Any]:
    said: dict[str, Any] = {"promises": fact.promises}
    if fact.line is None:
        said["promised_on"] = fact.promised_on
    if fact.told_on is not None:
        said["told"] = tuple(Told(promise.line, fact.told_on, new_date=True) for promise in fact.promises)
    return said


def _order(fact: DealWon | OrderAmended) -> dict[str, Any]:
    said: dict[str, Any] = {"promises": fact.promises} if fact.promises else {}
    return said | {
        "lines": fact.lines,
        "currency": fact.currency,
        "amount": fact.amount,
        "promised_on": fact.promised_on,
        "order_ref": fact.order_ref,
    }


def _contact(fact: ContactMade) -> dict[str, Any]:
    said = {
        "contact_way": fact.way,
        "contact_reached": fact.reached,
        "contact_result": fact.result,
        "contacted_by": fact.contacted_by,
    }
    if not fact.reached and fact.next_on is None:
        return said
    return said | {"follow_up_on": fact.next_on, "follow_up_way": fact.next_way}
