"""From counted parts to one value, by the kind of a definition. Pure arithmetic; exact."""

from __future__ import annotations

from decimal import Decimal

from services.kpi.engine.definition import Definition

GRADES: tuple[tuple[Decimal, int], ...] = (
    (Decimal("0.20"), 100),
    (Decimal("0.50"), 80),
    (Decimal("1.00"), 60),
    (Decimal("2.00"), 40),
)
"""Points for a deviation of so much or less; beyond it LOWEST. Source: the domain's KPI table."""
LOWEST = 20
FULL = 100

Amount = Decimal | int


def computed(definition: Definition, numerator: Amount, denominator: Amount, factor: Amount) -> Decimal | None:
    """The value; null where the denominator is zero."""
    match definition.kind:
        case "sum":
            return Decimal(numerator)
        case "ratio":
            return Decimal(numerator) / Decimal(denominator) if denominator else None
        case "growth":
            return Decimal(numerator - denominator) / Decimal(denominator) if denominator else None
        case "cost":
            return Decimal(numerator) * Decimal(factor) / Decimal(denominator) if denominator else None
        case "points":
            return Decimal(points(numerator, denominator))


def points(forecast: Amount, actual: Amount) -> int:
    """What a forecast is worth: by its deviation from what came, in parts of that."""
    if not actual:
        return LOWEST if forecast else FULL
    deviation = abs(Decimal(forecast) - Decimal(actual)) / Decimal(actual)
    return next((grade for bound, grade in GRADES if deviation <= bound), LOWEST)
