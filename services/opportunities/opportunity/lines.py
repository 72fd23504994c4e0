"""Lines of a prospect or order as they are given: their numbers and the stated total. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.opportunities.events import Line
from services.opportunities.fields import LineGiven
from services.opportunities.opportunity.movements import moved_units
from shared.event_store.stream import Refused


def numbered(given: Sequence[LineGiven], standing: Mapping[str, Any]) -> tuple[Line, ...]:
    """Give each line its number: the one stated, else the one its product has already, else the next free one.

    A number is never used again for another line once units were delivered or cancelled under it. Raises Refused
    `duplicate_line`, `line_number_used` (422).
    """
    before: dict[int, Line] = {line.line: line for line in standing.get("lines", ())}
    used = set(moved_units(standing)) - set(before)
    taken: set[int] = set()
    for index, line in enumerate(given):
        if line.line is None:
            continue
        if line.line in taken:
            raise _refused("duplicate_line", f"line {line.line} is given twice", index, line.line)
        if line.line in used:
            raise _refused("line_number_used", f"line {line.line} belonged to a former order", index, line.line)
        taken.add(line.line)
    lines = []
    for line in given:
        number = line.line or _number_of(line.product, before.values(), taken) or _next(used | taken)
        taken.add(number)
        lines.append(Line(number, line.product, line.units, line.unit_price))
    return tuple(sorted(lines, key=lambda line: line.line))


def with_numbers(given: Any, before: Iterable[Line]) -> Any:
    """Corrected lines as JSON: one without a number is the line its product had in the fact, else the next free one.

    What is not a list of lines stays as it is: it is refused by its type.
    """
    if not isinstance(given, list) or not all(isinstance(line, dict) for line in given):
        return given
    before = tuple(before)
    taken = {line["line"] for line in given if isinstance(line.get("line"), int)}
    lines = []
    for line in given:
        if line.get("line") is None:
            number = _number_of(line.get("product", ""), before, taken) or _next(taken)
            taken.add(number)
            line = {**line, "line": number}
        lines.append(line)
    return lines


def with_promises(changes: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """A corrected day of delivery, with that of each line the fact promised for the same day."""
    if "promises" in changes or not said.get("promises") or not isinstance(changes["promised_on"], str):
        return changes
    before: date | None = said.get("promised_on")
    promises = [
        {
            "line": promise.line,
            "promised_on": changes["promised_on"] if promise.promised_on == before else promise.promised_on.isoformat(),
        }
        for promise in said["promises"]
    ]
    return {**changes, "promises": promises}


def stated_amount(lines: Iterable[Line], amount: Decimal | None, *, pointer: str = "/amount") -> Decimal | None:
    """The stated total, null when every line has a price: then the lines say it. Raises Refused `amount_differs`."""
    lines = tuple(lines)
    if not lines or any(line.unit_price is None for line in lines):
        return amount
    total = sum((line.unit_price * line.units for line in lines if line.unit_price is not None), Decimal())
    if amount is not None and amount != total:
        raise Refused(
            "amount_differs",
            f"the lines come to {total}, not {amount}",
            status=422,
            pointer=pointer,
            total=str(total),
            amount=str(amount),
        )
    return None


def _number_of(product: str, lines: Iterable[Line], taken: set[int]) -> int | None:
    return next((line.line for line in lines if line.product == product and line.line not in taken), None)


def _next(taken: set[int]) -> int:
    number = 1
    while number in taken:
        number += 1
    return number


def _refused(code: str, detail: str, index: int, line: int) -> Refused:
    return Refused(code, detail, status=422, pointer=f"/lines/{index}/line", line=line)
