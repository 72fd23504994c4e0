"""Lines as commands of solutions, bids and contracts give them, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from services.opportunities.events import Line
from services.opportunities.fields import LineGiven
from services.opportunities.opportunity.lines import numbered, stated_amount


def lines_and_amount(
    given: Sequence[LineGiven], amount: Decimal | None, *, before: Sequence[Line] = ()
) -> tuple[tuple[Line, ...], Decimal | None]:
    """Numbered lines and what they come to: their total, or as stated when one has no price.

    `before`: the lines of the version before; a product keeps its number. Raises Refused 422 `amount_differs`,
    `duplicate_line`.
    """
    lines = numbered(given, {"lines": tuple(before)})
    return lines, total(lines, stated_amount(lines, amount))


def total(lines: Sequence[Line], stated: Decimal | None) -> Decimal | None:
    """What lines come to: the total of their prices when each has one, else what was stated."""
    if not lines or any(line.unit_price is None for line in lines):
        return stated
    return sum((line.unit_price * line.units for line in lines if line.unit_price is not None), Decimal())
