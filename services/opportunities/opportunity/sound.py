"""Whether values of standing fields could ever have been recorded; for judgements and corrections. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from services.opportunities.events import Line
from shared.event_store.stream import Refused
from shared.records.recordable import CURRENCY, MAX_BYTES, MAX_TEXT, is_money

SERIAL = re.compile(r"[A-Z0-9][A-Z0-9._/\-]{0,63}")
MAX_CALLS = 100
"""Made before a defeat is approved."""


def unknown_level(level: str, levels: Collection[str], pointer: str) -> Refused:
    known = ", ".join(levels)
    return Refused(
        "unknown_level", f"{level} is not one of {known}", status=422, pointer=pointer, level=level, levels=known
    )


def require_sound(values: Mapping[str, Any], given: Mapping[str, Any], levels: Collection[str]) -> None:
    """Raise Refused (422) when a corrected value could never have been recorded."""
    for name in given:
        value, pointer = values[name], f"/changes/{name}"
        if (isinstance(value, str) and len(value) > MAX_TEXT) or (
            isinstance(value, dict) and len(msgspec.json.encode(value)) > MAX_BYTES
        ):
            raise Refused("invalid_value", "that is too long", status=422, pointer=pointer)
        match name:
            case "level" if value is not None and value not in levels:
                raise unknown_level(value, levels, pointer)
            case "probability" if value is not None and not (is_money(value) and value <= 1):
                raise Refused("invalid_value", "a probability is between 0 and 1", status=422, pointer=pointer)
            case "amount" | "competitor_price" if value is not None and not is_money(value):
                raise Refused("invalid_value", "an amount is not negative", status=422, pointer=pointer)
            case "verify_attempts" if value is not None and not 1 <= value <= MAX_CALLS:
                raise Refused("invalid_value", f"between one and {MAX_CALLS} calls", status=422, pointer=pointer)
            case "currency" if CURRENCY.fullmatch(value) is None:
                raise Refused("invalid_value", "a currency has three letters", status=422, pointer=pointer)
            case "lines":
                _require_sound_lines(value, pointer)
            case "delivered" | "cancelled" | "shipped" | "installed" if not all(
                SERIAL.fullmatch(serial) for move in value for serial in move.serials
            ):
                raise Refused("invalid_value", "a serial has capitals and digits", status=422, pointer=pointer)
            case _:
                pass


def _require_sound_lines(lines: Sequence[Line], pointer: str) -> None:
    if len({line.line for line in lines}) != len(lines):
        raise Refused("duplicate_line", "a line number is given twice", status=422, pointer=pointer)
    for line in lines:
        price: Decimal | None = line.unit_price
        if price is not None and not is_money(price):
            raise Refused("invalid_value", "a price is not negative", status=422, pointer=pointer)
