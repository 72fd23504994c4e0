"""How names, codes and references are compared. Stored and shown they stay as given."""

from __future__ import annotations

import unicodedata


def comparable(name: str) -> str:
    """Equal for names that read the same: NFC, no outer or doubled blanks, no difference of case."""
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def external_key(system: str, reference: str) -> str:
    """The claim key of a reference in another system, the system's name being free of colons."""
    return f"{comparable(system)}:{unicodedata.normalize('NFC', reference).strip()}"
