"""Whether a value could have come out of a command: its size, sign, day and length. Knows no field but the currency."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from shared.event_store.stream import Refused

YEARS = range(1900, 2200)
"""Of days and instants."""
CURRENCY = re.compile("[A-Z]{3}")
DIGITS = 14
"""Digits before the point of an amount."""
PLACES = 6
"""Digits after it."""
MAX_TEXT = 500
"""Characters of a text."""
MAX_BYTES = 16_384
"""Of a field with parts, as JSON."""
MOST_WHOLE = 10**9
MOST_PARTS = 1_000
"""Parts of a list."""


def is_money(value: Decimal) -> bool:
    """Whether an amount is finite, not negative, and of a size that can be stored and added."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PLACES and value >= 0 and (not value or value.adjusted() < DIGITS)


def require_recordable(name: str, value: Any, pointer: str) -> None:
    """Raise Refused 422 `invalid_value` for what no command takes, however deep in the value it stands.

    A correction is decoded by its type alone, which knows neither infinity nor a text of a megabyte; reports that add
    up or show such a value fail for everybody.
    """
    match value:
        case None | bool() | Enum():
            pass
        case str():
            if not value.strip() or len(value) > MAX_TEXT:
                raise _no("that is empty or too long", pointer)
            if name == "currency" and CURRENCY.fullmatch(value) is None:
                raise _no("a currency has three letters", pointer)
        case Decimal():
            if not is_money(value):
                raise _no("a number is not negative, and of a size that can be added", pointer)
        case int():
            if not 0 <= value <= MOST_WHOLE:
                raise _no("a number is not negative, and not so large", pointer)
        case date():
            if value.year not in YEARS:
                raise _no(f"a year between {YEARS[0]} and {YEARS[-1]}", pointer)
        case dict():
            if len(msgspec.json.encode(value)) > MAX_BYTES:
                raise _no("that is too long", pointer)
        case tuple() | list():
            if len(value) > MOST_PARTS:
                raise _no("those are too many", pointer)
            for index, part in enumerate(value):
                require_recordable(name, part, f"{pointer}/{index}")
        case msgspec.Struct():
            for field in value.__struct_fields__:
                require_recordable(field, getattr(value, field), f"{pointer}/{field}")
        case _:
            pass


def _no(why: str, pointer: str) -> Refused:
    return Refused("invalid_value", why, status=422, pointer=pointer)
