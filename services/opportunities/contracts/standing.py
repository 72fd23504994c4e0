"""What each fact of a contract sets, and what can happen when: for commands, late facts and corrections alike. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec

from services.opportunities.events import (
    AmendmentRequested,
    AmendmentReturned,
    ContractAmended,
    ContractAmendment,
    ContractApproved,
    ContractDrafted,
    ContractPassedOn,
    ContractRenewed,
    ContractReturned,
    ContractSigned,
    ContractStatus,
    ContractSubmitted,
    ContractTerminated,
    ContractTerms,
    Instalment,
    Line,
    SigningDelegated,
)
from shared.event_store.stream import Refused

DRAFT, SUBMITTED, RETURNED = ContractStatus.DRAFT, ContractStatus.SUBMITTED, ContractStatus.RETURNED
APPROVED, SIGNED, TERMINATED = ContractStatus.APPROVED, ContractStatus.SIGNED, ContractStatus.TERMINATED

STANDING: Mapping[str, Any] = {
    "status": ContractStatus,
    "opportunity_id": UUID,
    "title": str | None,
    "draft": int,
    "drafted_by": UUID,
    "drafted_on": date,
    "lines": tuple[Line, ...],
    "currency": str,
    "amount": Decimal,
    "payment_terms": tuple[Instalment, ...],
    "delivery_terms": str | None,
    "warranty_terms": str | None,
    "warranty_months": Annotated[int, msgspec.Meta(ge=0, le=600)] | None,
    "starts_on": date | None,
    "ends_on": date | None,
    "submitted_by": UUID,
    "submitted_on": date,
    "needs": str | None,
    "passed_by": UUID | None,
    "decided_by": UUID,
    "decided_on": date,
    "comment": str | None,
    "approved_amount": Decimal,
    "approved_limit": Decimal | None,
    "delegate_id": UUID,
    "delegate_until": date,
    "delegated_by": UUID,
    "number": str,
    "signed_by": UUID,
    "signed_on": date,
    "by_delegation": bool,
    "amendment": ContractAmendment | None,
    "amendment_requested_by": UUID,
    "amendment_requested_on": date,
    "amendments": tuple[int, ...],
    "amended_by": UUID | None,
    "amended_on": date,
    "amendment_comment": str | None,
    "renewed_on": date,
    "terminated_on": date,
    "terminated_reason": str,
}

ALLOWED_FROM: Mapping[str, frozenset[str]] = {
    "ContractDrafted": frozenset({DRAFT, RETURNED, APPROVED}),
    "ContractSubmitted": frozenset({DRAFT}),
    "ContractPassedOn": frozenset({SUBMITTED, SIGNED}),
    "ContractApproved": frozenset({SUBMITTED}),
    "ContractReturned": frozenset({SUBMITTED}),
    "SigningDelegated": frozenset({APPROVED}),
    "ContractSigned": frozenset({APPROVED}),
    "AmendmentRequested": frozenset({SIGNED}),
    "ContractAmended": frozenset({SIGNED}),
    "AmendmentReturned": frozenset({SIGNED}),
    "ContractRenewed": frozenset({SIGNED}),
    "ContractTerminated": frozenset({SIGNED}),
}

ALREADY: Mapping[str, str] = {
    ContractStatus.DRAFT: "the draft is not submitted yet",
    ContractStatus.SUBMITTED: "the draft waits for approval",
    ContractStatus.RETURNED: "the draft was returned: draft another",
    ContractStatus.APPROVED: "the draft is approved and not signed yet",
    ContractStatus.SIGNED: "the contract is signed",
    ContractStatus.TERMINATED: "the contract has ended",
}


def sets(fact: Any) -> Mapping[str, Any] | None:
    """The standing fields a fact sets, from the fact alone; None for a fact this code does not know."""
    match fact:
        case ContractDrafted():
            first = {} if fact.opportunity_id is None else _said(fact, "opportunity_id", "title")
            return {"status": DRAFT, **first, **_said(fact, "draft", "drafted_by", "drafted_on"), **_terms(fact.terms)}
        case ContractSubmitted():
            return {"status": SUBMITTED, "passed_by": None, **_said(fact, "submitted_by", "submitted_on", "needs")}
        case ContractPassedOn():
            return _said(fact, "needs", "passed_by")
        case ContractApproved():
            said = ("decided_by", "decided_on", "comment", "approved_amount", "approved_limit")
            return {"status": APPROVED, "needs": None, **_said(fact, *said)}
        case ContractReturned():
            return {"status": RETURNED, "needs": None, **_said(fact, "decided_by", "decided_on", "comment")}
        case SigningDelegated():
            return _said(fact, "delegate_id", "delegate_until", "delegated_by")
        case ContractSigned():
            return {"status": SIGNED, **_said(fact, "number", "signed_by", "signed_on", "by_delegation")}
        case AmendmentRequested():
            by_whom = ("amendment_requested_by", "amendment_requested_on")
            return {"passed_by": None, **_said(fact, "amendment", "needs", *by_whom)}
        case ContractAmended():
            approved = {}
            if fact.amended_by is not None:
                approved = {"approved_amount": fact.terms.amount, "approved_limit": fact.approved_limit}
            done = {"amendment": None, "needs": None, "amendments": (fact.number,), "amendment_comment": fact.comment}
            return {**_terms(fact.terms), **done, **_said(fact, "amended_by", "amended_on"), **approved}
        case AmendmentReturned():
            done = {"amendment": None, "needs": None, "amendment_comment": fact.comment}
            return {**done, "amended_by": fact.amended_by}
        case ContractRenewed():
            return _said(fact, "ends_on", "renewed_on")
        case ContractTerminated():
            return {"status": TERMINATED, **_said(fact, "terminated_on", "terminated_reason")}
        case _:
            return None


def refusal(fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
    """What an amendment that waits does not allow, and one that does not."""
    waits = standing.get("amendment") is not None
    match fact:
        case "AmendmentRequested" if waits:
            return Refused("amendment_requested", "an amendment waits for a decision")
        case "ContractAmended" | "AmendmentReturned" if not waits:
            return Refused("no_amendment_requested", "no amendment waits for a decision")
        case "ContractPassedOn" if standing["status"] == SIGNED and not waits:
            return Refused("no_amendment_requested", "no amendment waits for a decision")
        case _:
            return None


def pending(standing: Mapping[str, Any]) -> ContractAmendment:
    """The amendment that waits. Raises Refused `no_amendment_requested`."""
    amendment: ContractAmendment | None = standing.get("amendment")
    if amendment is None:
        raise Refused("no_amendment_requested", "no amendment waits for a decision")
    return amendment


def _terms(terms: ContractTerms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in ContractTerms.__struct_fields__}


def _said(fact: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in names}
