"""Codes made of names, for what a file calls by name alone. Uniqueness is the caller's to check."""

from __future__ import annotations

import unicodedata
from uuid import UUID

MOST_CHARS = 50


def code_of(name: str) -> str:
    """The name without spaces: GTX Pro → GTX-Pro."""
    return "-".join(unicodedata.normalize("NFC", name).split())[:MOST_CHARS] or "unnamed"


def code_apart(name: str, id: UUID) -> str:
    """The same where another one has that code: told apart by its id."""
    return f"{code_of(name)}-{id.hex[:6]}"
