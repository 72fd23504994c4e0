"""One lead plan: worked back, edited, issued, changed by number, its weeks reviewed. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID, uuid5

from services.kpi.lead_plans.events import (
    LeadChannel,
    LeadPlanChanged,
    LeadPlanEdited,
    LeadPlanIssued,
    LeadPlanProposed,
    LeadPlanReworked,
    LeadPlanStatus,
    LeadRate,
    LeadsRequired,
    LeadWeekReviewed,
    WeekReview,
)
from shared.event_store.stream import Entry, Refused
from shared.records.record import Correctable

ACTIONS: Final[Mapping[str, str]] = {
    "rework": "LeadPlanReworked",
    "edit": "LeadPlanEdited",
    "issue": "LeadPlanIssued",
    "change": "LeadPlanChanged",
    "review-week": "LeadWeekReviewed",
    "correct": "FactCorrected",
    "void": "FactVoided",
}
"""Commands by the last part of their route, and the fact each records."""
OF_DRAFT: Final = frozenset({"LeadPlanReworked", "LeadPlanEdited", "LeadPlanIssued"})
OF_ISSUED: Final = frozenset({"LeadPlanChanged", "LeadWeekReviewed"})
WORKED: Final = ("required", "rates", "rates_from", "rates_to", "channels")


class LeadPlan(Correctable):
    """See the module."""

    stream_type: ClassVar[str] = "lead_plan"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": LeadPlanStatus,
        "month": date,
        "unit_id": UUID,
        "owner_id": UUID,
        "required": LeadsRequired,
        "rates": tuple[LeadRate, ...],
        "rates_from": date,
        "rates_to": date,
        "channels": tuple[LeadChannel, ...],
        "issued_by": UUID,
        "number": int,
        "reason": str,
        "reviews": tuple[WeekReview, ...],
    }
    additive: ClassVar[frozenset[str]] = frozenset({"reviews"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(standing_types) - {"channels", "reason", "reviews"}

    @staticmethod
    def id_of(tenant_id: UUID, unit_id: UUID, month: date) -> UUID:
        """The one lead plan of a unit and month."""
        return uuid5(tenant_id, f"lead_plan:{unit_id}:{month:%Y-%m}")

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        match fact:
            case LeadPlanProposed():
                said = {name: getattr(fact, name) for name in ("month", "unit_id", "owner_id", *WORKED)}
                return {**said, "status": LeadPlanStatus.DRAFT, "number": 0}
            case LeadPlanReworked():
                return {name: getattr(fact, name) for name in WORKED}
            case LeadPlanEdited():
                return {"channels": fact.channels}
            case LeadPlanIssued():
                return {"status": LeadPlanStatus.ISSUED, "issued_by": fact.issued_by}
            case LeadPlanChanged():
                return {"channels": fact.channels, "number": fact.number, "reason": fact.reason}
            case LeadWeekReviewed():
                return {"reviews": fact.reviews}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        issued = standing["status"] is LeadPlanStatus.ISSUED
        if issued and fact in OF_DRAFT:
            return Refused("lead_plan_issued", "the plan was issued: change it by number")
        if not issued and fact in OF_ISSUED:
            return Refused("lead_plan_not_issued", "the plan is still a draft")
        return None

    def require_sound(self, entry: Entry) -> None:
        if "channels" in entry.changes:
            require_channels(entry.changes["channels"], "/changes/channels")

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def propose(
        cls,
        *,
        id: UUID,
        month: date,
        unit_id: UUID,
        by: UUID,
        required: LeadsRequired,
        rates: Sequence[LeadRate],
        window: tuple[date, date],
        channels: Sequence[LeadChannel],
        at: datetime,
    ) -> Self:
        return cls.begin(
            LeadPlanProposed,
            id=id,
            at=at,
            month=month,
            unit_id=unit_id,
            owner_id=by,
            required=required,
            rates=tuple(rates),
            rates_from=window[0],
            rates_to=window[1],
            channels=tuple(channels),
        )

    def rework(
        self,
        required: LeadsRequired,
        rates: Sequence[LeadRate],
        window: tuple[date, date],
        channels: Sequence[LeadChannel],
        *,
        at: datetime,
    ) -> None:
        self._require_draft("LeadPlanReworked")
        self.happen(
            LeadPlanReworked,
            at=at,
            required=required,
            rates=tuple(rates),
            rates_from=window[0],
            rates_to=window[1],
            channels=tuple(channels),
        )

    def edit(self, channels: Sequence[LeadChannel], *, at: datetime) -> None:
        """Raises Refused 422: see `require_channels`."""
        self._require_draft("LeadPlanEdited")
        require_channels(channels, "/channels")
        self.happen(LeadPlanEdited, at=at, channels=tuple(channels))

    def _require_draft(self, fact: str) -> None:
        """Once it is issued its draft stays as it was, on whatever day something else is told."""
        if (refused := self.impossible(fact, self.standing, {})) is not None:
            raise refused

    def issue(self, *, by: UUID, at: datetime) -> None:
        self.happen(LeadPlanIssued, at=at, issued_by=by)

    def change(self, channels: Sequence[LeadChannel], *, reason: str, at: datetime) -> None:
        """Change an issued plan, as its next number; nothing when it says the same."""
        require_channels(channels, "/channels")
        standing = self.standing_at(at) or self.standing
        if standing["status"] is LeadPlanStatus.ISSUED and set(standing["channels"]) == set(channels):
            return
        number = 1 + sum(entry.type == "LeadPlanChanged" for entry in self.ledger.values())
        self.happen(LeadPlanChanged, at=at, channels=tuple(channels), number=number, reason=reason)

    def review_week(self, review: WeekReview, *, at: datetime) -> None:
        self.happen(LeadWeekReviewed, at=at, reviews=(review,))


def require_channels(channels: Sequence[LeadChannel], pointer: str) -> None:
    """Raises Refused 422 `channel_twice`, `currency_of_budgets`."""
    seen: set[str] = set()
    for index, one in enumerate(channels):
        if one.channel in seen:
            raise Refused(
                "channel_twice", "a channel is given twice", status=422, pointer=f"{pointer}/{index}", given=one.channel
            )
        seen.add(one.channel)
        if (one.budget is None) != (one.currency is None):
            raise Refused(
                "currency_of_budgets", "money has a currency", status=422, pointer=f"{pointer}/{index}/currency"
            )
