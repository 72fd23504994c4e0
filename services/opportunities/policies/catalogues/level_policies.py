"""The three level policies shipped: there is no one standard (domain file §2). Data only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from services.opportunities.events import LevelRule

SHIPPED_ON = date(2000, 1, 1)
"""Shipped policies hold for every day anybody will ask about."""


def _levels(*rules: tuple[str, int | None, int, str]) -> tuple[LevelRule, ...]:
    return tuple(
        LevelRule(code=code, window_days=window, follow_up_days=follow_up, win_rate=Decimal(rate))
        for code, window, follow_up, rate in rules
    )


SHIPPED: tuple[dict[str, Any], ...] = (
    {
        "code": "h7-a15-b30",
        "zh": "七天 H、十五天 A、三十天 B（默认）",
        "en": "H 7, A 15, B 30 days (default)",
        "effective_from": SHIPPED_ON,
        "default": True,
        "ordered_follow_up_days": 7,
        "new_follow_up_days": 1,
        "new_win_rate": Decimal("0.05"),
        "levels": _levels(("H", 7, 2, "0.80"), ("A", 15, 4, "0.50"), ("B", 30, 7, "0.25"), ("C", None, 15, "0.10")),
    },
    {
        "code": "h7-a30-b90",
        "zh": "七天 H、三十天 A、九十天 B（经销商通行）",
        "en": "H 7, A 30, B 90 days (a published dealer rule)",
        "effective_from": SHIPPED_ON,
        "default": False,
        "ordered_follow_up_days": 7,
        "new_follow_up_days": 1,
        "new_win_rate": Decimal("0.05"),
        "levels": _levels(("H", 7, 2, "0.80"), ("A", 30, 7, "0.40"), ("B", 90, 14, "0.20"), ("C", None, 30, "0.10")),
    },
    {
        "code": "h30-a90-b180",
        "zh": "三十天 H、九十天 A、一百八十天 B（工业与招标）",
        "en": "H 30, A 90, B 180 days (industrial sales, tenders)",
        "effective_from": SHIPPED_ON,
        "default": False,
        "ordered_follow_up_days": 14,
        "new_follow_up_days": 3,
        "new_win_rate": Decimal("0.05"),
        "levels": _levels(("H", 30, 7, "0.70"), ("A", 90, 14, "0.40"), ("B", 180, 30, "0.20"), ("C", None, 60, "0.08")),
    },
)
