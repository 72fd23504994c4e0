"""Lines filed and units reported: what may be filed of an order, and reported of what was delivered. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.opportunities.events import Delivery, FiledLine, Line, ReportState, ReportStep
from services.opportunities.filings.commands import LineFiled, UnitReported
from shared.event_store.stream import Refused


def filed_lines(given: Sequence[LineFiled] | None, known: Sequence[Line]) -> tuple[FiledLine, ...]:
    """The lines to file. Raises Refused 422 `no_filed_lines`, `no_such_line`, `line_filed_twice`."""
    if given is None:
        lines = tuple(FiledLine(line.line, line.product, line.units) for line in known)
    else:
        products = {line.line: line.product for line in known}
        for index, line in enumerate(given):
            if line.product is None and line.line not in products:
                raise Refused(
                    "no_such_line", f"the order has no line {line.line}", status=422, pointer=f"/lines/{index}/line",
                    line=line.line,
                )  # fmt: skip
        lines = tuple(FiledLine(line.line, line.product or products[line.line], line.units) for line in given)
    if not lines:
        raise Refused("no_filed_lines", "a filing has at least one line", status=422, pointer="/lines")
    require_once(lines, "/lines")
    return lines


def require_once(lines: Iterable[FiledLine], pointer: str) -> None:
    for number, count in Counter(line.line for line in lines).items():
        if count > 1:
            raise Refused("line_filed_twice", f"line {number} is given twice", status=422, pointer=pointer, line=number)


def unit_step(
    unit: UnitReported, index: int, filed: Mapping[int, FiledLine], delivered: Sequence[Delivery], day: date
) -> ReportStep:
    """The report of one unit. Raises Refused 422 `not_on_filing`, `vin_not_delivered`, `delivery_unknown`,
    `reported_before_delivery`. A VIN is known to be wrong where every unit delivered of the line was named.
    """
    pointer = f"/units/{index}"
    if unit.line not in filed:
        raise Refused(
            "not_on_filing", f"the filing has no line {unit.line}", status=422, pointer=f"{pointer}/line",
            line=unit.line,
        )  # fmt: skip
    moved = [move for move in delivered if move.line == unit.line and move.on <= day]
    serials = {serial.upper() for move in moved for serial in move.serials}
    if unit.vin not in serials and 0 < sum(move.units for move in moved) == len(serials):
        raise Refused(
            "vin_not_delivered", f"{unit.vin} is none of the units delivered", status=422, pointer=f"{pointer}/vin",
            vin=unit.vin, line=unit.line,
        )  # fmt: skip
    on = unit.delivered_on
    if on is None:
        days = {move.on for move in moved}
        named = {move.on for move in delivered if unit.vin in {serial.upper() for serial in move.serials}}
        if len(found := named or days) > 1:
            raise Refused(
                "delivery_unknown", "say when it was delivered", status=422, pointer=f"{pointer}/delivered_on",
                line=unit.line,
            )  # fmt: skip
        on = next(iter(found), None)
    if on is not None and on > day:
        raise Refused(
            "reported_before_delivery", "a unit is reported after it is delivered", status=422,
            pointer=f"{pointer}/delivered_on",
        )  # fmt: skip
    return ReportStep(
        vin=unit.vin, state=ReportState.REPORTED, on=day, line=unit.line, product=filed[unit.line].product,
        delivered_on=on, invoice_no=unit.invoice_no, invoiced_on=unit.invoiced_on,
    )  # fmt: skip


def require_delivered(
    step: ReportStep, count: int, filed: Mapping[int, FiledLine], delivered: Sequence[Delivery], day: date
) -> None:
    """Raises Refused `not_delivered`, `more_than_filed`: `count` units of the line would stand as reported."""
    assert step.line is not None
    there = sum(move.units for move in delivered if move.line == step.line and move.on <= day)
    if count > there or step.delivered_on is None:
        raise Refused(
            "not_delivered", f"only {there} units of line {step.line} were delivered", line=step.line,
            delivered=there, on=day.isoformat(),
        )  # fmt: skip
    if count > filed[step.line].units:
        units = filed[step.line].units
        raise Refused("more_than_filed", f"line {step.line} files {units} units", line=step.line, units=units)
