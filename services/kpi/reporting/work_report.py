"""One daily or monthly report: handed in, revised, accepted or given back. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from services.kpi.reporting.events import (
    ReportKind,
    ReportStatus,
    WorkReportHandedIn,
    WorkReportReviewed,
    WorkReportRevised,
)
from services.kpi.reporting.withdrawable import Withdrawable
from shared.event_store.command import Claim
from shared.event_store.stream import Refused

CLAIM: Final = "work_report"

ACTIONS: Final[Mapping[str, str]] = {
    "revise": "WorkReportRevised",
    "review": "WorkReportReviewed",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""


class WorkReport(Withdrawable):
    """See the module."""

    stream_type: ClassVar[str] = "work_report"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "kind": ReportKind,
        "period": date,
        "owner_id": UUID,
        "unit_id": UUID,
        "handed_in_on": date,
        "revised_on": date | None,
        "reviewed_on": date | None,
        "reviewed_by": UUID | None,
        "status": ReportStatus,
    }
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "kind", "period", "owner_id", "unit_id", "reviewed_by"}
    )

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case WorkReportHandedIn():
                return {
                    "kind": fact.kind,
                    "period": fact.period,
                    "owner_id": fact.owner_id,
                    "unit_id": fact.unit_id,
                    "handed_in_on": fact.handed_in_on,
                    "status": ReportStatus.HANDED_IN,
                }
            case WorkReportRevised():
                return {"revised_on": fact.revised_on, "status": ReportStatus.HANDED_IN}
            case WorkReportReviewed():
                return {"status": fact.status, "reviewed_on": fact.reviewed_on, "reviewed_by": fact.reviewed_by}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        status: ReportStatus = standing["status"]
        match fact:
            case "WorkReportRevised" if status is ReportStatus.ACCEPTED:
                return Refused("report_accepted", "the report was accepted")
            case "WorkReportReviewed" if status is not ReportStatus.HANDED_IN:
                return Refused("report_reviewed", "the report was reviewed and not handed in again")
            case _:
                return None

    @classmethod
    def hand_in(
        cls, kind: ReportKind, period: date, *, id: UUID, owner_id: UUID, unit_id: UUID, at: datetime, day: date
    ) -> Self:
        """Hand in a report on a day or month that has begun. Raises Refused 422 `period_to_come`."""
        if period > day:
            raise Refused(
                "period_to_come",
                "that has not begun",
                status=422,
                pointer="/day" if kind is ReportKind.DAILY else "/month",
            )
        return cls.begin(
            WorkReportHandedIn,
            id=id,
            at=at,
            kind=kind,
            period=period,
            owner_id=owner_id,
            unit_id=unit_id,
            handed_in_on=day,
        )

    def revise(self, *, at: datetime, day: date) -> None:
        """Hand it in again. What was accepted stays as it is, on whatever day that is told."""
        if self.standing and (refused := self.impossible("WorkReportRevised", self.standing, {})) is not None:
            raise refused
        self.happen(WorkReportRevised, at=at, revised_on=day)

    def review(self, result: str, *, by: UUID, at: datetime, day: date) -> None:
        """Accept it, or give it back."""
        self.happen(WorkReportReviewed, at=at, status=ReportStatus(result), reviewed_on=day, reviewed_by=by)

    def claims(self) -> tuple[Claim, ...]:
        """One report a person, kind and period."""
        about = self.about
        return (Claim(CLAIM, f"{about['kind']}/{about['owner_id']}/{about['period']}", self.id),)
