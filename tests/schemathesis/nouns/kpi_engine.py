"""What operations on engine need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.records import Maker, Ready

MADE: dict[str, Maker] = {
    "kpi_definitions.publish": lambda r, _: Ready(
        body={"effective_from": "2030-01-01", "kpi": "revival_rate", "parameters": {"window_days": 60}}
    ),
}
