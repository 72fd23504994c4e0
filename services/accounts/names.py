"""How names and codes are compared here: as everywhere. Nothing of its own."""

from __future__ import annotations

from shared.names import comparable, external_key

__all__ = ["comparable", "external_key"]
