"""What can happen to an opportunity, and in what order. One table for commands, late facts and corrections. Pure.

A fact is possible when the standing at its business time allows it, and when every fact that comes after it in
business time is still possible then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.opportunities.events import Cancellation, Line, Review, Status
from services.opportunities.opportunity.movements import moved_units, movement_refusal, of_line, units_left
from shared.event_store.stream import Refused

OPEN = Status.OPEN
CLOSABLE = frozenset({OPEN, Status.FROZEN, Status.LOST_CONTACT, Status.CANCELLED})
"""From these an opportunity can be given up as a defeat."""

FROZEN_INSTEAD = "ProspectFrozen instead of DealLost"
"""The same fact, chosen by who reviews a defeat: it ends that request, and says so by setting the defeat fields."""

ALLOWED_FROM: Mapping[str, frozenset[Status]] = {
    "ProspectQualified": frozenset({OPEN}),
    "DefeatRequested": CLOSABLE,
    "DefeatVerified": CLOSABLE,
    "DealLost": CLOSABLE,
    "DefeatRejected": CLOSABLE,
    "DealReopened": frozenset({Status.DEFEATED, Status.CANCELLED, Status.DISPOSED}),
    "FreezeRequested": frozenset({OPEN}),
    "ProspectFrozen": frozenset({OPEN}),
    FROZEN_INSTEAD: CLOSABLE - {Status.CANCELLED},
    "FreezeRejected": frozenset({OPEN}),
    "ContactLost": frozenset({OPEN}),
    "ProspectResumed": frozenset({Status.FROZEN, Status.LOST_CONTACT}),
    "ProspectDisposed": frozenset({OPEN}),
    "DealWon": frozenset({OPEN}),
    "OrderAmended": frozenset({Status.ORDERED}),
    "DeliveryRescheduled": frozenset({Status.ORDERED}),
    "CustomerTold": frozenset({Status.ORDERED}),
    "UnitsShipped": frozenset({Status.ORDERED}),
    "UnitsDelivered": frozenset({Status.ORDERED}),
    "UnitsInstalled": frozenset({Status.ORDERED}),
    "UnitsCancelled": frozenset({Status.ORDERED}),
}
"""The status a fact needs; a fact not named here is possible in any."""

NEEDS_REVIEW: Mapping[str, Review] = {
    "DefeatVerified": Review.DEFEAT,
    "DealLost": Review.DEFEAT,
    "DefeatRejected": Review.DEFEAT,
    FROZEN_INSTEAD: Review.DEFEAT,
    "ProspectFrozen": Review.FREEZE,
    "FreezeRejected": Review.FREEZE,
}
NEEDS_NO_REVIEW = frozenset(
    {"DefeatRequested", "FreezeRequested", "ContactLost", "ProspectDisposed", "ProspectResumed", "DealReopened"}
)

ALREADY: Mapping[Status, tuple[str, str]] = {
    Status.OPEN: ("still_open", "the prospect is open"),
    Status.ORDERED: ("already_ordered", "the customer has ordered"),
    Status.DEFEATED: ("already_defeated", "the opportunity was closed as a defeat"),
    Status.FROZEN: ("frozen", "the prospect is frozen: resume it first"),
    Status.LOST_CONTACT: ("contact_lost", "contact was lost: resume the prospect first"),
    Status.CANCELLED: ("order_cancelled", "the order was cancelled: reopen it first"),
    Status.DISPOSED: ("disposed", "the record was disposed of: reopen it first"),
}


def refusal(fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
    """Why a fact is impossible on this standing; None when it is possible."""
    status: Status = standing["status"]
    if fact == "ProspectFrozen" and changes.keys() >= {"defeat_kind"}:
        fact = FROZEN_INSTEAD
    allowed = ALLOWED_FROM.get(fact)
    if allowed is not None and status not in allowed:
        if status == OPEN and allowed == {Status.ORDERED}:
            return Refused("not_ordered", "there is no order yet")
        code, detail = ALREADY[status]
        return Refused(code, detail)
    review = standing.get("review")
    if (needed := NEEDS_REVIEW.get(fact)) is not None and review != needed:
        if needed is Review.DEFEAT:
            return Refused("no_defeat_requested", "no defeat waits for review")
        return Refused("no_freeze_requested", "no freeze waits for review")
    if fact in NEEDS_NO_REVIEW and review is not None:
        return Refused("under_review", f"a {review} waits for review", review=str(review))
    return _units_refusal(fact, standing, changes)


# -- units ---------------------------------------------------------------------------------------------------


def is_whole_cancellation(standing: Mapping[str, Any], cancelled: Iterable[Cancellation]) -> bool:
    """Whether these cancellations leave nothing of an order of which nothing was delivered."""
    left = units_left(standing)
    for movement in cancelled:
        left[movement.line] = left.get(movement.line, 0) - movement.units
    ours = set(left)
    return not any(left.values()) and not any(d.line in ours for d in standing.get("delivered", ()))


def _units_refusal(fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
    if fact == "OrderAmended":
        return _amendment_refusal(standing, changes.get("lines", ()))
    if (refused := movement_refusal(fact, standing, changes)) is not None:
        return refused
    cancelled: tuple[Cancellation, ...] = changes.get("cancelled", ())
    if changes.get("status") == Status.CANCELLED and not is_whole_cancellation(standing, cancelled):
        return Refused("not_whole", "the order would no longer be cancelled as a whole")
    return None


def _amendment_refusal(standing: Mapping[str, Any], lines: Sequence[Line]) -> Refused | None:
    moved = moved_units(standing)
    before: dict[int, Line] = {line.line: line for line in standing.get("lines", ())}
    after = {line.line: line for line in lines}
    for number in before:
        if (units := max(moved.get(number, 0), of_line(standing, "shipped", number))) == 0:
            continue
        line = after.get(number)
        if line is None or line.product != before[number].product or line.units < units:
            return Refused(
                "units_already_moved",
                f"{units} units of line {number} were on their way, or cancelled: it keeps its product and these",
                line=number,
                units=units,
            )
    return None
