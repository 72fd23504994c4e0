"""Facts about bids: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from services.opportunities.opportunity.events import Line
from shared.event_store.stream import Fact, FirstFact

# -- values ------------------------------------------------------------------------------------------------


class BidStatus(StrEnum):
    """Where a bid stands. Considered: nobody has decided yet whether we bid."""

    CONSIDERED = "considered"
    PREPARING = "preparing"
    DECLINED = "declined"
    SUBMITTED = "submitted"
    OPENED = "opened"
    WON = "won"
    LOST = "lost"
    CANCELLED = "cancelled"


class RequiredDocument(msgspec.Struct, frozen=True):
    """A document the tender asks for, and who of our people sees to it."""

    name: str
    responsible: UUID | None = None
    due_on: date | None = None


class DocumentDone(msgspec.Struct, frozen=True):
    """A required document is ready; joined with the list by its name."""

    name: str
    on: date
    by: UUID


class CompetingBid(msgspec.Struct, frozen=True):
    """A line of the opening record (开标记录): an organisation and its price, in the bid's currency."""

    name: str
    price: Decimal | None = None
    rank: int | None = None
    remark: str | None = None


# -- facts -------------------------------------------------------------------------------------------------


class TenderRecorded(FirstFact):
    """A tender notice was put on record with its opportunity (招标公告).

    sets: status = considered, opportunity_id, tender_number, tenderer, currency, published_on, questions_until,
    opening_at, bond_amount, bond_due_on, documents, recorded_by, recorded_on
    """

    opportunity_id: UUID
    tender_number: str
    tenderer: str  # the organisation that calls for bids, or its agent
    currency: str  # of bond and prices
    published_on: date | None
    questions_until: date | None
    opening_at: datetime | None
    bond_amount: Decimal | None
    bond_due_on: date | None
    documents: tuple[RequiredDocument, ...]
    recorded_by: UUID
    recorded_on: date


class TenderChanged(Fact):
    """The tenderer changed the tender, or we know more of it: what it says now.

    sets: of tender_number, tenderer, published_on, questions_until, opening_at, bond_amount, bond_due_on, documents
    those that were said
    """

    tender_number: str | None
    tenderer: str | None
    published_on: date | None
    questions_until: date | None
    opening_at: datetime | None
    bond_amount: Decimal | None
    bond_due_on: date | None
    documents: tuple[RequiredDocument, ...] | None


class TenderDocumentsBought(Fact):
    """We bought the tender documents (购买标书). sets: documents_bought_on"""

    documents_bought_on: date


class BidDecided(Fact):
    """We bid, or we do not. sets: status = preparing or declined, go, decided_by, decided_on, decision_reason"""

    go: bool
    decided_by: UUID
    decided_on: date
    decision_reason: str | None


class BidDocumentDone(Fact):
    """A required document is ready. sets: documents_done (additive; joined with documents by name)"""

    documents_done: tuple[DocumentDone, ...]


class BidBondPaid(Fact):
    """The bond was paid (投标保证金), in the bid's currency. sets: bond_amount, bond_paid_on"""

    bond_amount: Decimal
    bond_paid_on: date


class BidBondReturned(Fact):
    """The bond came back. sets: bond_returned_on"""

    bond_returned_on: date


class BidSubmitted(Fact):
    """Our bid was handed in (投标). sets: status = submitted, lines, amount, submitted_by, submitted_on"""

    lines: tuple[Line, ...]
    amount: Decimal | None  # the lines' total, or as stated
    submitted_by: UUID
    submitted_on: date


class BidOpened(Fact):
    """The bids were opened (开标). sets: status = opened, competitors, our_rank, opened_on"""

    competitors: tuple[CompetingBid, ...]
    our_rank: int | None
    opened_on: date


class BidWon(Fact):
    """We won the tender (中标). The deal is won by its own command. sets: status = won, result_on, award_ref"""

    result_on: date
    award_ref: str | None


class BidLost(Fact):
    """Somebody else won (未中标). The deal is lost by its own command.

    sets: status = lost, result_on, result_reason, result_category, winner, winning_price
    """

    result_on: date
    result_reason: str  # a leaf of the reason catalogue: project.tender_lost
    result_category: str
    winner: str | None
    winning_price: Decimal | None


class BidCancelled(Fact):
    """The tender was called off (流标), or we withdrew.

    sets: status = cancelled, result_on, cancelled_by, cancel_reason
    """

    result_on: date
    cancelled_by: str  # tenderer, us
    cancel_reason: str


BidFact = (
    TenderRecorded
    | TenderChanged
    | TenderDocumentsBought
    | BidDecided
    | BidDocumentDone
    | BidBondPaid
    | BidBondReturned
    | BidSubmitted
    | BidOpened
    | BidWon
    | BidLost
    | BidCancelled
)
