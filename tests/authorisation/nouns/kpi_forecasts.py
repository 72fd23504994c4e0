"""The matrix and its targets for forecasts: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from services.kpi.forecasts.events import ForecastLine
from services.kpi.forecasts.forecast import Forecast
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2025, 10, 6, 2, tzinfo=UTC)
LATER = datetime(2025, 10, 7, 2, tzinfo=UTC)
LINES = [{"measure": "orders", "figure": "5"}]
OWN_ALONE = who.acting({who.OWNER}, who.SEEN_BY - {who.OWNER})
OWN_OR_LINE = who.acting({who.OWNER, who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}, {who.DEPUTY})
ONE_S_OWN = {
    **who.acting(who.COMPANY - {who.AUDITOR, who.TENANT_ADMIN, who.OPERATIONS}, {who.TENANT_ADMIN, who.OPERATIONS}),
    who.OTHER_TENANT: "done",
    who.READ_ONLY: "scope",
}
"""Who has customers, each for themselves."""

ROWS: dict[str, Row] = {
    "forecasts.list": listed(),
    "kpi.forecasts": listed(),
    "forecasts.read": Row(who.RECORD_READ, "forecast"),
    "forecasts.versions": Row(who.RECORD_READ, "forecast"),
    "forecasts.make": Row(ONE_S_OWN, "month.ahead", lambda target: {"month": target.id, "lines": LINES}, matched=False),
    "forecasts.revise": Row(OWN_ALONE, "forecast", {"lines": LINES}),
    "forecasts.adjust": Row(who.APPROVAL, "forecast", {"lines": LINES}),
    "forecasts.correct": Row(OWN_OR_LINE, "forecast", {"version": 1, "changes": {"lines": LINES}, "reason": "错"}),
    "forecasts.void": Row(OWN_OR_LINE, "forecast", {"version": 2, "reason": "错"}),
}


async def forecast(world: World) -> Target:
    """A fresh forecast of b00.a, at b00, called twice."""
    made = Forecast.make_call(
        id=uuid4(), month=date(2026, 5, 1), owner_id=id_of("b00.a"), unit_id=id_of("b00"),
        lines=[ForecastLine("orders", Decimal(7))], day=AT.date(), at=AT,
    )  # fmt: skip
    made.revise([ForecastLine("orders", Decimal(8))], unit_id=id_of("b00"), day=LATER.date(), at=LATER)
    await world.append(0, [made], actor="b00.a")
    return Target(str(made.id), made.version)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {"forecast": forecast}
