"""Steps of prospects: captured, ordered, delivered, cancelled, defeated. Each on its date, credited as it was then.

A prospect that orders (is lost) twice in a period counts once there, to who was responsible the first time. What became
of captured and lost ones is credited as they are themselves.
"""

from __future__ import annotations

from services.kpi.engine.definition import Measure
from services.kpi.engine.sources.rows import RowMeasure, RowSource
from services.kpi.views.funnel import FUNNEL

NAME = "steps"

CAPTURED = Measure(NAME, "captured", "prospects", "capture")
CAPTURED_WON = Measure(NAME, "captured_won", "prospects", "capture")
WON = Measure(NAME, "won", "prospects", "order")
LOST = Measure(NAME, "lost", "prospects", "approval")
DEFEATS = Measure(NAME, "defeats", "deals", "approval")
DEFEATS_CALLED = Measure(NAME, "defeats_called", "deals", "approval")
DEFEATS_CONFIRMED = Measure(NAME, "defeats_confirmed", "deals", "approval")
DEFEATS_REOPENED = Measure(NAME, "defeats_reopened", "deals", "approval", ("window_days",))
DEFEATS_REWON = Measure(NAME, "defeats_rewon", "deals", "approval", ("window_days",))
ORDERED_UNITS = Measure(NAME, "ordered_units", "units", "order")
ORDERED_AMOUNT = Measure(NAME, "ordered_amount", "money", "order")
DELIVERED_UNITS = Measure(NAME, "delivered_units", "units", "hand_over")
CANCELLED_UNITS = Measure(NAME, "cancelled_units", "units", "cancellation")
REQUESTS = Measure(NAME, "requests", "requests", "request")
REQUESTS_CLEAR = Measure(NAME, "requests_clear", "requests", "request")
REJECTIONS = Measure(NAME, "rejections", "requests", "decision")

FIRST = "(f.before_at is null or f.before_at < w.start)"
"""The first of its kind in the period."""
REOPENED = (
    "f.reopened_at is not null and f.reopened_at <= {at} and"
    " (f.reopened_at at time zone {zone})::date - (f.at at time zone {zone})::date <= {window_days}"
)
REWON = "f.won_at <= {at} and (f.won_at at time zone {zone})::date - (f.at at time zone {zone})::date <= {window_days}"

UNITS = "f.units"
UNITS_OF_LINE = "coalesce(p.units, 0)"


def _step(measure: Measure, step: str, where: str | None = None) -> RowMeasure:
    return RowMeasure(measure, steps=(step,), where=where)


def _units(measure: Measure, step: str) -> RowMeasure:
    return RowMeasure(measure, UNITS, UNITS_OF_LINE, (step,))


STEPS = RowSource(
    name=NAME,
    kind="opportunity",
    relation="(select f.* from {funnel} as f)",
    views=(FUNNEL,),
    of={
        one.measure.name: one
        for one in (
            _step(CAPTURED, "captured"),
            _step(CAPTURED_WON, "captured", "f.won_at < w.finish and f.won_at <= {at}"),
            _step(WON, "ordered", f"f.prospects > 0 and {FIRST}"),
            _step(LOST, "defeated", FIRST),
            _step(DEFEATS, "defeated"),
            _step(DEFEATS_CALLED, "defeated", "f.verdict is not null"),
            _step(DEFEATS_CONFIRMED, "defeated", "f.verdict = 'confirmed'"),
            _step(DEFEATS_REOPENED, "defeated", REOPENED),
            _step(DEFEATS_REWON, "defeated", f"{REOPENED} and {REWON}"),
            _units(ORDERED_UNITS, "ordered"),
            RowMeasure(ORDERED_AMOUNT, "f.amount", "p.amount", ("ordered",)),
            _units(DELIVERED_UNITS, "delivered"),
            _units(CANCELLED_UNITS, "cancelled"),
            _step(REQUESTS, "defeat_requested"),
            _step(REQUESTS_CLEAR, "defeat_requested", "f.category <> 'unknown'"),
            _step(REJECTIONS, "defeat_rejected"),
        )
    },
)
