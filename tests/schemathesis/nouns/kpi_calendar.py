"""What operations on calendar need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import Maker

MADE: dict[str, Maker] = {}
