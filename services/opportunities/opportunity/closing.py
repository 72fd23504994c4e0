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
    Verdict,
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
from services.opportunities.opportunity.movements import moved_units
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
        """Ask to close as lost: stays in stock at its level, marked. `automatic`: approved at once, unless false.

        Where a call-back comes first it is not automatic yet: see `verify_defeat`.
        """
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
            "evidence": command.evidence,
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

    def approve_defeat(
        self, command: ApproveDefeat, *, by: UUID, at: datetime, catalogue: ReasonCatalogue, verifies: bool = False
    ) -> None:
        """Approve: the defeat counts on this day. A false defeat is rejected, never approved.

        Reasons are those the reviewer states, else found by the call-back, else of the request. `verifies`: refused
        (`not_verified`) before customer service has called back.
        """
        before = self.standing_at(at)
        if before.get("review") is Review.DEFEAT:
            require_true_defeat(before, command.kind)
            if verifies and before.get("verdict") is None:
                raise Refused("not_verified", "customer service calls the customer back first")
        self.happen(DealLost, at=at, **lost(before, command, by=by, catalogue=catalogue))

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


def require_true_defeat(before: Mapping[str, Any], kind: DefeatKind | None) -> None:
    """Raise Refused `false_defeat`: said by who reviews, by the call-back, or by the request itself."""
    if kind is None and before.get("verdict") is Verdict.STILL_BUYING:
        raise Refused("false_defeat", "the call-back found the customer still buying: the prospect goes on")
    if (kind or before.get("defeat_kind")) is DefeatKind.FALSE:
        raise Refused("false_defeat", "a false defeat is rejected and the prospect goes on")


def lost(
    before: Mapping[str, Any], command: ApproveDefeat, *, by: UUID | None, catalogue: ReasonCatalogue
) -> dict[str, Any]:
    """The fields of `DealLost` that follow from the request, the call-back and the approval. `by` null: automatic."""
    reason = command.reason
    if reason is None and before.get("verdict") is Verdict.OTHER_REASON:
        reason = before.get("reason_found")
    category = before.get("defeat_category") if reason is None else catalogue.category_of(reason, "/reason")
    reason = reason or before.get("defeat_reason")
    others: tuple[str, ...] = before.get("defeat_other_reasons", ())
    if command.other_reasons is not None:
        others = _others(command.other_reasons, reason, catalogue)
    return {
        "level_before": before.get("level"),
        "status_before": before.get("status"),
        "reviewed_by": by,
        "requested_on": before.get("requested_on"),
        "requested_by": before.get("defeat_requested_by"),
        "kind": command.kind or before.get("defeat_kind"),
        "reason": reason,
        "category": category,
        "other_reasons": tuple(other for other in others if other != reason),
        "reason_given": before.get("reason_given"),
        "evidence": before.get("defeat_evidence"),
        "competitor_brand": before.get("competitor_brand"),
        "competitor_model": before.get("competitor_model"),
        "competitor_price": before.get("competitor_price"),
        "bought_on": before.get("bought_on"),
        "recall_on": before.get("recall_on"),
        "comment": command.comment,
    }


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
