"""What operations on forecasts need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.nouns.dealing import asked
from tests.schemathesis.nouns.kpi_splits import ahead
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

LINES: list[JSON] = [{"measure": "orders", "figure": "5"}]
OTHERS: list[JSON] = [{"measure": "orders", "figure": "6"}]


def _own(r: Records) -> Made:
    return r.tell("kpi", "/v1/forecasts", {"month": ahead(), "lines": LINES})


def _colleague(r: Records) -> Made:
    """Somebody else's, entered for them."""
    return asked(r, "/v1/forecasts", {"month": ahead(), "lines": LINES}, behalf=r.a_person().id, service="kpi")


def _revised(r: Records) -> Made:
    made = _own(r)
    return r.tell("kpi", f"/v1/forecasts/{made.id}/revise", {"lines": OTHERS}, made.version)


MADE: dict[str, Maker] = {
    "forecasts.make": lambda r, _: Ready(body={"month": ahead(), "lines": LINES}),
    "forecasts.read": lambda r, _: on("forecast_id", r.often("forecast", lambda: _own(r))),
    "forecasts.versions": lambda r, _: on("forecast_id", r.often("forecast", lambda: _own(r))),
    "forecasts.revise": lambda r, _: on("forecast_id", _own(r), {"lines": OTHERS}),
    "forecasts.adjust": lambda r, _: on("forecast_id", _colleague(r), {"lines": OTHERS}),
    "forecasts.correct": lambda r, _: on(
        "forecast_id", _own(r), {"version": 1, "changes": {"lines": OTHERS}, "reason": "错"}
    ),
    "forecasts.void": lambda r, _: on("forecast_id", _revised(r), {"version": 2, "reason": "错"}),
}
