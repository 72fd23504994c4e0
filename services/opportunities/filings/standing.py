"""The standing fields of a filing, and which of them each fact sets. Pure; never refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.opportunities.events import (
    FiledLine,
    FilingAccepted,
    FilingChanged,
    FilingDrafted,
    FilingLapsed,
    FilingRefused,
    FilingReturned,
    FilingStatus,
    FilingSubmitted,
    FilingWithdrawn,
    ReportAccepted,
    ReportRefused,
    ReportReturned,
    ReportStep,
    SupportAccepted,
    SupportClaimed,
    SupportPaid,
    SupportRefused,
    SupportReturned,
    SupportStep,
    UnitsReported,
)

STANDING: Mapping[str, Any] = {
    "status": FilingStatus,
    "number": str,
    "opportunity_id": UUID,
    "account_id": UUID | None,
    "customer_type": str,
    "lines": tuple[FiledLine, ...],
    "expected_on": date | None,
    "documents": tuple[str, ...],
    "submitted_on": date,
    "returned_on": date,
    "return_reason": str | None,
    "missing": tuple[str, ...],
    "decided_on": date,
    "manufacturer_ref": str | None,
    "valid_until": date | None,
    "refusal_reason": str,
    "lapsed_on": date,
    "lapse_reason": str | None,
    "withdrawn_on": date,
    "withdrawal_reason": str,
    "reports": tuple[ReportStep, ...],
    "support": tuple[SupportStep, ...],
}


def sets(fact: Any) -> Mapping[str, Any] | None:
    """The standing fields a fact sets, from the fact alone; None for a fact this code does not know."""
    match fact:
        case FilingDrafted():
            return {
                "status": FilingStatus.DRAFTED, "number": fact.number, "opportunity_id": fact.opportunity_id,
                "account_id": fact.account_id, **_said(fact),
            }  # fmt: skip
        case FilingChanged():
            return _said(fact)
        case FilingSubmitted():
            return {
                "status": FilingStatus.SUBMITTED, "submitted_on": fact.submitted_on, "return_reason": None,
                "missing": (),
            }  # fmt: skip
        case FilingAccepted():
            return {
                "status": FilingStatus.ACCEPTED, "decided_on": fact.decided_on,
                "manufacturer_ref": fact.manufacturer_ref, "valid_until": fact.valid_until,
            }  # fmt: skip
        case FilingReturned():
            return {
                "status": FilingStatus.RETURNED, "returned_on": fact.returned_on,
                "return_reason": fact.return_reason, "missing": fact.missing,
            }  # fmt: skip
        case FilingRefused():
            return {
                "status": FilingStatus.REFUSED, "decided_on": fact.decided_on,
                "refusal_reason": fact.refusal_reason,
            }  # fmt: skip
        case FilingLapsed():
            return {
                "status": FilingStatus.LAPSED, "lapsed_on": fact.lapsed_on, "lapse_reason": fact.lapse_reason,
            }  # fmt: skip
        case FilingWithdrawn():
            return {
                "status": FilingStatus.WITHDRAWN, "withdrawn_on": fact.withdrawn_on,
                "withdrawal_reason": fact.withdrawal_reason,
            }  # fmt: skip
        case UnitsReported() | ReportAccepted() | ReportReturned() | ReportRefused():
            return {"reports": fact.reports}
        case SupportClaimed() | SupportAccepted() | SupportReturned() | SupportRefused() | SupportPaid():
            return {"support": fact.support}
        case _:
            return None


def _said(fact: FilingDrafted | FilingChanged) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in ("customer_type", "lines", "expected_on", "documents")}
