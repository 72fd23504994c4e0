"""One annual plan: of a unit and year, from proposal to numbered changes. Pure: no I/O, no clock, no framework.

Whether a plan that was handed down is in force follows from its root: whoever carries a command out loads that too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.plans.commands import ChangePlan, ReturnPlan, ReviewPlan
from services.kpi.plans.events import (
    AnnualPlanApproved,
    AnnualPlanCascaded,
    AnnualPlanChanged,
    AnnualPlanHandedDown,
    AnnualPlanIssued,
    AnnualPlanProposed,
    AnnualPlanReturned,
    AnnualPlanReviewed,
    AnnualPlanRevised,
    AnnualPlanSubmitted,
    PlanBasis,
    PlanGrowth,
    PlanReview,
    PlanRow,
    PlanSpread,
    PlanStatus,
)
from services.kpi.plans.lines import merged, require_sound_rows, rows_of
from shared.event_store.stream import Entry, Refused
from shared.records.record import Correctable

STEPS: Final = 3
"""Company to region, region to branch, branch to team."""
MONTHS: Final = range(1, 13)

Allowed = Mapping[str, tuple[frozenset[PlanStatus], str]]
S = PlanStatus
POSSIBLE: Final[Allowed] = {
    "AnnualPlanRevised": (frozenset((S.DRAFT, S.RETURNED)), "plan_not_draft"),
    "AnnualPlanSubmitted": (frozenset((S.DRAFT, S.RETURNED)), "plan_not_draft"),
    "AnnualPlanReviewed": (frozenset((S.SUBMITTED, S.REVIEWED)), "plan_not_submitted"),
    "AnnualPlanReturned": (frozenset((S.SUBMITTED, S.REVIEWED)), "plan_not_submitted"),
    "AnnualPlanApproved": (frozenset((S.REVIEWED,)), "plan_not_reviewed"),
    "AnnualPlanCascaded": (frozenset((S.APPROVED, S.ISSUED, S.HANDED_DOWN)), "plan_not_approved"),
    "AnnualPlanHandedDown": (frozenset((S.DRAFT, S.RETURNED, S.HANDED_DOWN)), "plan_of_its_own"),
    "AnnualPlanIssued": (frozenset((S.APPROVED,)), "plan_not_approved"),
    "AnnualPlanChanged": (frozenset((S.ISSUED, S.HANDED_DOWN)), "plan_not_issued"),
}
"""When each fact is possible, and the refusal when it is not."""

ACTIONS: Final[Mapping[str, str]] = {
    "revise": "AnnualPlanRevised",
    "submit": "AnnualPlanSubmitted",
    "review": "AnnualPlanReviewed",
    "return": "AnnualPlanReturned",
    "approve": "AnnualPlanApproved",
    "cascade": "AnnualPlanCascaded",
    "issue": "AnnualPlanIssued",
    "change": "AnnualPlanChanged",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""


class AnnualPlan(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "annual_plan"
    before_first: ClassVar[str] = "before_plan"
    additive: ClassVar[frozenset[str]] = frozenset({"reviews"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {
            *("status", "year", "unit_id", "owner_id", "root_id", "parent_id", "above_id", "step", "number"),
            *("cascaded_to", "submitted_by", "reviews", "returned_by", "approved_by", "issued_by", "changed_by"),
        }
    )
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": PlanStatus,
        "year": int,
        "unit_id": UUID,
        "owner_id": UUID,
        "rows": tuple[PlanRow, ...],
        "growths": tuple[PlanGrowth, ...],
        "basis": tuple[PlanBasis, ...],
        "submitted_by": UUID,
        "reviews": tuple[PlanReview, ...],
        "returned_by": UUID,
        "comment": str,
        "approved_by": UUID,
        "cascaded_to": tuple[UUID, ...],
        "spread": PlanSpread,
        "difference_reason": str | None,
        "root_id": UUID,
        "parent_id": UUID,
        "above_id": UUID,
        "step": int,
        "issued_by": UUID,
        "number": int,
        "change_reason": str,
        "changed_by": UUID,
    }

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """See the base."""
        names: tuple[str, ...]
        match fact:
            case AnnualPlanProposed():
                names = ("year", "unit_id", "owner_id", "rows", "growths", "basis")
                return {"status": S.DRAFT, **{name: getattr(fact, name) for name in names}}
            case AnnualPlanRevised():
                return {"status": S.DRAFT, "rows": fact.rows}
            case AnnualPlanSubmitted():
                return {"status": S.SUBMITTED, "submitted_by": fact.submitted_by}
            case AnnualPlanReviewed():
                return {"status": S.REVIEWED, "reviews": fact.reviews}
            case AnnualPlanReturned():
                return {"status": S.RETURNED, "returned_by": fact.returned_by, "comment": fact.comment}
            case AnnualPlanApproved():
                return {"status": S.APPROVED, "approved_by": fact.approved_by}
            case AnnualPlanCascaded():
                names = ("cascaded_to", "spread", "difference_reason")
                return {name: getattr(fact, name) for name in names}
            case AnnualPlanHandedDown():
                names = ("year", "unit_id", "root_id", "parent_id", "above_id", "step", "rows")
                return {"status": S.HANDED_DOWN, **{name: getattr(fact, name) for name in names}}
            case AnnualPlanIssued():
                return {"status": S.ISSUED, "issued_by": fact.issued_by}
            case AnnualPlanChanged():
                names = ("number", "rows", "change_reason", "changed_by")
                return {name: getattr(fact, name) for name in names}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        if fact not in POSSIBLE:
            return None
        allowed, code = POSSIBLE[fact]
        status = standing["status"]
        if status not in allowed:
            return Refused(code, f"the plan is {status}", status_now=str(status))
        if fact == "AnnualPlanCascaded" and standing.get("step", 0) >= STEPS:
            return Refused("cascade_ends", "a plan is cascaded in three steps", status=409)
        return None

    def require_sound(self, entry: Entry) -> None:
        if "rows" in entry.changes:
            if not entry.changes["rows"]:
                raise Refused("no_rows", "a plan has rows", status=422, pointer="/changes/rows")
            require_sound_rows(entry.changes["rows"], months_of(self.standing["year"]), "/changes/rows")

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def propose(
        cls,
        *,
        id: UUID,
        year: int,
        unit_id: UUID,
        owner_id: UUID,
        rows: tuple[PlanRow, ...],
        growths: tuple[PlanGrowth, ...] = (),
        basis: tuple[PlanBasis, ...] = (),
        at: datetime,
    ) -> Self:
        """Propose. Raises Refused 422 `no_rows` and as `require_sound_rows`."""
        if not rows:
            raise Refused("no_rows", "a plan has rows", status=422, pointer="/rows")
        require_sound_rows(rows, months_of(year))
        return cls.begin(
            AnnualPlanProposed,
            id=id,
            at=at,
            year=year,
            unit_id=unit_id,
            owner_id=owner_id,
            rows=rows,
            growths=growths,
            basis=basis,
        )

    def revise(self, rows: tuple[PlanRow, ...], *, at: datetime) -> None:
        """State it anew; on whatever day, once it was submitted it is as it was."""
        if (refused := self.impossible("AnnualPlanRevised", self.standing, {})) is not None:
            raise refused
        require_sound_rows(rows, months_of(self.standing["year"]))
        self.happen(AnnualPlanRevised, at=at, rows=rows)

    def submit(self, *, by: UUID, at: datetime) -> None:
        self.happen(AnnualPlanSubmitted, at=at, submitted_by=by)

    def review(self, command: ReviewPlan, *, by: UUID, at: datetime, day: date) -> None:
        self.happen(AnnualPlanReviewed, at=at, reviews=(PlanReview(day, by, command.supports, command.comment),))

    def give_back(self, command: ReturnPlan, *, by: UUID, at: datetime) -> None:
        self.happen(AnnualPlanReturned, at=at, returned_by=by, comment=command.comment)

    def approve(self, *, by: UUID, at: datetime) -> None:
        self.happen(AnnualPlanApproved, at=at, approved_by=by)

    def cascade(
        self, units: tuple[UUID, ...], *, spread: PlanSpread, difference_reason: str | None, at: datetime
    ) -> None:
        """Say to whom it was divided; units that have a part already keep their place."""
        known = self.standing.get("cascaded_to", ())
        every = (*known, *(unit for unit in units if unit not in known))
        self.happen(AnnualPlanCascaded, at=at, cascaded_to=every, spread=spread, difference_reason=difference_reason)

    @classmethod
    def part(cls, *, id: UUID, above: AnnualPlan, unit_id: UUID, rows: tuple[PlanRow, ...], at: datetime) -> Self:
        """The plan of a unit that had none: its part of the one above."""
        return cls.begin(AnnualPlanHandedDown, id=id, at=at, **_handed(above, unit_id, rows))

    def take_part(self, above: AnnualPlan, rows: tuple[PlanRow, ...], *, at: datetime) -> None:
        """The same for a unit that has one, which gives way unless it was submitted."""
        said = _handed(above, self.standing["unit_id"], rows)
        before = {name: self.standing.get(name) for name in said}
        if before != said or self.standing["status"] is not S.HANDED_DOWN:
            refused = self.impossible("AnnualPlanHandedDown", self.standing, said)
            if refused is not None:
                raise refused
            self.record(AnnualPlanHandedDown, at=at if self.latest is None else max(at, self.latest), **said)

    def issue(self, *, by: UUID, at: datetime) -> None:
        self.happen(AnnualPlanIssued, at=at, issued_by=by)

    def change(self, command: ChangePlan, *, by: UUID, at: datetime, today: date) -> None:
        """The next numbered version. Raises Refused 409 `month_over`, 422 as `require_sound_rows`."""
        given = rows_of(command.rows)
        for row in given:
            if row.month < today.replace(day=1):
                raise Refused("month_over", "that month is over", pointer="/rows", month=f"{row.month:%Y-%m}")
        require_sound_rows(given, months_of(self.standing["year"]))
        rows = merged(self.standing["rows"], given)
        if rows == self.standing["rows"]:
            return
        number = self.standing.get("number", 0) + 1
        self.happen(AnnualPlanChanged, at=at, number=number, rows=rows, change_reason=command.reason, changed_by=by)


def _handed(above: AnnualPlan, unit_id: UUID, rows: tuple[PlanRow, ...]) -> dict[str, Any]:
    standing = above.standing
    return {
        "year": standing["year"],
        "unit_id": unit_id,
        "root_id": standing.get("root_id", above.id),
        "parent_id": above.id,
        "above_id": standing["unit_id"],
        "step": standing.get("step", 0) + 1,
        "rows": rows,
    }


def months_of(year: int) -> tuple[date, ...]:
    """The months of a year, as their first days."""
    return tuple(date(year, month, 1) for month in MONTHS)


def plan_id(tenant_id: UUID, unit_id: UUID, year: int) -> UUID:
    """The one plan of a unit and year."""
    return uuid5(tenant_id, f"annual_plan:{year}:{unit_id}")
