"""One intelligence item, and the monthly report they are issued in. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.reporting.commands import DiscussIntelligence, ReportIntelligence
from services.kpi.reporting.events import (
    Acknowledgement,
    CustomerReportIssued,
    IntelligenceAcknowledged,
    IntelligenceCategory,
    IntelligenceDiscussed,
    IntelligenceOutcome,
    IntelligenceReported,
    IntelligenceStatus,
    Urgency,
)
from services.kpi.reporting.withdrawable import Withdrawable
from shared.event_store.stream import Refused, Stream

ACTIONS: Final[Mapping[str, str]] = {
    "acknowledge": "IntelligenceAcknowledged",
    "discuss": "IntelligenceDiscussed",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""


class Intelligence(Withdrawable):
    """See the module."""

    stream_type: ClassVar[str] = "intelligence"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "category": IntelligenceCategory,
        "urgency": Urgency,
        "title": str,
        "account_id": UUID | None,
        "competitor": str | None,
        "owner_id": UUID,
        "unit_id": UUID,
        "reported_on": date,
        "status": IntelligenceStatus,
        "acknowledged": tuple[Acknowledgement, ...],
        "outcome": IntelligenceOutcome,
        "discussed_on": date,
        "discussed_by": UUID,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"acknowledged"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "account_id", "owner_id", "unit_id", "acknowledged", "discussed_by"}
    )

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case IntelligenceReported():
                return {
                    "category": fact.category,
                    "urgency": fact.urgency,
                    "title": fact.title,
                    "account_id": fact.account_id,
                    "competitor": fact.competitor,
                    "owner_id": fact.owner_id,
                    "unit_id": fact.unit_id,
                    "reported_on": fact.reported_on,
                    "status": IntelligenceStatus.OPEN,
                }
            case IntelligenceAcknowledged():
                return {"acknowledged": fact.acknowledged}
            case IntelligenceDiscussed():
                return {
                    "status": IntelligenceStatus.DISCUSSED,
                    "outcome": fact.outcome,
                    "discussed_on": fact.discussed_on,
                    "discussed_by": fact.discussed_by,
                }
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        if fact == "IntelligenceAcknowledged" and standing["urgency"] is not Urgency.URGENT:
            return Refused("not_urgent", "only urgent items are acknowledged")
        return None

    @classmethod
    def report(
        cls, command: ReportIntelligence, *, id: UUID, owner_id: UUID, unit_id: UUID, at: datetime, day: date
    ) -> Self:
        """Put something worth telling on file."""
        return cls.begin(
            IntelligenceReported,
            id=id,
            at=at,
            category=command.category,
            urgency=command.urgency,
            title=command.title,
            account_id=command.account_id,
            competitor=command.competitor,
            owner_id=owner_id,
            unit_id=unit_id,
            reported_on=day,
        )

    def acknowledge(self, *, by: UUID, at: datetime, day: date) -> None:
        """Take notice, once a person."""
        if all(known.by != by for known in self.standing.get("acknowledged", ())):
            self.happen(IntelligenceAcknowledged, at=at, acknowledged=(Acknowledgement(by, day),))

    def discuss(self, command: DiscussIntelligence, *, by: UUID, at: datetime, day: date) -> None:
        """Say what becomes of it; discussed again, the latest counts."""
        self.happen(IntelligenceDiscussed, at=at, outcome=command.outcome, discussed_on=day, discussed_by=by)


class CustomerReport(Stream):
    """The customer-information report of one month, number by number."""

    stream_type: ClassVar[str] = "customer_report"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "month": date,
        "number": int,
        "item_ids": tuple[UUID, ...],
        "issued_on": date,
        "issued_by": UUID,
    }

    def when(self, fact: Any) -> None:
        """Apply one fact. Never refuses: it already happened."""
        if isinstance(fact, CustomerReportIssued):
            self.set(
                fact,
                month=fact.month,
                number=fact.number,
                item_ids=fact.item_ids,
                issued_on=fact.issued_on,
                issued_by=fact.issued_by,
            )
        else:
            self.unknown(fact)

    @classmethod
    def issued(
        cls,
        stream: CustomerReport | None,
        month: date,
        items: Sequence[UUID],
        *,
        tenant_id: UUID,
        by: UUID,
        at: datetime,
        day: date,
    ) -> CustomerReport:
        """The stream with the report issued in it, under the next number. Raises Refused 422 `nothing_to_issue`."""
        if not items:
            raise Refused("nothing_to_issue", "no item was discussed to be issued", status=422, pointer="/item_ids")
        number = 1 if stream is None else stream.standing["number"] + 1
        said: dict[str, Any] = {
            "month": month, "number": number, "item_ids": tuple(items), "issued_on": day, "issued_by": by,
        }  # fmt: skip
        if stream is None:
            return cls.begin(CustomerReportIssued, id=customer_report_id(tenant_id, month), at=at, **said)
        stream.record(CustomerReportIssued, at=at, **said)
        return stream


def customer_report_id(tenant_id: UUID, month: date) -> UUID:
    """The stream of a month's report."""
    return uuid5(tenant_id, f"customer_report:{month}")


def summary_id(report_id: UUID, number: int) -> UUID:
    """The vault's subject for the summary of one number."""
    return uuid5(report_id, f"summary:{number}")
