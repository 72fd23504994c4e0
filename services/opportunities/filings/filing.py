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
    PaySupport,
    RefuseFiling,
    RefuseSupport,
    ReportUnits,
    ReturnFiling,
    ReturnReports,
    ReturnSupport,
    WithdrawFiling,
)
from services.opportunities.filings.life_cycle import claims_of, refusal, reports_of
from services.opportunities.filings.standing import STANDING, sets
from services.opportunities.filings.units import filed_lines, require_delivered, require_once, unit_step
from shared.event_store.stream import Entry, Fact, Refused
from shared.records.record import Correctable

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
    standing_types: ClassVar[Mapping[str, Any]] = STANDING
    additive: ClassVar[frozenset[str]] = frozenset({"reports", "support"})
    before_first: ClassVar[str] = "before_filing"
    not_correctable: ClassVar[frozenset[str]] = frozenset({"status", "number", "opportunity_id"})

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """See `standing.py`."""
        return sets(fact)

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        return refusal(fact, standing, changes)

    def require_sound(self, entry: Entry) -> None:
        require_once(entry.changes.get("lines", ()), "/changes/lines")

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
        """Begin a filing; `known` are the lines of the opportunity. Raises Refused: see `filed_lines`."""
        lines = filed_lines(command.lines, known)
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
            lines=before["lines"] if command.lines is None else filed_lines(command.lines, known),
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
        steps = tuple(unit_step(unit, index, filed, delivered, day) for index, unit in enumerate(command.units))
        there = reports_of(before)
        lines = {vin: report.line for vin, report in there.items() if report.state is not ReportState.REFUSED}
        counts = Counter({**lines, **{step.vin: step.line for step in steps}}.values())
        if (refused := refusal("UnitsReported", before, {"reports": steps})) is not None:
            raise refused
        for step in steps:
            require_delivered(step, counts[step.line], filed, delivered, day)
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


def _unique(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
