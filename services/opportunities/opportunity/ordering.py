"""Rules of an order: win, amend, deliver, cancel. Stays ordered until every unit is delivered or cancelled. Pure."""

from __future__ import annotations

from datetime import date, datetime

from services.opportunities.events import (
    Cancellation,
    DealWon,
    Delivery,
    OrderAmended,
    Status,
    UnitsCancelled,
    UnitsDelivered,
)
from services.opportunities.opportunity.commands.orders import AmendOrder, CancelUnits, DeliverUnits, WinDeal
from services.opportunities.opportunity.life_cycle import is_whole_cancellation, refusal, units_left
from services.opportunities.opportunity.lines import numbered, stated_amount
from services.opportunities.opportunity.prospect import Prospect
from services.opportunities.opportunity.standing import ADDITIVE
from shared.event_store.stream import Refused


class Ordering(Prospect):
    """From the order to the last unit delivered or cancelled."""

    def win(self, command: WinDeal, *, at: datetime, lines_required: bool = True) -> None:
        """The customer ordered. Default: the lines of the prospect. `lines_required` false: an import without lines."""
        before = self.standing_at(at)
        lines = before.get("lines", ()) if command.lines is None else numbered(command.lines, before)
        if not lines and lines_required:
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
        )

    def deliver(self, command: DeliverUnits, *, at: datetime, day: date) -> None:
        """Units were handed over (AAK). Refused beyond ordered − cancelled − delivered."""
        self.happen(
            UnitsDelivered,
            at=at,
            delivered=tuple(Delivery(line=move.line, units=move.units, on=day) for move in command.units),
        )

    def cancel(self, command: CancelUnits, *, at: datetime, day: date) -> None:
        """Units were cancelled (退订); all of them and none delivered: the whole order was. Default: all left."""
        before = {**self.standing_at(at), **{name: self.standing.get(name, ()) for name in ADDITIVE}}
        if command.units is None:
            units = [(line, left) for line, left in units_left(before).items() if left > 0]
        else:
            units = [(move.line, move.units) for move in command.units]
        cancelled = tuple(Cancellation(line=line, units=left, reason=command.reason, on=day) for line, left in units)
        if not cancelled and before.get("lines"):
            refused = refusal("UnitsCancelled", before, {})
            if refused is not None and before.get("status") is not Status.CANCELLED:
                raise refused
            return
        self.happen(UnitsCancelled, at=at, cancelled=cancelled, whole=is_whole_cancellation(before, cancelled))
