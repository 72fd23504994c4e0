"""Rules of an order: won, amended, promised anew, on its way, cancelled. Pure: no I/O, no clock.

It stays ordered until every unit is delivered or cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.opportunities.events import (
    Cancellation,
    CustomerTold,
    DealWon,
    Delivery,
    DeliveryRescheduled,
    Installation,
    Line,
    OrderAmended,
    Promise,
    Shipment,
    Status,
    Told,
    UnitsCancelled,
    UnitsDelivered,
    UnitsInstalled,
    UnitsShipped,
)
from services.opportunities.opportunity.commands.orders import (
    AmendOrder,
    CancelUnits,
    DeliverUnits,
    InstallUnits,
    RescheduleDelivery,
    ShipUnits,
    TellCustomer,
    WinDeal,
)
from services.opportunities.opportunity.life_cycle import is_whole_cancellation, refusal
from services.opportunities.opportunity.lines import numbered, stated_amount
from services.opportunities.opportunity.movements import promised, units_left
from services.opportunities.opportunity.prospect import Prospect
from services.opportunities.opportunity.standing import MOVED
from shared.event_store.stream import Refused


class Ordering(Prospect):
    """From the order to the last unit delivered or cancelled."""

    def win(self, command: WinDeal, *, at: datetime, lines_required: bool = True) -> None:
        """The customer ordered. Default: the lines of the prospect. `lines_required` false: an import without lines."""
        before = self.standing_at(at)
        lines = before.get("lines", ()) if command.lines is None else numbered(command.lines, before)
        if before.get("status") is not None and not lines and lines_required:  # else it was not on file then
            raise Refused("no_lines", "an order has at least one line", status=422, pointer="/lines")
        stated = command.amount if command.amount is not None or command.lines is not None else before.get("amount")
        self.happen(
            DealWon,
            at=at,
            level_before=before.get("level"),
            lines=lines,
            currency=command.currency or before.get("currency"),
            amount=stated_amount(lines, stated),
            promised_on=command.promised_on,
            order_ref=command.order_ref,
            withdrawn=before.get("review"),
            promises=_own_promises(command, lines),
        )

    def amend(self, command: AmendOrder, *, at: datetime) -> None:
        """Change the order; what is not given stays. A line keeps at least the units already delivered or cancelled."""
        before = self.standing_at(at)
        lines = before.get("lines", ()) if command.lines is None else numbered(command.lines, before)
        stated = command.amount if command.amount is not None or command.lines is not None else before.get("amount")
        self.happen(
            OrderAmended,
            at=at,
            lines=lines,
            currency=command.currency or before.get("currency"),
            amount=stated_amount(lines, stated),
            promised_on=command.promised_on or before.get("promised_on"),
            order_ref=command.order_ref or before.get("order_ref"),
            reason=command.reason,
            promises=self._amended_promises(command, lines, before),
        )

    def reschedule(self, command: RescheduleDelivery, *, at: datetime, day: date) -> None:
        """What is left of a line, or of all, comes on another day. Says nothing when that is so already."""
        if command.promised_on < day:
            raise Refused(
                "promise_in_the_past", f"{command.promised_on} has gone by", status=422, pointer="/promised_on"
            )
        before = self.standing_at(at)
        lines = self._waiting(command.line, before)
        told_on = _told_on(command.told_on, day) if command.customer_told or command.told_on is not None else None
        if told_on is None and all(promised(before, line) == command.promised_on for line in lines):
            return
        self.happen(
            DeliveryRescheduled,
            at=at,
            line=command.line,
            before=before.get("promised_on") if command.line is None else promised(before, command.line),
            promised_on=command.promised_on,
            reason=command.reason,
            told_on=told_on,
            promises=tuple(Promise(line, command.promised_on) for line in lines),
        )

    def tell_customer(self, command: TellCustomer, *, by: UUID, at: datetime, day: date) -> None:
        """The customer knows that a line, or all of them, comes later. Says nothing of who knows since that day."""
        before = self.standing_at(at)
        known = set(before.get("told", ()))
        lines = [line for line in self._waiting(command.line, before) if Told(line, day) not in known]
        if not lines:
            return
        self.happen(CustomerTold, at=at, told=tuple(Told(line, day) for line in lines), told_by=by, note=command.note)

    def ship(self, command: ShipUnits, *, at: datetime, day: date) -> None:
        """Units left for the customer. Refused beyond ordered − cancelled − shipped."""
        self.happen(
            UnitsShipped,
            at=at,
            shipped=tuple(
                Shipment(move.line, move.number, day, move.serials, command.carrier, command.tracking_ref)
                for move in command.units
            ),
        )

    def install(self, command: InstallUnits, *, at: datetime, day: date) -> None:
        """Delivered units were put into operation. Refused beyond delivered − installed."""
        self.happen(
            UnitsInstalled,
            at=at,
            installed=tuple(Installation(move.line, move.number, day, move.serials) for move in command.units),
        )

    def _waiting(self, line: int | None, before: Mapping[str, Any]) -> Sequence[int]:
        """The lines a command is about: this one, or all. Raises Refused when nothing of them is to come."""
        if (refused := refusal("DeliveryRescheduled", before, {})) is not None:
            raise refused
        left = units_left(before)
        if line is not None and line not in left:
            raise Refused("no_such_line", f"the order has no line {line}", status=422, pointer="/line", line=line)
        if not any(left.values() if line is None else (left[line],)):
            raise Refused("nothing_to_come", "everything was delivered or cancelled")
        return [line] if line is not None else sorted(left)

    def _amended_promises(
        self, command: AmendOrder, lines: Sequence[Line], before: Mapping[str, Any]
    ) -> tuple[Promise, ...]:
        own = _own_promises(command, lines)
        if command.promised_on is None or command.promised_on == before.get("promised_on"):
            return own
        said = {promise.line for promise in own}
        return (*(Promise(line.line, command.promised_on) for line in lines if line.line not in said), *own)

    def deliver(self, command: DeliverUnits, *, at: datetime, day: date) -> None:
        """Units were handed over (AAK). Refused beyond ordered − cancelled − delivered."""
        self.happen(
            UnitsDelivered,
            at=at,
            delivered=tuple(Delivery(move.line, move.number, day, move.serials) for move in command.units),
        )

    def cancel(self, command: CancelUnits, *, at: datetime, day: date) -> None:
        """Units were cancelled (退订); all of them and none delivered: the whole order was. Default: all left."""
        before = {**self.standing_at(at), **{name: self.standing.get(name, ()) for name in MOVED}}
        if command.units is None:
            cancelled = tuple(
                Cancellation(line, left, command.reason, day) for line, left in units_left(before).items() if left > 0
            )
        else:
            cancelled = tuple(
                Cancellation(move.line, move.number, command.reason, day, move.serials) for move in command.units
            )
        if not cancelled and before.get("lines"):
            refused = refusal("UnitsCancelled", before, {})
            if refused is not None and before.get("status") is not Status.CANCELLED:
                raise refused
            return
        self.happen(UnitsCancelled, at=at, cancelled=cancelled, whole=is_whole_cancellation(before, cancelled))


def _own_promises(command: WinDeal, lines: Sequence[Line]) -> tuple[Promise, ...]:
    """Days of their own for lines of the order. Raises Refused 422 `no_such_line`, `duplicate_line`."""
    known, said = {line.line for line in lines}, set[int]()
    for index, promise in enumerate(command.promises):
        pointer = f"/promises/{index}/line"
        if promise.line not in known:
            detail = f"the order has no line {promise.line}"
            raise Refused("no_such_line", detail, status=422, pointer=pointer, line=promise.line)
        if promise.line in said:
            detail = f"line {promise.line} is promised twice"
            raise Refused("duplicate_line", detail, status=422, pointer=pointer, line=promise.line)
        said.add(promise.line)
    return tuple(Promise(promise.line, promise.promised_on) for promise in command.promises)


def _told_on(told_on: date | None, day: date) -> date:
    """The day the customer was told, by default the day of the command. Raises Refused 422 `in_the_future`."""
    if told_on is not None and told_on > day:
        raise Refused("in_the_future", f"{told_on} is not yet", status=422, pointer="/told_on", on=told_on.isoformat())
    return told_on or day
