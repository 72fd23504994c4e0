"""Rules of follow-up on one opportunity: a contact made, the next one planned. Pure: no I/O, no clock, no cadence."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from services.opportunities.events import ContactMade, FollowUpPlanned
from services.opportunities.follow_ups.commands import MakeContact, PlanFollowUp
from services.opportunities.opportunity.prospect import Prospect
from shared.event_store.stream import Refused


class Following(Prospect):
    """Contacts with the customer, in any status: who was lost or frozen is called, too."""

    def contact(self, command: MakeContact, *, by: UUID, at: datetime, day: date) -> None:
        """A contact was made or tried. Every one counts, the same words twice a day too; a retry has the same key.

        Refused with a next day before it, and before the record was there.
        """
        if command.next_on is not None and command.next_on < day:
            raise Refused("next_in_the_past", "the next contact comes after this one", status=422, pointer="/next_on")
        if command.next_way is not None and command.next_on is None:
            raise Refused("next_day_missing", "say on which day", status=422, pointer="/next_on")
        self._require_there(at)
        self.record(
            ContactMade,
            at=at,
            way=command.way,
            reached=command.reached,
            result=command.result,
            contacted_by=by,
            next_on=command.next_on,
            next_way=command.next_way,
        )

    def plan_follow_up(self, command: PlanFollowUp, *, by: UUID, at: datetime, day: date) -> None:
        """The next contact is planned; the latest plan counts. Refused for a day gone by.

        Said anew it is a new plan: a visit may have done the one before.
        """
        if command.follow_up_on < day:
            raise Refused(
                "planned_in_the_past", f"{command.follow_up_on} has gone by", status=422, pointer="/follow_up_on"
            )
        self._require_there(at)
        self.record(
            FollowUpPlanned,
            at=at,
            follow_up_on=command.follow_up_on,
            way=command.way,
            planned_by=by,
        )

    def _require_there(self, at: datetime) -> None:
        if not self.standing_at(at):
            raise Refused(self.before_first, "that is before the record was there", pointer="/on")
