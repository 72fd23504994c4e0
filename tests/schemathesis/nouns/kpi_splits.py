"""What operations on splits need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import Maker

MADE: dict[str, Maker] = {}
