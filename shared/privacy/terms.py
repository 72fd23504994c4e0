"""By which pieces a person is found, hashed like the whole values under the tenant's key. Keeps nothing, shows nothing.

Few and whole: a hash of every part of a name would tell who reads the table how names are made up.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

from shared.pinyin import folded, of_person
from shared.privacy.sealing import PHONE, comparable

NAME: Final = "name"
LAST_DIGITS = (4, 8)
LEAST_DIGITS = 7
"""A shorter number is found whole alone."""
FIELD = "term:{}"
"""What hashes of pieces are bound to, apart from those of whole values."""


def terms_of(field: str, value: str) -> Set[str]:
    """The pieces a value is found by, beside the whole: pinyin and initials of a name, what follows a one-sign surname,
    the last four and eight digits of a phone."""
    if field == NAME:
        text = folded(value)
        given = {text[1:], text[2:]} if len(text) in (3, 4) else {text[1:]} if len(text) == 2 else set()
        return of_person(value) | {part for part in given if part and not part.isascii()} | {text}
    if field == PHONE:
        digits = comparable(PHONE, value)
        if digits.isdigit() and len(digits) >= LEAST_DIGITS:
            return {digits[-last:] for last in LAST_DIGITS if len(digits) > last} | {digits}
    return set()
