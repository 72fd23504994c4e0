"""The matrix and its targets for engine: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.authorisation import expectations as who
from tests.authorisation.row import Row
from tests.authorisation.target import Target
from tests.authorisation.world import World

PUBLISHED = {"effective_from": "2030-01-01", "kpi": "revival_rate", "parameters": {"window_days": 60}}

ROWS: dict[str, Row] = {
    "kpi_definitions.list": Row(who.OWN_COMPANY),
    "kpi_definitions.publish": Row(who.PUBLISHING, "", PUBLISHED, matched=False),
    "kpi.values": Row(who.OWN_COMPANY, query={"kpi": "orders"}),
    "kpi.compare": Row(who.OWN_COMPANY, query={"kpi": "prospect_conversion"}),
    "kpi.workbook": Row(who.OWN_COMPANY),
    "kpi.drill_down": Row(who.OWN_COMPANY, query={"kpi": "orders"}),
}

MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {}
