"""Unified Social Credit Codes 统一社会信用代码 (GB 32100-2015): spelling and check digit. Knows no register.

Own code because the kept libraries refuse letters among the first eight characters, which the standard gives to
village collectives (N1…), the military (A1…) and others.
"""

from __future__ import annotations

import re
import unicodedata

from shared.event_store.stream import Refused

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z (GB 32100-2015, table 1)
WEIGHTS = tuple(pow(3, place, 31) for place in range(17))  # GB 32100-2015, annex A: 3^(i-1) mod 31
LENGTH = 18
SEPARATORS = re.compile(r"[\s\-]")


def check_character(first_17: str) -> str:
    """The last character for the 17 before it. Raises ValueError on a character outside the alphabet."""
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(first_17, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def credit_code(given: str, *, pointer: str = "/credit_code") -> str:
    """The code as it is stored: capital ASCII, no separators. Raises Refused 422 `invalid_credit_code`."""
    code = SEPARATORS.sub("", unicodedata.normalize("NFKC", given)).upper()
    if len(code) != LENGTH or any(character not in ALPHABET for character in code):
        reason = "it has 18 digits or capital letters, without I, O, S, V and Z"
    elif check_character(code[:-1]) != code[-1]:
        reason = "its check character is wrong"
    else:
        return code
    raise Refused("invalid_credit_code", f"not a unified social credit code: {reason}", status=422, pointer=pointer)
