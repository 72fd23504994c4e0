"""One lead, from the first word to what became of it. Pure: no I/O, no clock, no framework.

Who asked and what they said is in the vault. The response time runs from receipt to the first contact, reached or not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from services.opportunities.events import (
    Interest,
    LeadAssigned,
    LeadAssignment,
    LeadContact,
    LeadContacted,
    LeadDisposed,
    LeadFact,
    LeadReceived,
    LeadStatus,
)
from services.opportunities.leads.commands import AssignLead, ContactLead, DisposeLead, ReceiveLead
from shared.event_store.stream import Entry, Refused
from shared.records.record import Correctable

ENDED = frozenset({LeadStatus.RECORD, LeadStatus.NO_INTENTION, LeadStatus.DUPLICATE})
"""Nothing more happens to a lead that came to one of these; `follow_up` is worked on again."""
MOST_HOURS = 8_760
LONGEST_CHANNEL = 64

RECEIVED = (
    *("channel", "channel_given", "source", "account_id", "account_name", "interests", "unit_id", "contact_id"),
    *("answer_hours", "external_refs"),
)
DISPOSED = ("status", "opportunity_id", "duplicate_of_lead_id", "duplicate_of_opportunity_id", "follow_up_on", "reason")

ACTIONS: Mapping[str, type] = {
    "assign": LeadAssigned,
    "claim": LeadAssigned,
    "contact": LeadContacted,
    "dispose": LeadDisposed,
    "capture": LeadDisposed,
}
"""Commands by the last part of their route, and the fact each records; `correct` and `void` besides."""


class Lead(Correctable):
    """A lead of one channel."""

    stream_type: ClassVar[str] = "lead"
    before_first: ClassVar[str] = "before_received"
    additive: ClassVar[frozenset[str]] = frozenset({"contacts"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {
            "status",
            "contact_id",
            "assigned_how",
            "opportunity_id",
            "duplicate_of_lead_id",
            "duplicate_of_opportunity_id",
        }
    )
    standing_types: ClassVar[Mapping[str, Any]] = {
        "channel": str,
        "channel_given": str | None,
        "source": str | None,
        "account_id": UUID | None,
        "account_name": str | None,
        "interests": tuple[Interest, ...],
        "unit_id": UUID,
        "contact_id": UUID | None,
        "answer_hours": Decimal | None,
        "external_refs": dict[str, str],
        "owner_id": UUID | None,
        "assigned_how": LeadAssignment,
        "contacts": tuple[LeadContact, ...],
        "status": LeadStatus,
        "opportunity_id": UUID | None,
        "duplicate_of_lead_id": UUID | None,
        "duplicate_of_opportunity_id": UUID | None,
        "follow_up_on": date | None,
        "reason": str | None,
    }

    # -- rules -----------------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets; None for a fact this code does not know."""
        if not isinstance(fact, LeadFact):
            return None
        match fact:
            case LeadReceived():
                return {name: getattr(fact, name) for name in RECEIVED} | {"owner_id": None, "status": LeadStatus.OPEN}
            case LeadAssigned():
                return {"owner_id": fact.owner_id, "unit_id": fact.unit_id, "assigned_how": fact.how}
            case LeadContacted():
                return {"contacts": fact.contacts}
            case LeadDisposed():
                return {name: getattr(fact, name) for name in DISPOSED}

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """Why a later fact of this name cannot happen on this standing."""
        if (status := standing.get("status")) in ENDED:
            return Refused("lead_disposed", f"the lead came to {status}", status_before=status)
        if (
            fact == "LeadAssigned"
            and changes.get("assigned_how") == LeadAssignment.CLAIMED
            and standing.get("owner_id") is not None
        ):
            return Refused("already_assigned", "the lead is somebody's already")
        return None

    def require_sound(self, entry: Entry) -> None:
        """Raise Refused (422) for a corrected fact that its command would not have taken."""
        said = entry.changes
        hours: Decimal | None = said.get("answer_hours")
        if hours is not None and not (hours.is_finite() and 0 < hours <= MOST_HOURS):
            raise Refused("invalid_value", "no such promise", status=422, pointer="/changes/answer_hours")
        if "contacts" in said and len(said["contacts"]) != 1:
            raise Refused("invalid_value", "one fact is one contact", status=422, pointer="/changes/contacts")
        channel = said.get("channel", "-")
        if not channel or len(channel) > LONGEST_CHANNEL or any(letter.isspace() for letter in channel):
            raise Refused("invalid_value", "no such channel", status=422, pointer="/changes/channel")

    @property
    def received_at(self) -> datetime:
        return self.ledger[1].occurred_at

    def allowed_actions(self, *, assigns: bool, corrects: bool = True) -> tuple[str, ...]:
        """The commands possible now, for who assigns leads or does not."""
        if self.read_only is not None:
            return ()
        free = self.standing.get("owner_id") is None
        may = {"assign": assigns, "claim": free}
        open_now = self.standing.get("status") not in ENDED
        return (
            *(action for action in ACTIONS if open_now and may.get(action, True)),
            *(("correct", "void") if corrects else ()),
        )

    # -- commands ----------------------------------------------------------------------------------------------

    @classmethod
    def receive(
        cls,
        command: ReceiveLead,
        *,
        id: UUID,
        unit_id: UUID,
        contact_id: UUID | None,
        answer_hours: Decimal | None,
        policy_version: int | None,
        at: datetime,
    ) -> Self:
        """Put a lead on file, nobody's yet, with the promise of the rules then in force."""
        return cls.begin(
            LeadReceived,
            id=id,
            at=at,
            channel=command.channel,
            channel_given=command.channel_given,
            source=command.source,
            account_id=command.account_id,
            account_name=command.account_name,
            interests=tuple(Interest(one.product, one.said, one.units) for one in command.interests),
            unit_id=unit_id,
            contact_id=contact_id,
            answer_hours=answer_hours,
            policy_version=policy_version,
            external_refs=dict(command.external_refs),
        )

    def assign_by_rule(self, owner_id: UUID, unit_id: UUID, *, rule: str, policy_version: int | None) -> None:
        """It is somebody's from receipt on, by a published rule."""
        self._assign(
            owner_id, unit_id, LeadAssignment.BY_RULE, at=self.received_at, rule=rule, policy_version=policy_version
        )

    def assign(self, command: AssignLead, *, unit_id: UUID, at: datetime) -> None:
        """Make somebody responsible. Says nothing when they are."""
        standing = self.standing_at(at)
        if (standing.get("owner_id"), standing.get("unit_id")) != (command.owner_id, unit_id):
            self._assign(command.owner_id, unit_id, LeadAssignment.BY_HAND, at=at, reason=command.reason)

    def claim(self, owner_id: UUID, unit_id: UUID, *, at: datetime) -> None:
        """Take a lead that is nobody's. Refused when it is somebody's already."""
        self._assign(owner_id, unit_id, LeadAssignment.CLAIMED, at=at)

    def contact(self, command: ContactLead, *, by: UUID, at: datetime) -> None:
        """Somebody answered."""
        self.happen(LeadContacted, at=at, contacts=(LeadContact(by, command.way, command.reached),))

    def dispose(self, command: DisposeLead, *, by: UUID, at: datetime, day: date) -> None:
        """Say what became of it. Refused when it is said already, or what belongs to it is missing."""
        _require_said(command)
        if command.follow_up_on is not None and command.follow_up_on <= day:
            raise Refused("follow_up_gone_by", "it is followed up later", status=422, pointer="/follow_up_on")
        if command.duplicate_of_lead_id == self.id:
            raise Refused("duplicate_of_itself", "of itself", status=422, pointer="/duplicate_of_lead_id")
        self.happen(
            LeadDisposed,
            at=at,
            status=LeadStatus(command.disposal),
            disposed_by=by,
            opportunity_id=command.opportunity_id,
            duplicate_of_lead_id=command.duplicate_of_lead_id,
            duplicate_of_opportunity_id=command.duplicate_of_opportunity_id,
            follow_up_on=command.follow_up_on,
            reason=command.reason,
        )

    def _assign(
        self,
        owner_id: UUID,
        unit_id: UUID,
        how: LeadAssignment,
        *,
        at: datetime,
        rule: str | None = None,
        policy_version: int | None = None,
        reason: str | None = None,
    ) -> None:
        self.happen(
            LeadAssigned,
            at=at,
            owner_id=owner_id,
            unit_id=unit_id,
            how=how,
            rule=rule,
            policy_version=policy_version,
            reason=reason,
        )


BELONGS: Mapping[str, Collection[str]] = {
    "record": ("opportunity_id",),
    "no_intention": (),
    "duplicate": ("duplicate_of_lead_id", "duplicate_of_opportunity_id"),
    "follow_up": ("follow_up_on",),
}
"""Of these fields a disposal needs exactly one, and has no other."""


def _require_said(command: DisposeLead) -> None:
    wanted = BELONGS[command.disposal]
    given = [name for names in BELONGS.values() for name in names if getattr(command, name) is not None]
    for name in given:
        if name not in wanted:
            raise Refused("not_of_disposal", f"{name} is of another disposal", status=422, pointer=f"/{name}")
    if len(given) != min(1, len(wanted)):
        raise Refused(
            "disposal_incomplete",
            f"{command.disposal} needs one of: {', '.join(wanted)}",
            status=422,
            pointer=f"/{next(iter(wanted))}",
            needs=", ".join(wanted),
        )
