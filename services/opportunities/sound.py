"""Whether values of standing fields could ever have been recorded; for judgements and corrections. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.opportunities.events import Line
from shared.event_store.stream import Refused


def unknown_level(level: str, levels: Collection[str], pointer: str) -> Refused:
    known = ", ".join(levels)
    return Refused(
        "unknown_level", f"{level} is not one of {known}", status=422, pointer=pointer, level=level, levels=known
    )


def require_sound(values: Mapping[str, Any], given: Mapping[str, Any], levels: Collection[str]) -> None:
    """Raise Refused (422) when a corrected value could never have been recorded."""
    for name in given:
        value, pointer = values[name], f"/changes/{name}"
        match name:
            case "level" if value is not None and value not in levels:
                raise unknown_level(value, levels, pointer)
            case "probability" if value is not None and not 0 <= value <= 1:
                raise Refused("invalid_value", "a probability is between 0 and 1", status=422, pointer=pointer)
            case "amount" | "competitor_price" if value is not None and not (value.is_finite() and value >= 0):
                raise Refused("invalid_value", "an amount is not negative", status=422, pointer=pointer)
            case "currency" if len(value) != 3 or not value.isalpha() or not value.isupper():
                raise Refused("invalid_value", "a currency has three letters", status=422, pointer=pointer)
            case "lines":
                _require_sound_lines(value, pointer)
            case _:
                pass


def _require_sound_lines(lines: Sequence[Line], pointer: str) -> None:
    if len({line.line for line in lines}) != len(lines):
        raise Refused("duplicate_line", "a line number is given twice", status=422, pointer=pointer)
    for line in lines:
        price: Decimal | None = line.unit_price
        if price is not None and not (price.is_finite() and price >= 0):
            raise Refused("invalid_value", "a price is not negative", status=422, pointer=pointer)
