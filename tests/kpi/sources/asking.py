"""How tests ask one source: amounts by month and group, as a question now, as of a past day, or as known then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.kpi.asking import Asking, Reads
from services.kpi.engine.definition import Dimension, Measure, Value
from services.kpi.engine.period import Grain, Period, periods_between
from services.kpi.engine.question import EVERYTHING, Filters, Question, Source, Use
from shared.days import end_of
from shared.identity.sight import Sight

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 8, 1, 3, tzinfo=UTC)
PAST = date(2025, 3, 20)
WHEN = ("now", "as of a past day", "known then")
Amounts = dict[tuple[str, Any, str | None, str], Decimal]
"""By month, key of the group, currency and measure; nothing for nothing."""


def instant_of(when: str) -> datetime:
    return NOW if when == "now" else end_of(PAST, ZONE)


def known_at_of(when: str, told: int) -> int | None:
    return told * 2 // 3 if when == "known then" else None


def asking_of(tenant_id: UUID, when: str, told: int, sight: Sight | None = None) -> Asking:
    known_at, latest = known_at_of(when, told), when == "now"
    seen = sight or Sight(True)
    return Asking(tenant_id, ZONE, instant_of(when), seen, known_at=known_at, latest=latest)


def months(first: date = date(2025, 1, 1), last: date = date(2025, 8, 1), grain: Grain = "month") -> tuple[Period, ...]:
    return tuple(periods_between(first, last, grain, most=400))


async def amounts(
    reads: Reads,
    source: Source,
    asking: Asking,
    measures: Sequence[Measure],
    *,
    group_by: Sequence[Dimension] = (),
    periods: Sequence[Period] | None = None,
    filters: Filters = EVERYTHING,
    parameters: tuple[tuple[str, Value], ...] = (),
) -> Amounts:
    """What the source counts; each amount is that of its records, too."""
    asked = Question(asking, tuple(periods or months()), tuple(group_by), filters)
    uses = [Use(measure, tuple(one for one in parameters if one[0] in measure.parameters)) for measure in measures]
    found: Amounts = {}
    for row in await source.amounts(reads, asked, uses):
        for use, amount in zip(uses, row.amounts, strict=True):
            if amount:
                key = row.keys[0] if group_by else None
                currency = row.currency if use.measure.is_money else None
                cell = (asked.periods[row.period].key, key, currency, use.measure.name)
                found[cell] = found.get(cell, Decimal(0)) + Decimal(amount)
    for use in uses:
        for number, period in enumerate(asked.periods):
            alone = Question(asking, (period,), (), filters)
            items = await source.items(reads, alone, use, limit=10_000, after=None)
            total = sum((Decimal(item.amount) for item in items), Decimal(0))
            said = sum(
                (amount for cell, amount in found.items() if (cell[0], cell[3]) == (period.key, use.measure.name)),
                Decimal(0),
            )
            assert group_by == () or total == said, (use.measure.name, period.key, number)
            assert len({(item.id, item.number) for item in items}) == len(items)
    return found
