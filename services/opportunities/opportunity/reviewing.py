"""Rules of what comes before and instead of the approval of a defeat: call-back, freeze, another owner. Pure."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from services.opportunities.events import (
    DealLost,
    DefeatKind,
    DefeatRejected,
    DefeatVerified,
    OpportunityTransferred,
    ProspectFrozen,
    Review,
    Verdict,
)
from services.opportunities.opportunity.closing import Closing, lost
from services.opportunities.opportunity.commands.closings import ApproveDefeat, FreezeInstead, GiveTo, VerifyDefeat
from services.opportunities.policies.reason_catalogue import ReasonCatalogue
from shared.event_store.stream import Refused

LOSES = frozenset({Verdict.CONFIRMED, Verdict.OTHER_REASON})
"""What a call-back has to come to for a defeat to be approved automatically."""


class Reviewing(Closing):
    """What customer service and the head make of a defeat that was asked for."""

    def verify_defeat(
        self,
        command: VerifyDefeat,
        *,
        by: UUID,
        at: datetime,
        day: date,
        catalogue: ReasonCatalogue,
        automatic: bool = False,
    ) -> None:
        """Say what a call-back came to; the latest counts. `automatic`: with it the defeat is approved, if it was one.

        A false defeat, and one nobody could be reached about, wait for the head whatever is automatic.
        """
        if command.reason is not None:
            catalogue.category_of(command.reason, "/reason")
        elif command.verdict is Verdict.OTHER_REASON:
            raise Refused("reason_missing", "say which reason was found", status=422, pointer="/reason")
        fields = {
            "verdict": command.verdict,
            "attempts": command.attempts,
            "reached": command.verdict is not Verdict.NOT_REACHED,
            "reason": command.reason,
            "comment": command.comment,
            "verified_by": by,
            "verified_on": day,
        }
        before = self.standing_at(at)
        if not (automatic and command.verdict in LOSES and before.get("defeat_kind") is not DefeatKind.FALSE):
            self.happen(DefeatVerified, at=at, **fields)
            return
        found = {**before, "verdict": command.verdict, "reason_found": command.reason}
        approved = lost(found, ApproveDefeat(), by=None, catalogue=catalogue)
        self.happen_together(at, (DefeatVerified, fields), (DealLost, approved))

    def freeze_instead(self, command: FreezeInstead, *, by: UUID, at: datetime, day: date) -> None:
        """Put on ice until the recall date instead of approving the defeat; one decision, one fact."""
        if command.recall_on <= day:
            raise Refused("recall_in_the_past", "the recall date is after the freeze", status=422, pointer="/recall_on")
        before = self.standing_at(at)
        self.happen(
            ProspectFrozen,
            at=at,
            level_before=before.get("level"),
            requested_by=before.get("defeat_requested_by") or before.get("freeze_requested_by") or by,
            reviewed_by=by,
            reason=command.reason,
            recall_on=command.recall_on,
            comment=command.comment,
            instead_of=Review.DEFEAT,
        )

    def give_to(self, command: GiveTo, *, unit_id: UUID, by: UUID, at: datetime) -> None:
        """Reject the defeat and make somebody else responsible, at one time: work done stays with the one before."""
        before = self.standing_at(at)
        if before.get("review") is Review.DEFEAT and command.owner_id == before.get("owner_id"):
            raise Refused("same_owner", "that is who asked to give it up", status=422, pointer="/owner_id")
        self.happen_together(
            at,
            (
                DefeatRejected,
                {
                    "reviewed_by": by,
                    "finding": command.finding,
                    "comment": command.comment,
                    "given_to": command.owner_id,
                },
            ),
            (
                OpportunityTransferred,
                {
                    "owner_before": before.get("owner_id"),
                    "unit_before": before.get("unit_id"),
                    "owner_id": command.owner_id,
                    "unit_id": unit_id,
                    "reason": command.comment,
                },
            ),
        )
