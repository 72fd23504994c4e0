"""From values to points, from points to a score. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from services.kpi.events import Aspect, PartResult, PointTable, Rater, Rating, Scale, SchemePart

PLACES: Final = Decimal("0.01")
"""Points, scores and money are rounded to two places, half up."""
HUNDRED: Final = Decimal(100)
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a part is worth before points: a KPI's figure, a mean of ratings or of months; value null unless ok."""

    state: str
    value: Decimal | None
    version: int | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    currency: str | None = None
    ratings: int | None = None


def rounded(value: Decimal) -> Decimal:
    return value.quantize(PLACES, ROUND_HALF_UP)


def points_of(table: PointTable | None, value: Decimal) -> Decimal:
    """The points of a value, by the table; without one the value is points (0–100)."""
    if table is None:
        return rounded(min(max(value, ZERO), HUNDRED))
    match table.scale:
        case Scale.UPTO:
            for step in sorted(table.steps, key=lambda step: step.bound):
                if value <= step.bound:
                    return step.points
            return table.otherwise
        case Scale.FROM:
            for step in sorted(table.steps, key=lambda step: step.bound, reverse=True):
                if value >= step.bound:
                    return step.points
            return table.otherwise
        case Scale.PERCENT:
            return rounded(min(max(value * HUNDRED, ZERO), table.most))
        case Scale.POINTS:
            return rounded(min(max(value, ZERO), table.most))


def mean_of(ratings: Sequence[Rating], rater: Rater, aspect: Aspect) -> Figure:
    """The mean of the last rating each gave as that for that aspect."""
    last = {rating.by: rating.points for rating in ratings if (rating.rater, rating.aspect) == (rater, aspect)}
    if not last:
        return Figure("no_rating", None, ratings=0)
    return Figure("ok", rounded(sum(last.values(), ZERO) / len(last)), ratings=len(last))


def scored(parts: Sequence[SchemePart], figures: Mapping[str, Figure]) -> tuple[tuple[PartResult, ...], Decimal | None]:
    """Every part with its points, and the score. `figures` by the part's code.

    A part without a value is left out, its weight shared by the others in proportion, unless it counts zero.
    """
    results = []
    for part in parts:
        figure = figures[part.code]
        points = None if figure.value is None else points_of(part.table, figure.value)
        if points is None and part.missing_counts_zero:
            points = ZERO
        results.append(
            PartResult(
                code=part.code,
                weight=part.weight,
                source=part.source,
                state=figure.state,
                value=figure.value,
                points=points,
                counted_weight=ZERO,
                weighted=ZERO,
                kpi=part.kpi,
                definition_version=figure.version,
                numerator=figure.numerator,
                denominator=figure.denominator,
                currency=figure.currency,
                ratings=figure.ratings,
            )
        )
    return weighed(results)


def weighed(results: Sequence[PartResult]) -> tuple[tuple[PartResult, ...], Decimal | None]:
    """The same parts with the weights that count, and the score: Σ weight × points / Σ weight of those with points."""
    whole = sum((part.weight for part in results if part.points is not None), ZERO)
    if not whole:
        return tuple(results), None
    total = sum((part.weight * part.points for part in results if part.points is not None), ZERO)
    found = []
    for part in results:
        share = ZERO if part.points is None else (part.weight / whole).quantize(Decimal("0.000001"), ROUND_HALF_UP)
        weighted = ZERO if part.points is None else rounded(part.weight * part.points / whole)
        found.append(msgspec.structs.replace(part, counted_weight=share, weighted=weighted))
    return tuple(found), rounded(total / whole)


def adjusted(
    results: Sequence[PartResult], code: str, points: Decimal
) -> tuple[tuple[PartResult, ...], Decimal | None] | None:
    """The same parts with other points for one of them; None when there is no such part."""
    if all(part.code != code for part in results):
        return None
    return weighed(
        [msgspec.structs.replace(part, points=points, adjusted=True) if part.code == code else part for part in results]
    )
