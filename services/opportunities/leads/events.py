"""Facts about leads: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------


class LeadStatus(StrEnum):
    """What became of a lead; `open` and `follow_up` are worked on."""

    OPEN = "open"
    FOLLOW_UP = "follow_up"
    RECORD = "record"
    NO_INTENTION = "no_intention"
    DUPLICATE = "duplicate"


class LeadAssignment(StrEnum):
    """How a lead came to who is responsible."""

    BY_HAND = "by_hand"
    BY_RULE = "by_rule"
    CLAIMED = "claimed"


class Interest(msgspec.Struct, frozen=True):
    """What somebody asks for: a product code, or words for what is not in the catalogue; units when said."""

    product: str | None = None
    said: str | None = None
    units: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None


class LeadContact(msgspec.Struct, frozen=True):
    """One contact about a lead: who made it, how, and whether the person was reached."""

    by: UUID
    way: str
    reached: bool


class LeadRule(msgspec.Struct, frozen=True):
    """Who gets the leads of a channel (null: any) that come to a unit or below it (null: any).

    `assign`: round_robin over `persons`, head (of the unit), nobody (claimable). `answer_hours`: the promise.
    """

    code: str
    assign: str
    channel: str | None = None
    unit_id: UUID | None = None
    persons: tuple[UUID, ...] = ()
    answer_hours: Decimal | None = None


# -- facts of a lead -------------------------------------------------------------------------------------------


class LeadReceived(FirstFact):
    """Somebody asked, through a channel, at this business time. Person, phone, mail and words are in the vault.

    `answer_hours` is the promise of the rules then in force, `policy_version` their version (null: none published).

    sets: channel, channel_given, source, account_id, account_name, interests, unit_id, contact_id, answer_hours,
    external_refs; owner_id = null, status = open
    """

    channel: str
    channel_given: str | None  # the source's own word
    source: str | None  # campaign, page, event: business words
    account_id: UUID | None
    account_name: str | None  # of an organisation not on file
    interests: tuple[Interest, ...]
    unit_id: UUID  # it came to
    contact_id: UUID | None  # known to the vault only
    answer_hours: Decimal | None  # from receipt to the first contact, as promised
    policy_version: int | None
    external_refs: dict[str, str]


class LeadAssigned(Fact):
    """A lead is somebody's. The response clock runs from receipt, not from here. sets: owner_id, unit_id, assigned_how

    `how`: by_hand, by_rule (then `rule` of the published `policy_version`), claimed.
    """

    owner_id: UUID
    unit_id: UUID
    how: LeadAssignment
    rule: str | None
    policy_version: int | None
    reason: str | None


class LeadContacted(Fact):
    """Somebody answered: the first one ends the response time. sets: contacts (additive: this one)"""

    contacts: tuple[LeadContact, ...]


class LeadDisposed(Fact):
    """What became of a lead. `status`: record, no_intention, duplicate, follow_up (open again on a day).

    sets: status, opportunity_id, duplicate_of_lead_id, duplicate_of_opportunity_id, follow_up_on, reason
    """

    status: LeadStatus
    disposed_by: UUID
    opportunity_id: UUID | None  # record
    duplicate_of_lead_id: UUID | None
    duplicate_of_opportunity_id: UUID | None
    follow_up_on: date | None
    reason: str | None


LeadFact = LeadReceived | LeadAssigned | LeadContacted | LeadDisposed

# -- rules of assignment ---------------------------------------------------------------------------------------


class LeadPolicyPublished(FirstOrLaterFact):
    """Who gets which leads, and how soon they are answered, from a day on. sets: policies (additive: this one)"""

    effective_from: date
    answer_hours: Decimal | None  # where a rule says nothing
    rules: tuple[LeadRule, ...]  # the first that fits


class LeadTurnTaken(FirstOrLaterFact):
    """A round robin went on to the next: so many turns were taken so far. sets: turns"""

    rule: str
    lead_id: UUID
    owner_id: UUID
    turns: int


# -- what leads are measured against -----------------------------------------------------------------------------


class VisitorsCounted(FirstOrLaterFact):
    """So many people came to a unit through a channel on a day; counted again, the last word holds.

    sets: unit_id, channel, day, count
    """

    unit_id: UUID
    channel: str
    day: date
    count: int


class SpendRecorded(FirstFact):
    """What a channel cost a unit on a day, or in a month (`day` is its first). sets: all its fields"""

    unit_id: UUID
    channel: str
    day: date
    period: str  # day, month
    amount: Decimal
    currency: str
    purpose: str | None


VisitorFact = VisitorsCounted
SpendFact = SpendRecorded
