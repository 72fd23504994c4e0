"""Rules that close a prospect and bring it back: defeat, freeze, contact lost, disposal, 再激活. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.opportunities.events import (
    ContactLost,
    DealLost,
    DealReopened,
    DefeatKind,
    DefeatRejected,
    DefeatRequested,
    FreezeRejected,
    FreezeRequested,
    Line,
    ProspectDisposed,
    ProspectFrozen,
    ProspectResumed,
    Review,
    Status,
)
from services.opportunities.opportunity.commands.closings import (
    ApproveDefeat,
    DisposeProspect,
    FreezeProspect,
    LoseContact,
    RejectDefeat,
    ReopenDeal,
    RequestDefeat,
    ResumeProspect,
    ReviewFreeze,
)
from services.opportunities.opportunity.life_cycle import moved_units
from services.opportunities.opportunity.prospect import Prospect, require_duplicate_reason
from services.opportunities.policies.reason_catalogue import ReasonCatalogue
from shared.event_store.stream import Refused


class Closing(Prospect):
    """The ways out of the open stock that are not an order, and the ways back."""

    # -- defeat --------------------------------------------------------------------------------------------

    def request_defeat(
        self,
        command: RequestDefeat,
        *,
        by: UUID,
        at: datetime,
        day: date,
        catalogue: ReasonCatalogue,
        automatic: bool = False,
    ) -> None:
        """Ask to close as lost: stays in stock at its level, marked. `automatic`: approved at once, unless false."""
        category = catalogue.category_of(command.reason, "/reason")
        others = _others(command.other_reasons, command.reason, catalogue)
        before = self.standing_at(at)
        fields = {
            "level_before": before.get("level"),
            "requested_on": day,
            "requested_by": by,
            "kind": command.kind,
            "reason": command.reason,
            "category": category,
            "other_reasons": others,
            "reason_given": command.reason_given,
            "competitor_brand": command.competitor_brand,
            "competitor_model": command.competitor_model,
            "competitor_price": command.competitor_price,
            "bought_on": command.bought_on,
            "recall_on": command.recall_on,
        }
        if not automatic or command.kind is DefeatKind.FALSE:
            self.happen(DefeatRequested, at=at, **fields)
            return
        approved = {**fields, "status_before": before.get("status"), "reviewed_by": None, "comment": None}
        self.happen_together(at, (DefeatRequested, fields), (DealLost, approved))

    def approve_defeat(self, command: ApproveDefeat, *, by: UUID, at: datetime, catalogue: ReasonCatalogue) -> None:
        """Approve: the defeat counts on this day. A false defeat is rejected, never approved."""
        before = self.standing_at(at)
        kind = command.kind or before.get("defeat_kind")
        if before.get("review") is Review.DEFEAT and kind is DefeatKind.FALSE:
            raise Refused("false_defeat", "a false defeat is rejected and the prospect goes on")
        reason = command.reason or before.get("defeat_reason")
        category = before.get("defeat_category")
        if command.reason is not None:
            category = catalogue.category_of(command.reason, "/reason")
        others: tuple[str, ...] = before.get("defeat_other_reasons", ())
        if command.other_reasons is not None:
            others = _others(command.other_reasons, reason, catalogue)
        self.happen(
            DealLost,
            at=at,
            level_before=before.get("level"),
            status_before=before.get("status"),
            reviewed_by=by,
            requested_on=before.get("requested_on"),
            requested_by=before.get("defeat_requested_by"),
            kind=kind,
            reason=reason,
            category=category,
            other_reasons=tuple(other for other in others if other != reason),
            reason_given=before.get("reason_given"),
            competitor_brand=before.get("competitor_brand"),
            competitor_model=before.get("competitor_model"),
            competitor_price=before.get("competitor_price"),
            bought_on=before.get("bought_on"),
            recall_on=before.get("recall_on"),
            comment=command.comment,
        )

    def reject_defeat(self, command: RejectDefeat, *, by: UUID, at: datetime) -> None:
        """Do not approve: as before the request, at the level before."""
        self.happen(DefeatRejected, at=at, reviewed_by=by, finding=command.finding, comment=command.comment)

    def reopen(self, command: ReopenDeal, *, at: datetime) -> None:
        """再激活: a defeated, cancelled or disposed opportunity is open again. Says nothing when it is open."""
        require_duplicate_reason(command)
        before = self.standing_at(at)
        if before.get("status") is Status.OPEN and before.get("review") is None:
            return
        self.happen(
            DealReopened,
            at=at,
            from_status=before.get("status"),
            reason=command.reason,
            lines=_lines_anew(before) if before.get("status") is Status.CANCELLED else None,
        )

    # -- freeze and contact lost ---------------------------------------------------------------------------

    def freeze(self, command: FreezeProspect, *, by: UUID, at: datetime, day: date, automatic: bool = False) -> None:
        """Ask to put on ice until the recall date. `automatic`: approved at once."""
        if command.recall_on is not None and command.recall_on <= day:
            raise Refused("recall_in_the_past", "the recall date is after the freeze", status=422, pointer="/recall_on")
        fields = {
            "level_before": self.standing_at(at).get("level"),
            "requested_by": by,
            "reason": command.reason,
            "recall_on": command.recall_on,
        }
        if automatic:
            approved = {**fields, "reviewed_by": None, "comment": None}
            self.happen_together(at, (FreezeRequested, fields), (ProspectFrozen, approved))
        else:
            self.happen(FreezeRequested, at=at, **fields)

    def approve_freeze(self, command: ReviewFreeze, *, by: UUID, at: datetime) -> None:
        """Approve: out of the open stock until resumed."""
        before = self.standing_at(at)
        self.happen(
            ProspectFrozen,
            at=at,
            level_before=before.get("level"),
            requested_by=before.get("freeze_requested_by"),
            reviewed_by=by,
            reason=before.get("freeze_reason"),
            recall_on=before.get("recall_on"),
            comment=command.comment,
        )

    def reject_freeze(self, command: ReviewFreeze, *, by: UUID, at: datetime) -> None:
        """Do not approve: the prospect goes on."""
        self.happen(FreezeRejected, at=at, reviewed_by=by, comment=command.comment)

    def lose_contact(self, command: LoseContact, *, at: datetime, day: date) -> None:
        """The customer cannot be reached any more."""
        if command.recall_on is not None and command.recall_on <= day:
            raise Refused("recall_in_the_past", "the recall date is after this day", status=422, pointer="/recall_on")
        self.happen(
            ContactLost,
            at=at,
            level_before=self.standing_at(at).get("level"),
            reason=command.reason,
            recall_on=command.recall_on,
        )

    def resume(self, command: ResumeProspect, *, at: datetime) -> None:
        """A frozen or lost prospect is worked on again, at its level before. Says nothing when it is open."""
        require_duplicate_reason(command)
        before = self.standing_at(at)
        if before.get("status") is Status.OPEN and before.get("review") is None:
            return
        self.happen(ProspectResumed, at=at, from_status=before.get("status"), reason=command.reason)

    def dispose(self, command: DisposeProspect, *, at: datetime) -> None:
        """End the record without a defeat."""
        self.happen(
            ProspectDisposed,
            at=at,
            level_before=self.standing_at(at).get("level"),
            disposal=command.disposal,
            duplicate_of=command.duplicate_of,
        )


def _others(given: tuple[str, ...], main: str | None, catalogue: ReasonCatalogue) -> tuple[str, ...]:
    for index, reason in enumerate(given):
        catalogue.category_of(reason, f"/other_reasons/{index}")
    return tuple(dict.fromkeys(reason for reason in given if reason != main))


def _lines_anew(before: Mapping[str, Any]) -> tuple[Line, ...] | None:
    """After a cancelled order: the same lines under numbers never used, its movements stay with the old ones."""
    lines: tuple[Line, ...] = before.get("lines", ())
    used = set(moved_units(before)) | {line.line for line in lines}
    last = max(used, default=0)
    return tuple(Line(last + n, line.product, line.units, line.unit_price) for n, line in enumerate(lines, start=1))
