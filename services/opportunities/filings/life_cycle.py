"""What can happen to a filing, its units and its claims, and in what order: for commands and late facts. Pure.

How a unit's report or a claim stands is the last of its steps in business order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from services.opportunities.events import FilingStatus, ReportState, ReportStep, SupportState, SupportStep
from shared.event_store.stream import Refused

OURS: Final = frozenset({FilingStatus.DRAFTED, FilingStatus.RETURNED})
"""It lies with us and can be changed."""
ALLOWED_FROM: Final[Mapping[str, frozenset[FilingStatus]]] = {
    "FilingChanged": OURS,
    "FilingSubmitted": OURS,
    "FilingAccepted": frozenset({FilingStatus.SUBMITTED}),
    "FilingReturned": frozenset({FilingStatus.SUBMITTED}),
    "FilingRefused": frozenset({FilingStatus.SUBMITTED}),
    "FilingLapsed": frozenset({FilingStatus.SUBMITTED, FilingStatus.RETURNED, FilingStatus.ACCEPTED}),
    "FilingWithdrawn": frozenset({FilingStatus.DRAFTED, FilingStatus.SUBMITTED, FilingStatus.RETURNED}),
    "UnitsReported": frozenset({FilingStatus.ACCEPTED}),
    "SupportClaimed": frozenset({FilingStatus.ACCEPTED}),
}
"""The status a fact needs; the manufacturer may answer what was sent whatever became of the filing since."""

ANSWERS: Final = frozenset({"ReportAccepted", "ReportReturned", "ReportRefused"})
CLAIM_FROM: Final[Mapping[str, frozenset[SupportState]]] = {
    "SupportAccepted": frozenset({SupportState.CLAIMED}),
    "SupportReturned": frozenset({SupportState.CLAIMED, SupportState.ACCEPTED}),
    "SupportRefused": frozenset({SupportState.CLAIMED, SupportState.ACCEPTED}),
    "SupportPaid": frozenset({SupportState.ACCEPTED, SupportState.PAID}),
}


@dataclass(frozen=True, slots=True)
class UnitReport:
    """How the report of a unit stands."""

    vin: str
    state: ReportState
    line: int | None
    reported_on: date


@dataclass(frozen=True, slots=True)
class SupportClaim:
    """How a claim stands; `paid` is the sum of all payments."""

    ref: str
    state: SupportState
    claimed: Decimal | None
    accepted: Decimal | None
    paid: Decimal
    currency: str | None
    vins: tuple[str, ...]


def reports_of(standing: Mapping[str, Any]) -> dict[str, UnitReport]:
    """The report of each unit, by VIN, first reported first."""
    found: dict[str, UnitReport] = {}
    step: ReportStep
    for step in standing.get("reports", ()):
        known = found.get(step.vin)
        if step.state is ReportState.REPORTED or known is None:
            found[step.vin] = UnitReport(step.vin, step.state, step.line, step.on)
        else:
            found[step.vin] = replace(known, state=step.state)
    return found


def claims_of(standing: Mapping[str, Any]) -> dict[str, SupportClaim]:
    """Each claim, by its reference, first claimed first."""
    found: dict[str, SupportClaim] = {}
    step: SupportStep
    for step in standing.get("support", ()):
        known = found.get(step.ref)
        if step.state is SupportState.CLAIMED or known is None:
            paid = Decimal(0) if known is None else known.paid
            found[step.ref] = SupportClaim(step.ref, step.state, step.amount, None, paid, step.currency, step.vins)
        elif step.state is SupportState.ACCEPTED:
            found[step.ref] = replace(known, state=step.state, accepted=step.amount)
        elif step.state is SupportState.PAID:
            found[step.ref] = replace(known, state=step.state, paid=known.paid + (step.amount or 0))
        else:
            found[step.ref] = replace(known, state=step.state)
    return found


def refusal(fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
    """Why a fact is impossible on this standing; None when it is possible."""
    allowed = ALLOWED_FROM.get(fact)
    status: FilingStatus = standing["status"]
    if allowed is not None and status not in allowed:
        return Refused("filing_status", f"the filing is {status}", status_now=str(status))
    if fact == "UnitsReported" or fact in ANSWERS:
        return _report_refusal(fact, standing, changes.get("reports"))
    if fact == "SupportClaimed":
        return _claim_refusal(standing, changes.get("support", ()))
    if fact in CLAIM_FROM:
        return _answer_refusal(fact, standing, changes.get("support"))
    return None


def _report_refusal(fact: str, standing: Mapping[str, Any], steps: Any) -> Refused | None:
    there = reports_of(standing)
    if steps is None or steps == ():  # as far as the standing alone tells
        waiting = any(report.state is ReportState.REPORTED for report in there.values())
        return None if fact == "UnitsReported" or waiting else Refused("vin_status", "no report waits", vin="")
    for step in steps:
        known = there.get(step.vin)
        if fact == "UnitsReported":
            if known is not None and known.state in (ReportState.REPORTED, ReportState.ACCEPTED):
                return Refused("vin_reported", f"{step.vin} was reported already", vin=step.vin)
        elif known is None or known.state is not ReportState.REPORTED:
            state = "none" if known is None else str(known.state)
            return Refused("vin_status", f"the report of {step.vin} is {state}", vin=step.vin, status_now=state)
    return None


def _claim_refusal(standing: Mapping[str, Any], steps: Any) -> Refused | None:
    reports, claims = reports_of(standing), claims_of(standing)
    for step in steps:
        known = claims.get(step.ref)
        if known is not None and known.state is not SupportState.RETURNED:
            return Refused("support_reference_taken", f"there is a claim {step.ref}", ref=step.ref, pointer="/ref")
        others = {
            vin: claim.ref
            for claim in claims.values()
            if claim.ref != step.ref and claim.state is not SupportState.REFUSED
            for vin in claim.vins
        }
        for vin in step.vins:
            if vin in others or vin not in reports or reports[vin].state is not ReportState.ACCEPTED:
                ref = others.get(vin, "-")
                return Refused("not_claimable", f"{vin} cannot be claimed for", vin=vin, ref=ref, pointer="/vins")
    return None


def _answer_refusal(fact: str, standing: Mapping[str, Any], steps: Any) -> Refused | None:
    claims, allowed = claims_of(standing), CLAIM_FROM[fact]
    if not steps:
        there = any(claim.state in allowed for claim in claims.values())
        return None if there else Refused("unknown_support", "no claim waits", status=422, ref="")
    for step in steps:
        known = claims.get(step.ref)
        if known is None:
            return Refused("unknown_support", f"there is no claim {step.ref}", status=422, pointer="/ref", ref=step.ref)
        if known.state not in allowed:
            state = str(known.state)
            return Refused("support_status", f"the claim {step.ref} is {state}", ref=step.ref, status_now=state)
        if fact == "SupportPaid" and known.accepted is not None:
            left = known.accepted - known.paid
            if step.amount is not None and step.amount > left:
                return Refused(
                    "more_than_accepted",
                    f"{left} is left of {step.ref}",
                    pointer="/amount",
                    ref=step.ref,
                    left=str(left),
                )
    return None
