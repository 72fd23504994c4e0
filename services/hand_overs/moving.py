"""One record moves, or goes back: the rules of accounts and opportunities, called. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.accounts.account import Account
from services.accounts.account_commands import AssignOwner, Member, SetSupportTeam
from services.accounts.business_time import holds_from
from services.accounts.events import LeavingReason
from services.accounts.person import Leave, Person
from services.hand_overs.records import ACCOUNT, TEAM
from services.opportunities.events import Status
from services.opportunities.opportunity.commands.prospects import TransferOpportunity
from services.opportunities.opportunity.movements import units_left
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.visits.hand_over import hand_back, hand_over, require_planned
from services.opportunities.visits.visit import Visit
from shared.event_store.stream import Entry, Refused, Stream
from shared.records.business_time import business_time

HANDED_OVER = "hand_over"
TAKEN_BACK = "hand_over_undone"
"""Reasons of the facts, when the command gives none."""

OWNERSHIP = frozenset({"owner_id", "unit_id"})
ALIVE = frozenset({Status.OPEN, Status.FROZEN, Status.LOST_CONTACT})

SETS: Mapping[str, frozenset[str]] = {
    "account": OWNERSHIP,
    "support_team": frozenset({"support_team"}),
    "opportunity": OWNERSHIP,
    "visit": OWNERSHIP | {"participants"},
    "person": frozenset({"status"}),
}
"""By kind of item: the standing fields a hand-over sets."""


class Moment:
    """When a hand-over holds from: `on` as every command takes it, `now` being the instant it was asked for."""

    def __init__(self, on: date | None, now: datetime, zone: ZoneInfo) -> None:
        self.on = on
        self.now = now
        self.zone = zone

    def of(self, stream: Stream, fields: Collection[str]) -> datetime:
        """The instant for one record: the day's, or, if it came to the leaver later, after all it says."""
        try:
            if isinstance(stream, Account | Person):
                at = holds_from(self.on, now=self.now, zone=self.zone, stream=stream)
            else:
                at = business_time(self.on, now=self.now, zone=self.zone, after=stream)
        except Refused as no:
            if no.code != "before_opening":
                raise
            at = self.now
        if at < stream.ledger[1].occurred_at or _sets_later(stream, at, fields):
            at = max(self.now, stream.latest or self.now)
        return at


def move(stream: Stream, kind: str, leaver: UUID, said: Mapping[str, Any], *, reason: str | None, when: Moment) -> None:
    """Put the successor in the leaver's place. Says nothing when the leaver is not there (any more)."""
    at = when.of(stream, SETS[kind])
    match stream:
        case Person():
            leaving = said.get("leaving_reason")
            stream.leave(Leave(reason=None if leaving is None else LeavingReason(leaving)), at=at)
            return
        case _:
            to, unit_id, why = UUID(said["to"]), UUID(said["unit_id"]), reason or HANDED_OVER
    match stream:
        case Account() if kind == ACCOUNT:
            if stream.standing["owner_id"] == leaver:
                stream.assign_owner(AssignOwner(owner_id=to, unit_id=unit_id, reason=why), unit_id=unit_id, at=at)
        case Account():
            team = stream.standing.get("support_team", ())
            if any(member.person_id == leaver for member in team):
                members = tuple(
                    Member(person_id=to if member.person_id == leaver else member.person_id, role=member.role)
                    for member in team
                )
                stream.set_support_team(SetSupportTeam(members=members), at=at)
        case Opportunity():
            if stream.standing["owner_id"] == leaver:
                if not is_alive(stream):
                    raise Refused("opportunity_closed", "the opportunity is closed: it stays with who closed it")
                stream.transfer(TransferOpportunity(owner_id=to, unit_id=unit_id, reason=why), unit_id=unit_id, at=at)
        case Visit():
            hand_over(stream, leaver, to, unit_id=unit_id, reason=why, at=at)
        case _:
            raise TypeError(type(stream))


def move_back(
    stream: Stream, kind: str, version: int, said: Mapping[str, Any], *, reason: str | None, when: Moment
) -> None:
    """Undo what the hand-over said in the fact of this version, by a fact that says the opposite from now on.

    Raises Refused `moved_since`, `closed_since`, `leaving_not_last`, or what the rule of the record says.
    """
    entry = stream.ledger[version]
    if isinstance(stream, Person):
        if entry.voided:
            return
        if any(later.version > version for later in stream.entries()):
            raise Refused("leaving_not_last", "more was said of the person since they left")
        stream.void_fact(version, reason=reason or TAKEN_BACK, at=when.now)
        return
    if isinstance(stream, Visit):
        require_planned(stream, entry.occurred_at)
    if not stands(stream, entry, SETS[kind]):
        raise Refused("moved_since", "it has changed hands since")
    before, why = standing_before(stream, entry), reason or TAKEN_BACK
    at = max(when.of(stream, ()), entry.occurred_at)
    match stream:
        case Account() if kind == TEAM:
            members = tuple(Member(person_id=one.person_id, role=one.role) for one in before.get("support_team", ()))
            stream.set_support_team(SetSupportTeam(members=members), at=at)
        case Account():
            unit_id = before["unit_id"] or stream.standing["unit_id"]
            command = AssignOwner(owner_id=before["owner_id"], unit_id=unit_id, reason=why)
            stream.assign_owner(command, unit_id=unit_id, at=at)
        case Opportunity():
            if (said.get("status") != stream.status and stream.status not in ALIVE) or not is_alive(stream):
                raise Refused("closed_since", "it was ordered or closed since: credit stays where it was earned")
            back = TransferOpportunity(owner_id=before["owner_id"], unit_id=before["unit_id"], reason=why)
            stream.transfer(back, unit_id=before["unit_id"], at=at)
        case Visit():
            hand_back(stream, before, reason=why, at=at)
        case _:
            raise TypeError(type(stream))


def is_alive(opportunity: Opportunity) -> bool:
    """Whether it may still need somebody: open, frozen, lost from sight, or ordered and not wholly delivered."""
    status = opportunity.status
    if status is Status.ORDERED:
        left = units_left(opportunity.standing)
        return not left or any(left.values())
    return status in ALIVE


def stands(stream: Stream, entry: Entry, fields: Collection[str]) -> bool:
    """Whether what a fact said of these fields still holds: not void, not corrected, nothing later about them."""
    if entry.voided or any(entry.changes.get(name) != entry.original_changes.get(name) for name in fields):
        return False
    here = (entry.occurred_at, entry.version)
    return not any(
        (other.occurred_at, other.version) > here and not fields_apart(other, fields) for other in stream.entries()
    )


def standing_before(stream: Stream, entry: Entry) -> dict[str, Any]:
    """What stood just before a fact, corrections included."""
    standing: dict[str, Any] = {}
    for other in sorted(stream.entries(), key=lambda one: (one.occurred_at, one.version)):
        if (other.occurred_at, other.version) < (entry.occurred_at, entry.version):
            Opportunity.merge(standing, other.changes)
    return standing


def fields_apart(entry: Entry, fields: Collection[str]) -> bool:
    """Whether a fact says nothing about these fields."""
    return set(fields).isdisjoint(entry.changes)


def _sets_later(stream: Stream, at: datetime, fields: Collection[str]) -> bool:
    return any(entry.occurred_at > at and not fields_apart(entry, fields) for entry in stream.entries())
