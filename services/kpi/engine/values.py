"""Figures: definitions computed for periods and groups, beside target, previous period and last year. No SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from services.kpi.asking import Asking, Reads
from services.kpi.engine.definition import Chosen, Dimension
from services.kpi.engine.period import CALENDAR, Months, Period
from services.kpi.engine.question import EVERYTHING, Filters, Keys

State = Literal["ok", "zero_denominator", "no_source"]


@dataclass(slots=True)
class Value:
    """One figure. Amounts are exact; `value` is null unless `state` is ok. `keys`: of the dimensions grouped by."""

    chosen: Chosen
    period: Period
    keys: Keys
    currency: str | None
    numerator: Decimal | None
    denominator: Decimal | None
    factor: Decimal | None
    value: Decimal | None
    state: State
    target: Decimal | None = None
    attainment: Decimal | None = None
    gap: Decimal | None = None
    previous: Decimal | None = None
    same_period_last_year: Decimal | None = None


async def values(
    reads: Reads,
    asking: Asking,
    wanted: Sequence[Chosen],
    periods: Sequence[Period],
    *,
    group_by: Sequence[Dimension] = (),
    filters: Filters = EVERYTHING,
    compare: bool = True,
    targets: bool = True,
    opening_known_at: int | None = None,
    months: Months = CALENDAR,
) -> list[Value]:
    """A figure per definition, period, group and currency: in order of definitions, periods, keys.

    `compare`: with the previous period and the same of last year. `targets`: with target, attainment and gap.
    `opening_known_at`: the position at which the opening stock was fixed (of an official figure). Who calls waits for
    `views_of(wanted)` first. Every group that has anything in one of the periods has a figure for each of them.
    """
    raise NotImplementedError
