"""Facts about negotiations and prices: storage format and public language, for ever. See the service's `events.py`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

# -- values ------------------------------------------------------------------------------------------------

ConcessionKind = Literal["price", "payment", "delivery", "warranty", "other"]
RoundOutcome = Literal["progress", "agreed", "stalled", "broken_off"]


class NegotiationStatus(StrEnum):
    """Where a negotiation stands."""

    OPEN = "open"
    AGREED = "agreed"
    FAILED = "failed"


class PriceStatus(StrEnum):
    """What became of the price asked for last."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"


class Concession(msgspec.Struct, frozen=True):
    """Something one side gave. `value` is money in `currency` when both are there."""

    by: str  # us, them
    kind: str  # price, payment, delivery, warranty, other
    what: str
    value: Decimal | None = None
    currency: str | None = None


class OpenPoint(msgspec.Struct, frozen=True):
    """What a round left open: who of our people sees to it, until when. `number` counts in the negotiation."""

    number: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    text: str
    owner_id: UUID | None = None
    due_on: date | None = None


class PointClosed(msgspec.Struct, frozen=True):
    """An open point was settled; joined with it by its number."""

    number: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    on: date
    result: str | None = None


class NegotiationRound(msgspec.Struct, frozen=True):
    """One meeting of both sides (谈判轮次). Their side are key persons of the account, ours are members of staff."""

    number: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    on: date
    our_side: tuple[UUID, ...]
    their_side: tuple[UUID, ...]
    terms: str
    concessions: tuple[Concession, ...]
    open_points: tuple[OpenPoint, ...]
    outcome: str  # progress, agreed, stalled, broken_off


class PriceLine(msgspec.Struct, frozen=True):
    """A price asked for. `discount`: share of the list price given away, 0–1; null: no list price in this currency."""

    product: str
    units: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    unit_price: Decimal
    list_price: Decimal | None
    discount: Decimal | None


class DiscountLimit(msgspec.Struct, frozen=True):
    """Who holds this function grants at most this share of the list price; 1 = anything."""

    function: str
    max_discount: Decimal


# -- facts -------------------------------------------------------------------------------------------------


class NegotiationOpened(FirstFact):
    """Both sides begin to negotiate (商务谈判). sets: status = open, opportunity_id, subject, opened_by, opened_on"""

    opportunity_id: UUID
    subject: str | None
    opened_by: UUID
    opened_on: date


class RoundHeld(Fact):
    """The sides met. What was said in words lies in the vault (field `minutes_<version of this fact>`).

    sets: rounds (additive: this one), outcome, last_round_on
    """

    rounds: tuple[NegotiationRound, ...]
    outcome: str
    last_round_on: date


class OpenPointClosed(Fact):
    """An open point was settled. sets: points_closed (additive; joined with rounds' open points by number)"""

    points_closed: tuple[PointClosed, ...]


class PriceRequested(Fact):
    """Somebody asks for these prices.

    sets: price_status = requested, price_lines, price_currency, price_discount, price_needs, price_reason,
    price_requested_by, price_requested_on; price_decided_by, price_decided_on, price_comment = null
    """

    price_lines: tuple[PriceLine, ...]
    price_currency: str
    price_discount: Decimal | None  # the greatest of the lines'; null: one has no list price
    price_needs: str  # the lowest function whose limit covers it
    price_reason: str | None
    price_requested_by: UUID
    price_requested_on: date


class PricePassedOn(Fact):
    """A head supports a price above the own limit and passes it on. sets: price_needs, price_passed_by"""

    price_needs: str
    price_passed_by: UUID
    comment: str | None


class PriceApproved(Fact):
    """The prices are granted.

    sets: price_status = approved, price_decided_by, price_decided_on, price_comment, price_within_own_limit
    """

    price_decided_by: UUID
    price_decided_on: date
    price_comment: str | None
    price_within_own_limit: bool  # the requester's own limit covers it: nobody else was asked
    function: str  # by whose limit
    limit: Decimal


class PriceRefused(Fact):
    """The prices are not granted. sets: price_status = refused, price_decided_by, price_decided_on, price_comment"""

    price_decided_by: UUID
    price_decided_on: date
    price_comment: str


class NegotiationConcluded(Fact):
    """The sides agreed, or gave up. sets: status = agreed or failed, concluded_on, conclusion"""

    agreed: bool
    concluded_on: date
    conclusion: str | None


NegotiationFact = (
    NegotiationOpened
    | RoundHeld
    | OpenPointClosed
    | PriceRequested
    | PricePassedOn
    | PriceApproved
    | PriceRefused
    | NegotiationConcluded
)


class PricePolicyPublished(FirstOrLaterFact):
    """Who grants which discount, from a day on. sets: policies (additive: this one)"""

    effective_from: date
    limits: tuple[DiscountLimit, ...]
