"""Units of an order on their way: shipped, delivered, installed, cancelled, by number or by serial. Pure.

Every rule looks at the standing at the fact's own business time, so late and corrected facts are held to the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.opportunities.events import Cancellation, Delivery, Installation, Line, Promise, Shipment
from shared.event_store.stream import Refused

Movement = Delivery | Cancellation | Shipment | Installation

# -- sums --------------------------------------------------------------------------------------------------


def of_line(standing: Mapping[str, Any], name: str, line: int) -> int:
    """Units of a line in these movements."""
    return sum(move.units for move in standing.get(name, ()) if move.line == line)


def serials(standing: Mapping[str, Any], name: str, line: int | None = None) -> set[str]:
    """Serials named by these movements, of one line or of all."""
    return {serial for move in standing.get(name, ()) if line is None or move.line == line for serial in move.serials}


def moved_units(standing: Mapping[str, Any]) -> dict[int, int]:
    """Units delivered or cancelled, by line number."""
    moved: dict[int, int] = {}
    movements: Sequence[Delivery | Cancellation] = (*standing.get("delivered", ()), *standing.get("cancelled", ()))
    for movement in movements:
        moved[movement.line] = moved.get(movement.line, 0) + movement.units
    return moved


def units_left(standing: Mapping[str, Any]) -> dict[int, int]:
    """Units of the order neither delivered nor cancelled, by line number."""
    moved = moved_units(standing)
    lines: tuple[Line, ...] = standing.get("lines", ())
    return {line.line: line.units - moved.get(line.line, 0) for line in lines}


def promised(standing: Mapping[str, Any], line: int) -> date | None:
    """The day on which what is left of a line is promised: its own latest promise, else that of the order."""
    promises: tuple[Promise, ...] = standing.get("promises", ())
    own = [promise.promised_on for promise in promises if promise.line == line]
    day: date | None = own[-1] if own else standing.get("promised_on")
    return day


# -- rules -------------------------------------------------------------------------------------------------


def movement_refusal(fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
    """Why these movements cannot have happened on this standing; None when they can."""
    match fact:
        case "DeliveryRescheduled" | "CustomerTold":
            return _lines_refusal(standing, (*changes.get("promises", ()), *changes.get("told", ())))
        case "UnitsShipped":
            return _shipped_refusal(standing, changes.get("shipped", ()))
        case "UnitsInstalled":
            return _installed_refusal(standing, changes.get("installed", ()))
        case "UnitsDelivered" | "UnitsCancelled":
            moves: tuple[Delivery | Cancellation, ...] = (*changes.get("delivered", ()), *changes.get("cancelled", ()))
            return _left_refusal(standing, moves) or _taken_refusal(standing, moves)
        case _:
            return None


def _lines_refusal(standing: Mapping[str, Any], moves: Sequence[Any]) -> Refused | None:
    lines = {line.line for line in standing.get("lines", ())}
    for move in moves:
        if move.line not in lines:
            return _no_such_line(move.line)
    return None


def _left_refusal(standing: Mapping[str, Any], moves: Sequence[Movement]) -> Refused | None:
    left = units_left(standing)
    for move in moves:
        if move.line not in left:
            return _no_such_line(move.line)
        left[move.line] -= move.units
        if left[move.line] < 0:
            return Refused(
                "more_than_ordered",
                f"line {move.line} has only {left[move.line] + move.units} units left",
                line=move.line,
                left=left[move.line] + move.units,
            )
    return None


def _taken_refusal(standing: Mapping[str, Any], moves: Sequence[Movement]) -> Refused | None:
    """A unit that was handed over is neither handed over again nor cancelled; one cancelled stays so on its line."""
    if (refused := _serials_refusal(moves)) is not None:
        return refused
    delivered = serials(standing, "delivered")
    for move in moves:
        for serial in move.serials:
            if serial in delivered:
                return _serial("serial_delivered", f"{serial} was delivered", serial)
            if serial in serials(standing, "cancelled", move.line):
                return _serial("serial_cancelled", f"{serial} was cancelled", serial)
    return None


def _shipped_refusal(standing: Mapping[str, Any], moves: Sequence[Shipment]) -> Refused | None:
    if (refused := _lines_refusal(standing, moves) or _serials_refusal(moves)) is not None:
        return refused
    lines: dict[int, int] = {line.line: line.units for line in standing.get("lines", ())}
    left: dict[int, int] = {}
    for move in moves:
        gone = of_line(standing, "cancelled", move.line) + of_line(standing, "shipped", move.line)
        before = left.get(move.line, lines[move.line] - gone)
        left[move.line] = before - move.units
        if left[move.line] < 0:
            detail = f"line {move.line} has only {before} units to ship"
            return Refused("more_than_to_ship", detail, line=move.line, left=max(before, 0))
        for serial in move.serials:
            if serial in serials(standing, "shipped"):
                return _serial("serial_shipped", f"{serial} was shipped", serial)
            if serial in serials(standing, "cancelled", move.line):
                return _serial("serial_cancelled", f"{serial} was cancelled", serial)
    return None


def _installed_refusal(standing: Mapping[str, Any], moves: Sequence[Installation]) -> Refused | None:
    if (refused := _lines_refusal(standing, moves) or _serials_refusal(moves)) is not None:
        return refused
    left: dict[int, int] = {}
    for move in moves:
        there = of_line(standing, "delivered", move.line) - of_line(standing, "installed", move.line)
        before = left.get(move.line, there)
        left[move.line] = before - move.units
        if left[move.line] < 0:
            detail = f"line {move.line} has only {before} delivered units to install"
            return Refused("more_than_delivered", detail, line=move.line, left=max(before, 0))
        for serial in move.serials:
            if serial not in serials(standing, "delivered", move.line):
                return _serial("serial_not_delivered", f"{serial} was not delivered", serial)
            if serial in serials(standing, "installed"):
                return _serial("serial_installed", f"{serial} was installed", serial)
    return None


def _serials_refusal(moves: Sequence[Movement]) -> Refused | None:
    """A unit has one serial, and each movement at most as many serials as units."""
    named: set[str] = set()
    for move in moves:
        if len(move.serials) > move.units:
            detail = f"{len(move.serials)} serials for {move.units} units"
            return Refused("more_serials_than_units", detail, status=422, line=move.line, units=move.units)
        for serial in move.serials:
            if serial in named:
                return Refused("duplicate_serial", f"{serial} is given twice", status=422, serial=serial)
            named.add(serial)
    return None


def _serial(code: str, detail: str, serial: str) -> Refused:
    return Refused(code, detail, serial=serial)


def _no_such_line(line: int) -> Refused:
    return Refused("no_such_line", f"the order has no line {line}", status=422, line=line)
