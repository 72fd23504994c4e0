"""The limits shipped: who grants which discount, who approves which contract. Data only; the figures are ours."""

from __future__ import annotations

from decimal import Decimal

from services.opportunities.events import AmountLimit, DiscountLimit

DISCOUNTS: tuple[DiscountLimit, ...] = (
    DiscountLimit("representative", Decimal("0.03")),
    DiscountLimit("account_manager", Decimal("0.05")),
    DiscountLimit("department_head", Decimal("0.10")),
    DiscountLimit("branch_manager", Decimal("0.15")),
    DiscountLimit("regional_manager", Decimal("0.20")),
    DiscountLimit("director", Decimal("1")),
    DiscountLimit("head_office", Decimal("1")),
)

AMOUNTS: tuple[AmountLimit, ...] = (
    AmountLimit("department_head", "CNY", Decimal("3000000")),
    AmountLimit("branch_manager", "CNY", Decimal("10000000")),
    AmountLimit("regional_manager", "CNY", Decimal("30000000")),
)
UNLIMITED: tuple[str, ...] = ("director", "head_office")
