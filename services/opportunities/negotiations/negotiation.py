"""A negotiation: its rounds and open points, and the prices asked for and granted within limits. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from services.opportunities.dealing.limits import granting, needs
from services.opportunities.dealing.record import Dealing
from services.opportunities.events import (
    Concession,
    NegotiationConcluded,
    NegotiationOpened,
    NegotiationRound,
    NegotiationStatus,
    OpenPoint,
    OpenPointClosed,
    PointClosed,
    PriceApproved,
    PriceLine,
    PricePassedOn,
    PriceRefused,
    PriceRequested,
    PriceStatus,
    RoundHeld,
)
from services.opportunities.negotiations.commands import (
    ApprovePrice,
    ClosePoint,
    ConcludeNegotiation,
    HoldRound,
    OpenNegotiation,
    PassPriceOn,
    RefusePrice,
    RequestPrice,
)
from services.opportunities.negotiations.price_policy import AskedDiscount
from shared.event_store.stream import Refused

OPEN = NegotiationStatus.OPEN
WHILE_OPEN = frozenset({OPEN})
DECIDED = ("price_decided_by", "price_decided_on", "price_comment")
PRICE = (
    *("price_lines", "price_currency", "price_discount", "price_needs", "price_reason", "price_requested_by"),
    "price_requested_on",
)


class Negotiation(Dealing):
    """One negotiation of one opportunity."""

    stream_type: ClassVar[str] = "negotiation"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": NegotiationStatus,
        "opportunity_id": UUID,
        "subject": str | None,
        "opened_by": UUID,
        "opened_on": date,
        "rounds": tuple[NegotiationRound, ...],
        "outcome": str,
        "last_round_on": date,
        "points_closed": tuple[PointClosed, ...],
        "price_status": PriceStatus,
        "price_lines": tuple[PriceLine, ...],
        "price_currency": str,
        "price_discount": Decimal | None,
        "price_needs": str,
        "price_reason": str | None,
        "price_requested_by": UUID,
        "price_requested_on": date,
        "price_passed_by": UUID | None,
        "price_decided_by": UUID | None,
        "price_decided_on": date | None,
        "price_comment": str | None,
        "price_within_own_limit": bool | None,
        "concluded_on": date,
        "conclusion": str | None,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"rounds", "points_closed"})
    not_correctable: ClassVar[frozenset[str]] = frozenset(
        {"status", "opportunity_id", "opened_by", "opened_on", "last_round_on", "concluded_on", "price_passed_by"}
        | {"price_status", "price_lines", "price_currency", "price_discount", "price_needs", "price_requested_by"}
        | {"price_requested_on", "price_decided_by", "price_decided_on", "price_within_own_limit"}
    )
    allowed_from: ClassVar[Mapping[str, frozenset[str]]] = {
        "RoundHeld": WHILE_OPEN,
        "PriceRequested": WHILE_OPEN,
        "PricePassedOn": WHILE_OPEN,
        "PriceApproved": WHILE_OPEN,
        "PriceRefused": WHILE_OPEN,
        "NegotiationConcluded": WHILE_OPEN,
    }
    already: ClassVar[Mapping[str, str]] = {
        NegotiationStatus.OPEN: "the sides still negotiate",
        NegotiationStatus.AGREED: "the sides have agreed",
        NegotiationStatus.FAILED: "the negotiation has failed",
    }
    actions: ClassVar[Mapping[str, str]] = {
        "hold-round": "RoundHeld",
        "close-point": "OpenPointClosed",
        "request-price": "PriceRequested",
        "pass-price-on": "PricePassedOn",
        "approve-price": "PriceApproved",
        "refuse-price": "PriceRefused",
        "conclude": "NegotiationConcluded",
        "correct": "FactCorrected",
        "void": "FactVoided",
    }
    restricted: ClassVar[frozenset[str]] = frozenset({"pass-price-on", "approve-price", "refuse-price"})
    decisions: ClassVar[frozenset[str]] = frozenset({"PricePassedOn", "PriceApproved", "PriceRefused"})
    settles: ClassVar[frozenset[str]] = frozenset({"PriceApproved"})
    content: ClassVar[frozenset[str]] = frozenset({"PriceRequested"})

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets."""
        match fact:
            case NegotiationOpened():
                return {"status": OPEN, **_said(fact, "opportunity_id", "subject", "opened_by", "opened_on")}
            case RoundHeld():
                return _said(fact, "rounds", "outcome", "last_round_on")
            case OpenPointClosed():
                return _said(fact, "points_closed")
            case PriceRequested():
                undecided = dict.fromkeys((*DECIDED, "price_passed_by", "price_within_own_limit"))
                return {"price_status": PriceStatus.REQUESTED, **undecided, **_said(fact, *PRICE)}
            case PricePassedOn():
                return _said(fact, "price_needs", "price_passed_by")
            case PriceApproved():
                return {
                    "price_status": PriceStatus.APPROVED,
                    **_said(fact, *DECIDED, "price_within_own_limit"),
                }
            case PriceRefused():
                return {"price_status": PriceStatus.REFUSED, **_said(fact, *DECIDED)}
            case NegotiationConcluded():
                status = NegotiationStatus.AGREED if fact.agreed else NegotiationStatus.FAILED
                return {"status": status, **_said(fact, "concluded_on", "conclusion")}
            case _:
                return None

    def refusal(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """What the price that waits, and the open points, do not allow."""
        waits = standing.get("price_status") == PriceStatus.REQUESTED
        match fact:
            case "PriceRequested" if waits:
                return Refused("price_requested", "a price waits for a decision")
            case "PricePassedOn" | "PriceApproved" | "PriceRefused" if not waits:
                return Refused("no_price_requested", "no price waits for a decision")
            case "NegotiationConcluded" if waits:
                return Refused("price_requested", "a price waits for a decision")
            case "OpenPointClosed":
                left = {point.number for point in open_points(standing)}
                for closed in changes.get("points_closed", ()):
                    if closed.number not in left:
                        return Refused("no_such_point", f"no point {closed.number} is open", number=closed.number)
        return None

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def opened(cls, command: OpenNegotiation, *, id: UUID, by: UUID, at: datetime, day: date) -> Self:
        """Begin to negotiate."""
        return cls.begin(
            NegotiationOpened,
            id=id,
            at=at,
            opportunity_id=command.opportunity_id,
            subject=command.subject,
            opened_by=by,
            opened_on=day,
        )

    def hold_round(self, command: HoldRound, *, by: UUID, at: datetime, day: date) -> None:
        """The sides met."""
        number = self.told("RoundHeld") + 1
        first = 1 + max((point.number for point in self._points_told()), default=0)
        held = NegotiationRound(
            number=number,
            on=day,
            our_side=tuple(dict.fromkeys(command.our_side or (by,))),
            their_side=tuple(dict.fromkeys(command.their_side)),
            terms=command.terms,
            concessions=tuple(
                Concession(one.by, one.kind, one.what, one.value, one.currency) for one in command.concessions
            ),
            open_points=tuple(
                OpenPoint(index, one.text, one.owner_id, one.due_on)
                for index, one in enumerate(command.open_points, first)
            ),
            outcome=command.outcome,
        )
        self.happen(RoundHeld, at=at, rounds=(held,), outcome=command.outcome, last_round_on=day)

    def close_point(self, command: ClosePoint, *, at: datetime, day: date) -> None:
        """An open point is settled. Says nothing when it was already."""
        if any(closed.number == command.number for closed in self.standing_at(at).get("points_closed", ())):
            return
        self.happen(OpenPointClosed, at=at, points_closed=(PointClosed(command.number, day, command.result),))

    def request_price(
        self,
        command: RequestPrice,
        *,
        lines: Sequence[PriceLine],
        currency: str,
        asked: AskedDiscount,
        functions: Collection[str],
        by: UUID,
        at: datetime,
        day: date,
    ) -> None:
        """Ask for prices. What the own limit of `functions` covers is granted in the same breath, saying so."""
        request = {
            "price_lines": tuple(lines),
            "price_currency": currency,
            "price_discount": asked.discount,
            "price_needs": needs(asked),
            "price_reason": command.reason,
            "price_requested_by": by,
            "price_requested_on": day,
        }
        if not asked.covers(functions):
            self.happen(PriceRequested, at=at, **request)
            return
        granted = self._granted(asked, functions, by=by, day=day, comment=None, own=True)
        self.happen_together(at, (PriceRequested, request), (PriceApproved, granted))

    def pass_price_on(self, command: PassPriceOn, *, to: str, by: UUID, at: datetime) -> None:
        """Support it and let somebody higher decide."""
        self.happen(PricePassedOn, at=at, price_needs=to, price_passed_by=by, comment=command.comment)

    def approve_price(
        self,
        command: ApprovePrice,
        *,
        asked: AskedDiscount,
        functions: Collection[str],
        by: UUID,
        at: datetime,
        day: date,
    ) -> None:
        """Grant the prices that wait, by the limit of `functions`."""
        granted = self._granted(asked, functions, by=by, day=day, comment=command.comment, own=False)
        self.happen(PriceApproved, at=at, **granted)

    def refuse_price(self, command: RefusePrice, *, by: UUID, at: datetime, day: date) -> None:
        """Do not grant the prices that wait."""
        self.happen(PriceRefused, at=at, price_decided_by=by, price_decided_on=day, price_comment=command.comment)

    def conclude(self, command: ConcludeNegotiation, *, at: datetime, day: date) -> None:
        """The sides agreed, or gave up."""
        self.happen(NegotiationConcluded, at=at, agreed=command.agreed, concluded_on=day, conclusion=command.conclusion)

    def allowed_actions(self, may: Collection[str]) -> tuple[str, ...]:
        """The commands that make sense now."""
        points = open_points(self.standing)
        found = super().allowed_actions(may)
        return tuple(action for action in found if action != "close-point" or points)

    def _points_told(self) -> list[OpenPoint]:
        """Every open point ever told, taken back or not: numbers are never used twice."""
        rounds = [held for entry in self.ledger.values() for held in entry.original_changes.get("rounds", ())]
        return [point for held in rounds for point in held.open_points]

    @staticmethod
    def _granted(
        asked: AskedDiscount, functions: Collection[str], *, by: UUID, day: date, comment: str | None, own: bool
    ) -> dict[str, Any]:
        function = granting(asked, functions)
        limit = asked.policy.limit_of((function,))
        assert limit is not None
        return {
            "price_decided_by": by,
            "price_decided_on": day,
            "price_comment": comment,
            "price_within_own_limit": own,
            "function": function,
            "limit": limit,
        }


def open_points(standing: Mapping[str, Any]) -> list[OpenPoint]:
    """The points of all rounds that are not settled."""
    closed = {point.number for point in standing.get("points_closed", ())}
    rounds: Sequence[NegotiationRound] = standing.get("rounds", ())
    return [point for held in rounds for point in held.open_points if point.number not in closed]


def _said(fact: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in names}
