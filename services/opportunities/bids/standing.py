"""The standing fields of a bid, and which of them each fact sets. Pure; never refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.opportunities.events import (
    BidBondPaid,
    BidBondReturned,
    BidCancelled,
    BidDecided,
    BidDocumentDone,
    BidLost,
    BidOpened,
    BidStatus,
    BidSubmitted,
    BidWon,
    CompetingBid,
    DocumentDone,
    Line,
    RequiredDocument,
    TenderChanged,
    TenderDocumentsBought,
    TenderRecorded,
)

TENDER = (
    *("tender_number", "tenderer", "published_on", "questions_until", "opening_at", "bond_amount", "bond_due_on"),
    "documents",
)

STANDING: Mapping[str, Any] = {
    "status": BidStatus,
    "opportunity_id": UUID,
    "tender_number": str,
    "tenderer": str,
    "currency": str,
    "published_on": date | None,
    "questions_until": date | None,
    "opening_at": datetime | None,
    "bond_amount": Decimal | None,
    "bond_due_on": date | None,
    "documents": tuple[RequiredDocument, ...],
    "recorded_by": UUID,
    "recorded_on": date,
    "documents_bought_on": date,
    "go": bool,
    "decided_by": UUID,
    "decided_on": date,
    "decision_reason": str | None,
    "documents_done": tuple[DocumentDone, ...],
    "bond_paid_on": date,
    "bond_returned_on": date,
    "lines": tuple[Line, ...],
    "amount": Decimal | None,
    "submitted_by": UUID,
    "submitted_on": date,
    "competitors": tuple[CompetingBid, ...],
    "our_rank": int | None,
    "opened_on": date,
    "result_on": date,
    "award_ref": str | None,
    "result_reason": str,
    "result_category": str,
    "winner": str | None,
    "winning_price": Decimal | None,
    "cancelled_by": str,
    "cancel_reason": str,
}


def sets(fact: Any) -> Mapping[str, Any] | None:
    """The standing fields a fact sets, from the fact alone; None for a fact this code does not know."""
    match fact:
        case TenderRecorded():
            own = ("opportunity_id", "currency", "recorded_by", "recorded_on")
            return {"status": BidStatus.CONSIDERED, **_said(fact, *own, *TENDER)}
        case TenderChanged():
            return {name: value for name, value in _said(fact, *TENDER).items() if value is not None}
        case TenderDocumentsBought():
            return _said(fact, "documents_bought_on")
        case BidDecided():
            return {
                "status": BidStatus.PREPARING if fact.go else BidStatus.DECLINED,
                **_said(fact, "go", "decided_by", "decided_on", "decision_reason"),
            }
        case BidDocumentDone():
            return _said(fact, "documents_done")
        case BidBondPaid():
            return _said(fact, "bond_amount", "bond_paid_on")
        case BidBondReturned():
            return _said(fact, "bond_returned_on")
        case BidSubmitted():
            return {"status": BidStatus.SUBMITTED, **_said(fact, "lines", "amount", "submitted_by", "submitted_on")}
        case BidOpened():
            return {"status": BidStatus.OPENED, **_said(fact, "competitors", "our_rank", "opened_on")}
        case BidWon():
            return {"status": BidStatus.WON, **_said(fact, "result_on", "award_ref")}
        case BidLost():
            said = ("result_on", "result_reason", "result_category", "winner", "winning_price")
            return {"status": BidStatus.LOST, **_said(fact, *said)}
        case BidCancelled():
            return {"status": BidStatus.CANCELLED, **_said(fact, "result_on", "cancelled_by", "cancel_reason")}
        case _:
            return None


def _said(fact: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in names}
