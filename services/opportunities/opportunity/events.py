"""Facts about opportunities: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------

Positive = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Status(StrEnum):
    """Where an opportunity stands. Delivered is derived: ordered, and every unit delivered or cancelled."""

    OPEN = "open"
    ORDERED = "ordered"
    DEFEATED = "defeated"
    FROZEN = "frozen"
    LOST_CONTACT = "lost_contact"
    CANCELLED = "cancelled"
    DISPOSED = "disposed"


class Review(StrEnum):
    """What an opportunity waits for: it keeps its status and level until then."""

    DEFEAT = "defeat"
    FREEZE = "freeze"


class DefeatKind(StrEnum):
    """战败 bought elsewhere, confirmed; 准战败 not bought elsewhere; 假战败 our own doing, or still buying."""

    CONFIRMED = "confirmed"
    PRESUMED = "presumed"
    FALSE = "false"


class Verdict(StrEnum):
    """What a call-back before the approval of a defeat came to (客服核实)."""

    CONFIRMED = "confirmed"
    STILL_BUYING = "still_buying"  # 假战败
    OTHER_REASON = "other_reason"
    NOT_REACHED = "not_reached"


class Line(msgspec.Struct, frozen=True):
    """What is to be sold. `product` is a product code; `unit_price` in the opportunity's currency."""

    line: Positive
    product: str
    units: Positive
    unit_price: Decimal | None = None


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Units of a line handed over to the customer (AAK) on a day; `serials` (VINs) of those that were named."""

    line: Positive
    units: Positive
    on: date
    serials: tuple[str, ...] = ()


class Cancellation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Units of a line the customer took back (退订) on a day; `serials` of those that were named."""

    line: Positive
    units: Positive
    reason: str
    on: date
    serials: tuple[str, ...] = ()


class Promise(msgspec.Struct, frozen=True):
    """The day on which the units of a line are promised, from when the fact that says so happened."""

    line: Positive
    promised_on: date


class Told(msgspec.Struct, frozen=True):
    """The customer was told on a day that a line comes later. `new_date`: of the new day, when it was set."""

    line: Positive
    on: date
    new_date: bool = False


class Shipment(msgspec.Struct, frozen=True):
    """Units of a line that left for the customer on a day."""

    line: Positive
    units: Positive
    on: date
    serials: tuple[str, ...] = ()
    carrier: str | None = None
    tracking_ref: str | None = None


class Installation(msgspec.Struct, frozen=True):
    """Delivered units of a line that were put into operation at the customer's on a day."""

    line: Positive
    units: Positive
    on: date
    serials: tuple[str, ...] = ()


class Evidence(msgspec.Struct, frozen=True):
    """What speaks for a judgement: is there a budget, do we know who decides, is the need confirmed."""

    budget: bool | None = None
    decision_maker: bool | None = None
    need: bool | None = None


class Instruction(msgspec.Struct, frozen=True):
    """What the head asks to be done; business text, names no person."""

    text: str
    due_on: date
    given_by: UUID
    given_on: date


# -- facts -------------------------------------------------------------------------------------------------


class ProspectCaptured(FirstFact):
    """A prospect was put on file (留档), level N.

    sets: account_id, title, owner_id, unit_id, channel, channel_given, lines, currency, amount, stage, stage_given,
    probability, probability_given, expected_on, key_person_id, contact_id, valid, missing, external_refs, attributes;
    level = null, status = open, review = null
    """

    account_id: UUID | None
    title: str | None
    owner_id: UUID
    unit_id: UUID
    channel: str | None
    channel_given: str | None  # the source's own word, as imported
    lines: tuple[Line, ...]
    currency: str
    amount: Decimal | None  # stated total, for lines without prices
    stage: str | None
    stage_given: str | None  # the supplier's own word, as imported
    probability: Decimal | None  # declared, 0–1
    probability_given: str | None
    expected_on: date | None
    key_person_id: UUID | None  # a key person of the account
    contact_id: UUID | None  # a contact known to the vault only
    valid: bool  # unit name + a person + a reachable number + an intention
    missing: tuple[str, ...]  # of these: unit_name, person, reachable, intention
    duplicate: str | None  # "intended" when captured although the same prospect was open
    duplicate_reason: str | None
    external_refs: dict[str, str]
    attributes: dict[str, Any]  # further columns of an import, JSON values by name
    lead_id: UUID | None = None  # the lead it came from


class ProspectQualified(Fact):
    """Somebody judged how near the order is (潜客判定).

    sets: level, expected_on, judged_by always; stage, stage_given, probability, probability_given, evidence,
    competitor, obstacle, support_needed, amount only when the judgement said something about them; lines together
    with amount (null: the lines have prices)
    """

    level_before: str | None  # at that business time; null = N
    level: str
    expected_on: date | None
    judged_by: UUID
    visit_id: UUID | None  # the visit that carried the judgement
    stage: str | None
    stage_given: str | None
    probability: Decimal | None
    probability_given: str | None
    lines: tuple[Line, ...] | None
    amount: Decimal | None
    evidence: Evidence | None
    competitor: str | None
    obstacle: str | None
    support_needed: str | None


class DefeatRequested(Fact):
    """A representative asks to close a prospect as lost; it stays in stock, marked.

    sets: review = defeat, requested_on, defeat_requested_by, defeat_kind, defeat_reason, defeat_category,
    defeat_other_reasons, reason_given, defeat_evidence, competitor_brand, competitor_model, competitor_price,
    bought_on, recall_on; all that DefeatVerified sets = null
    """

    level_before: str | None
    requested_on: date
    requested_by: UUID
    kind: DefeatKind
    reason: str  # leaf of the reason catalogue, "own.slow_follow_up"
    category: str  # its category, "own"
    other_reasons: tuple[str, ...]
    reason_given: str | None  # the words of the source, as imported
    competitor_brand: str | None
    competitor_model: str | None
    competitor_price: Decimal | None
    bought_on: date | None
    recall_on: date | None
    evidence: str | None = None  # business words; what was handed in with it is attached to the opportunity


class DefeatVerified(Fact):
    """Customer service called the customer back about a defeat that waits for approval (客服核实).

    sets: verdict, verify_attempts, verify_reached, reason_found, verify_comment, verified_by, verified_on
    """

    verdict: Verdict
    attempts: int  # calls made
    reached: bool  # somebody answered
    reason: str | None  # found: a leaf of the reason catalogue
    comment: str | None
    verified_by: UUID
    verified_on: date


class DealLost(Fact):
    """The defeat was approved (战败): it counts on this day.

    sets: status = defeated, review = null, reviewed_by, and all that DefeatRequested sets except review and what
    DefeatVerified sets, so that this fact alone says all about a defeat
    """

    level_before: str | None
    status_before: Status
    reviewed_by: UUID | None  # null: approved automatically
    requested_on: date
    requested_by: UUID
    kind: DefeatKind
    reason: str
    category: str
    other_reasons: tuple[str, ...]
    reason_given: str | None
    competitor_brand: str | None
    competitor_model: str | None
    competitor_price: Decimal | None
    bought_on: date | None
    recall_on: date | None
    comment: str | None
    evidence: str | None = None


class DefeatRejected(Fact):
    """The defeat was not approved: the prospect goes on, at the status and level before.

    sets: review = null, reviewed_by; all defeat fields, what DefeatVerified sets, and recall_on = null
    """

    reviewed_by: UUID
    finding: str  # still_buying, own_doing, insufficient, other
    comment: str | None
    given_to: UUID | None = None  # who goes on instead: the transfer is the fact after this


class DealReopened(Fact):
    """A defeated, cancelled or disposed opportunity came to life again (再激活).

    sets: status = open, review = null; all defeat fields, disposal and recall_on = null; after a cancellation also
    lines, the same under new line numbers: units cancelled then never count against a later order
    """

    from_status: Status
    reason: str | None
    lines: tuple[Line, ...] | None  # after a cancellation


class FreezeRequested(Fact):
    """A representative asks to put a prospect on ice.

    sets: review = freeze, freeze_requested_by, freeze_reason, recall_on
    """

    level_before: str | None
    requested_by: UUID
    reason: str
    recall_on: date | None  # null only when imported


class ProspectFrozen(Fact):
    """The freeze was approved (F2 冷冻), or chosen by who reviewed a defeat.

    sets: status = frozen, review = null, freeze_requested_by, freeze_reason, recall_on, reviewed_by; instead of a
    defeat also: all defeat fields and what DefeatVerified sets = null
    """

    level_before: str | None
    requested_by: UUID
    reviewed_by: UUID | None  # null: approved automatically
    reason: str
    recall_on: date | None
    comment: str | None
    instead_of: Review | None = None  # defeat: the request that waited was for that


class FreezeRejected(Fact):
    """The freeze was not approved.

    sets: review = null, reviewed_by; freeze_requested_by, freeze_reason, recall_on = null
    """

    reviewed_by: UUID
    comment: str | None


class ContactLost(Fact):
    """The customer cannot be reached any more (L 失控).

    sets: status = lost_contact, review = null, contact_lost_reason, recall_on
    """

    level_before: str | None
    reason: str
    recall_on: date | None


class ProspectResumed(Fact):
    """A frozen or lost prospect is worked on again, at its level before.

    sets: status = open, review = null; freeze_requested_by, freeze_reason, contact_lost_reason, recall_on = null
    """

    from_status: Status
    reason: str | None


class ProspectDisposed(Fact):
    """The record ends without a defeat: no intention, or a duplicate.

    sets: status = disposed, review = null, disposal
    """

    level_before: str | None
    disposal: str  # no_intention, duplicate, test
    duplicate_of: UUID | None


class DealWon(Fact):
    """The customer signed or paid a deposit: level O. Stays ordered until every unit is delivered or cancelled.

    sets: status = ordered, review = null, lines, currency, amount, promised_on, order_ref; promises (additive), of
    lines with a day of their own; what the request that was pending had set = null (`withdrawn`)
    """

    level_before: str | None
    lines: tuple[Line, ...]
    currency: str
    amount: Decimal | None
    promised_on: date | None  # delivery promised
    order_ref: str | None  # number of the contract or order
    withdrawn: Review | None  # the request that was under review when the customer ordered
    promises: tuple[Promise, ...] = ()


class OrderAmended(Fact):
    """The order was changed: what it says now.

    sets: lines, currency, amount, promised_on, order_ref; promises (additive), of all lines when the day of the order
    was changed, and of lines with a day of their own
    """

    lines: tuple[Line, ...]
    currency: str
    amount: Decimal | None
    promised_on: date | None
    order_ref: str | None
    reason: str | None
    promises: tuple[Promise, ...] = ()


class DeliveryRescheduled(Fact):
    """What was promised comes on another day, one line or all of them.

    sets: promises (additive), of each line concerned; told (additive) when the customer knows; promised_on when all
    """

    line: int | None  # null: every line of the order then
    before: date | None  # promised until then
    promised_on: date
    reason: str
    told_on: date | None  # the customer was told of the new day; null: not yet
    promises: tuple[Promise, ...]


class CustomerTold(Fact):
    """The customer was told that what was promised comes later. sets: told (additive)"""

    told: tuple[Told, ...]
    told_by: UUID
    note: str | None  # business text, names no person


class UnitsShipped(Fact):
    """Units left for the customer. sets: shipped (additive; joined with lines by line number)"""

    shipped: tuple[Shipment, ...]


class UnitsInstalled(Fact):
    """Delivered units were put into operation. sets: installed (additive; joined with lines by line number)"""

    installed: tuple[Installation, ...]


class UnitsDelivered(Fact):
    """Units were handed over to the customer (AAK). sets: delivered (additive; joined with lines by line number)"""

    delivered: tuple[Delivery, ...]


class UnitsCancelled(Fact):
    """Units were cancelled (退订).

    sets: cancelled (additive; joined with lines by line number); status = cancelled if `whole`:
    all units went and none was delivered
    """

    cancelled: tuple[Cancellation, ...]
    whole: bool


class OpportunityTransferred(Fact):
    """Somebody else is responsible from now on; work done stays credited to the one before. sets: owner_id, unit_id"""

    owner_before: UUID
    unit_before: UUID
    owner_id: UUID
    unit_id: UUID
    reason: str | None


class InstructionGiven(Fact):
    """The head asks for something on the hot table, with a due date. sets: instruction"""

    instruction: Instruction


class InstructionCompleted(Fact):
    """The latest instruction was carried out. sets: instruction = null"""

    completed_by: UUID
    result: str | None


class ContactMade(Fact):
    """Somebody of ours called, wrote to or met the customer, or tried to (跟进). What was said lies in the vault.

    One that reached the person resets the follow-up clock and ends the plan before it; visits do so too, by their own
    facts.

    sets: contact_way, contact_reached, contact_result, contacted_by always; follow_up_on and follow_up_way when the
    person was reached (null: nothing is planned any more) or a next day was named
    """

    way: str
    reached: bool
    result: str | None  # a business word: interested, call_back, no_answer
    contacted_by: UUID
    next_on: date | None
    next_way: str | None


class FollowUpPlanned(Fact):
    """The next contact with the customer is planned. sets: follow_up_on, follow_up_way"""

    follow_up_on: date
    way: str | None
    planned_by: UUID


class OpportunityReferred(Fact):
    """The opportunity is called this in another system; with `key` null it is known there no more.

    sets: external_refs, the keys in all systems
    """

    system: str
    key: str | None
    external_refs: dict[str, str]


OpportunityFact = (
    ProspectCaptured
    | ProspectQualified
    | DefeatRequested
    | DefeatVerified
    | DealLost
    | DefeatRejected
    | DealReopened
    | FreezeRequested
    | ProspectFrozen
    | FreezeRejected
    | ContactLost
    | ProspectResumed
    | ProspectDisposed
    | DealWon
    | OrderAmended
    | DeliveryRescheduled
    | CustomerTold
    | UnitsShipped
    | UnitsDelivered
    | UnitsInstalled
    | UnitsCancelled
    | OpportunityTransferred
    | InstructionGiven
    | InstructionCompleted
    | ContactMade
    | FollowUpPlanned
    | OpportunityReferred
)
