"""One manufacturer filing (系统提报): the rules from draft to support paid. Pure: no I/O, no clock, no framework.

What was delivered is given by who calls: it stands in the opportunity. Deadlines are derived when read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.opportunities.events import (
    Delivery,
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
    Line,
    ReportAccepted,
    ReportRefused,
    ReportReturned,
    ReportState,
    ReportStep,
    SupportAccepted,
    SupportClaimed,
    SupportPaid,
    SupportRefused,
    SupportReturned,
    SupportState,
    SupportStep,
    UnitsReported,
)
from services.opportunities.filings.commands import (
    AcceptFiling,
    AcceptReports,
    AcceptSupport,
    ChangeFiling,
    ClaimSupport,
    DraftFiling,
    LapseFiling,
    LineFiled,
    PaySupport,
    RefuseFiling,
    RefuseSupport,
    ReportUnits,
    ReturnFiling,
    ReturnReports,
    ReturnSupport,
    UnitReported,
    WithdrawFiling,
)
from services.opportunities.filings.life_cycle import claims_of, refusal, reports_of
from services.opportunities.record import Correctable
from shared.event_store.stream import Entry, Fact, Refused

ACTIONS: Final[Mapping[str, str]] = {
    "change": "FilingChanged",
    "submit": "FilingSubmitted",
    "accept": "FilingAccepted",
    "return": "FilingReturned",
    "refuse": "FilingRefused",
    "lapse": "FilingLapsed",
    "withdraw": "FilingWithdrawn",
    "report": "UnitsReported",
    "accept-reports": "ReportAccepted",
    "return-reports": "ReportReturned",
    "refuse-reports": "ReportRefused",
    "claim-support": "SupportClaimed",
    "accept-support": "SupportAccepted",
    "return-support": "SupportReturned",
    "refuse-support": "SupportRefused",
    "pay-support": "SupportPaid",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""

ANSWERED: Final[Mapping[ReportState, type[Fact]]] = {
    ReportState.ACCEPTED: ReportAccepted,
    ReportState.RETURNED: ReportReturned,
    ReportState.REFUSED: ReportRefused,
}


class Filing(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "filing"
    standing_types: ClassVar[Mapping[str, Any]] = {
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
    additive: ClassVar[frozenset[str]] = frozenset({"reports", "support"})
    before_first: ClassVar[str] = "before_filing"
    not_correctable: ClassVar[frozenset[str]] = frozenset({"status", "number", "opportunity_id"})

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> dict[str, Any] | None:
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

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        return refusal(fact, standing, changes)

    def require_sound(self, entry: Entry) -> None:
        _require_once(entry.changes.get("lines", ()), "/changes/lines")

    @property
    def vins(self) -> frozenset[str]:
        """The VINs that stand as reported here: nobody reports them anywhere else."""
        found = reports_of(self.standing)
        return frozenset(vin for vin, report in found.items() if report.state is not ReportState.REFUSED)

    # -- the filing ----------------------------------------------------------------------------------------

    @classmethod
    def draft(
        cls,
        command: DraftFiling,
        *,
        id: UUID,
        account_id: UUID | None,
        known: Sequence[Line],
        promised_on: date | None,
        at: datetime,
        day: date,
    ) -> Self:
        """Begin a filing; `known` are the lines of the opportunity. Raises Refused: see `_filed`."""
        lines = _filed(command.lines, known)
        filing = cls.begin(
            FilingDrafted,
            id=id,
            at=at,
            number=command.number,
            opportunity_id=command.opportunity_id,
            account_id=account_id,
            customer_type=command.customer_type,
            lines=lines,
            expected_on=command.expected_on or promised_on,
            documents=_unique(command.documents),
        )
        if command.submit:
            filing.submit(at=at, day=day)
        return filing

    def change(self, command: ChangeFiling, *, known: Sequence[Line], at: datetime) -> None:
        """Say it otherwise, while it is ours: drafted, or returned for completion."""
        before = self.standing_at(at) or self.standing
        self.happen(
            FilingChanged,
            at=at,
            customer_type=command.customer_type or before["customer_type"],
            lines=before["lines"] if command.lines is None else _filed(command.lines, known),
            expected_on=command.expected_on or before["expected_on"],
            documents=before["documents"] if command.documents is None else _unique(command.documents),
        )

    def submit(self, *, at: datetime, day: date) -> None:
        """It went to the manufacturer."""
        self.happen(FilingSubmitted, at=at, submitted_on=day)

    def accept(self, command: AcceptFiling, *, at: datetime, day: date) -> None:
        self.happen(
            FilingAccepted,
            at=at,
            decided_on=day,
            manufacturer_ref=command.manufacturer_ref,
            valid_until=command.valid_until,
        )

    def send_back(self, command: ReturnFiling, *, at: datetime, day: date) -> None:
        """The manufacturer returned it for completion."""
        missing = _unique(command.missing)
        self.happen(FilingReturned, at=at, returned_on=day, return_reason=command.reason, missing=missing)

    def refuse(self, command: RefuseFiling, *, at: datetime, day: date) -> None:
        self.happen(FilingRefused, at=at, decided_on=day, refusal_reason=command.reason)

    def lapse(self, command: LapseFiling, *, at: datetime, day: date) -> None:
        self.happen(FilingLapsed, at=at, lapsed_on=day, lapse_reason=command.reason)

    def withdraw(self, command: WithdrawFiling, *, at: datetime, day: date) -> None:
        self.happen(FilingWithdrawn, at=at, withdrawn_on=day, withdrawal_reason=command.reason)

    # -- units ---------------------------------------------------------------------------------------------

    def report(self, command: ReportUnits, *, delivered: Sequence[Delivery], at: datetime, day: date) -> None:
        """Delivered units are told to the manufacturer. Raises Refused: not filed, not delivered, reported already."""
        before = self.standing_at(at) or self.standing
        filed: dict[int, FiledLine] = {line.line: line for line in before["lines"]}
        vins = [unit.vin for unit in command.units]
        for index, vin in enumerate(vins):
            if vin in vins[:index]:
                raise Refused("vin_twice", f"{vin} is given twice", status=422, pointer=f"/units/{index}/vin", vin=vin)
        steps = tuple(_step(unit, index, filed, delivered, day) for index, unit in enumerate(command.units))
        there = reports_of(before)
        lines = {vin: report.line for vin, report in there.items() if report.state is not ReportState.REFUSED}
        counts = Counter({**lines, **{step.vin: step.line for step in steps}}.values())
        if (refused := refusal("UnitsReported", before, {"reports": steps})) is not None:
            raise refused
        for step in steps:
            _require_delivered(step, counts[step.line], filed, delivered, day)
        self.happen(UnitsReported, at=at, reports=steps)

    def answer_reports(
        self, command: AcceptReports | ReturnReports, state: ReportState, *, at: datetime, day: date
    ) -> None:
        """The manufacturer's answer to the reports of these units, a fact for each; those answered so already stay."""
        there = reports_of(self.standing_at(at) or self.standing)
        fact = ANSWERED[state]
        reason = command.reason if isinstance(command, ReturnReports) else None
        steps = [
            ReportStep(vin=vin, state=state, on=day, reason=reason)
            for vin in dict.fromkeys(command.vins)
            if vin not in there or there[vin].state is not state
        ]
        if steps:
            self.happen_together(at, *((fact, {"reports": (step,)}) for step in steps))

    # -- support -------------------------------------------------------------------------------------------

    def claim(self, command: ClaimSupport, *, at: datetime, day: date) -> None:
        """Ask for support, for units whose report was accepted."""
        before = self.standing_at(at) or self.standing
        claims = claims_of(before)
        known = claims.get(command.ref)
        if command.vins is not None:
            vins = tuple(dict.fromkeys(command.vins))
        elif known is not None:
            vins = known.vins
        else:
            taken = {vin for claim in claims.values() if claim.state is not SupportState.REFUSED for vin in claim.vins}
            accepted = (vin for vin, one in reports_of(before).items() if one.state is ReportState.ACCEPTED)
            vins = tuple(vin for vin in accepted if vin not in taken)
        if not vins and refusal("SupportClaimed", before, {}) is None:
            raise Refused("nothing_to_claim", "no accepted unit is left to claim for")
        step = SupportStep(
            ref=command.ref, state=SupportState.CLAIMED, on=day, amount=command.amount, currency=command.currency,
            vins=vins,
        )  # fmt: skip
        same = known is not None and known.state is SupportState.CLAIMED
        if known is not None and same and (known.claimed, known.currency, known.vins) == (
            command.amount, command.currency, vins
        ):  # fmt: skip
            return
        self.happen(SupportClaimed, at=at, support=(step,))

    def answer_support(
        self, command: AcceptSupport | ReturnSupport | RefuseSupport, *, at: datetime, day: date
    ) -> None:
        """The manufacturer's answer to a claim."""
        known = claims_of(self.standing_at(at) or self.standing).get(command.ref)
        amount: Decimal | None = None
        reason: str | None = None
        fact: type[Fact]
        match command:
            case AcceptSupport():
                fact, state = SupportAccepted, SupportState.ACCEPTED
                amount = command.amount if command.amount is not None or known is None else known.claimed
            case RefuseSupport():
                fact, state, reason = SupportRefused, SupportState.REFUSED, command.reason
            case _:
                fact, state, reason = SupportReturned, SupportState.RETURNED, command.reason
        currency = None if known is None or amount is None else known.currency
        step = SupportStep(command.ref, state, day, amount, currency, reason=reason)
        if known is None or known.state is not state:
            self.happen(fact, at=at, support=(step,))

    def pay(self, command: PaySupport, *, at: datetime, day: date) -> None:
        """Money came in."""
        known = claims_of(self.standing_at(at) or self.standing).get(command.ref)
        currency = None if known is None else known.currency
        step = SupportStep(command.ref, SupportState.PAID, day, command.amount, currency)
        self.happen(SupportPaid, at=at, support=(step,))


# -- what is said ------------------------------------------------------------------------------------------


def _said(fact: FilingDrafted | FilingChanged) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in ("customer_type", "lines", "expected_on", "documents")}


def _filed(given: Sequence[LineFiled] | None, known: Sequence[Line]) -> tuple[FiledLine, ...]:
    """The lines to file. Raises Refused 422 `no_filed_lines`, `no_such_line`, `line_filed_twice`."""
    if given is None:
        lines = tuple(FiledLine(line.line, line.product, line.units) for line in known)
    else:
        products = {line.line: line.product for line in known}
        for index, line in enumerate(given):
            if line.product is None and line.line not in products:
                raise Refused(
                    "no_such_line", f"the order has no line {line.line}", status=422, pointer=f"/lines/{index}/line",
                    line=line.line,
                )  # fmt: skip
        lines = tuple(FiledLine(line.line, line.product or products[line.line], line.units) for line in given)
    if not lines:
        raise Refused("no_filed_lines", "a filing has at least one line", status=422, pointer="/lines")
    _require_once(lines, "/lines")
    return lines


def _require_once(lines: Iterable[FiledLine], pointer: str) -> None:
    for number, count in Counter(line.line for line in lines).items():
        if count > 1:
            raise Refused("line_filed_twice", f"line {number} is given twice", status=422, pointer=pointer, line=number)


def _step(
    unit: UnitReported, index: int, filed: Mapping[int, FiledLine], delivered: Sequence[Delivery], day: date
) -> ReportStep:
    pointer = f"/units/{index}"
    if unit.line not in filed:
        raise Refused(
            "not_on_filing", f"the filing has no line {unit.line}", status=422, pointer=f"{pointer}/line",
            line=unit.line,
        )  # fmt: skip
    on = unit.delivered_on
    if on is None:
        days = {move.on for move in delivered if move.line == unit.line and move.on <= day}
        named = {move.on for move in delivered if unit.vin in {serial.upper() for serial in move.serials}}
        if len(found := named or days) > 1:
            raise Refused(
                "delivery_unknown", "say when it was delivered", status=422, pointer=f"{pointer}/delivered_on",
                line=unit.line,
            )  # fmt: skip
        on = next(iter(found), None)
    if on is not None and on > day:
        raise Refused(
            "reported_before_delivery", "a unit is reported after it is delivered", status=422,
            pointer=f"{pointer}/delivered_on",
        )  # fmt: skip
    return ReportStep(
        vin=unit.vin, state=ReportState.REPORTED, on=day, line=unit.line, product=filed[unit.line].product,
        delivered_on=on, invoice_no=unit.invoice_no, invoiced_on=unit.invoiced_on,
    )  # fmt: skip


def _require_delivered(
    step: ReportStep, count: int, filed: Mapping[int, FiledLine], delivered: Sequence[Delivery], day: date
) -> None:
    """Raises Refused `not_delivered`, `more_than_filed`: `count` units of the line would stand as reported."""
    assert step.line is not None
    there = sum(move.units for move in delivered if move.line == step.line and move.on <= day)
    if count > there or step.delivered_on is None:
        raise Refused(
            "not_delivered", f"only {there} units of line {step.line} were delivered", line=step.line,
            delivered=there, on=day.isoformat(),
        )  # fmt: skip
    if count > filed[step.line].units:
        units = filed[step.line].units
        raise Refused("more_than_filed", f"line {step.line} files {units} units", line=step.line, units=units)


def _unique(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
