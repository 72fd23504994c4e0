"""What the codes of plans, splits, forecasts and channels are called in Chinese and English. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEASURES: Mapping[str, tuple[str, str]] = {
    "orders": ("订单（台）", "Orders (units)"),
    "deliveries": ("交付 AAK（台）", "Deliveries AAK (units)"),
    "reported": ("系统提报（台）", "Reported (units)"),
    "leads": ("线索", "Leads"),
    "amount": ("订单金额", "Order amount"),
}
STATUSES: Mapping[str, tuple[str, str]] = {
    "draft": ("草案", "Draft"),
    "issued": ("已下达", "Issued"),
    "asked": ("待确认", "To be confirmed"),
    "confirmed": ("已确认", "Confirmed"),
    "objected": ("有异议", "Objected"),
    "answered": ("异议已答复，待确认", "Answered, to be confirmed"),
    "lapsed": ("已失效", "Lapsed"),
}
VERDICTS: Mapping[str, tuple[str, str]] = {
    "kept": ("维持目标", "Kept"),
    "accepted": ("接受异议，将调整分解", "Accepted: the split will be changed"),
}
CHANNELS: Mapping[str, tuple[str, str]] = {
    "showroom": ("展厅", "showroom"),
    "phone": ("电话", "phone"),
    "web": ("网络", "web"),
    "outreach": ("外拓走访", "outreach"),
    "roadshow": ("巡展", "roadshow"),
    "tender_notice": ("招标公告", "tender notice"),
    "manufacturer": ("厂家下发", "manufacturer"),
    "existing_owner": ("保有客户", "existing owner"),
    "referral": ("转介绍", "referral"),
    "partner": ("租赁或经销伙伴", "leasing or dealer partner"),
}
"""As `/v1/catalogues` names them; a tenant's own code stands for itself."""


def word(words: Mapping[str, tuple[str, str]], code: str, language: str) -> str:
    """The word of a code; one nobody knows stands for itself."""
    zh, en = words.get(code, (code, code))
    return zh if language.startswith("zh") else en


def with_channel(row: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The row with its channel's word beside the code."""
    code = row["channel"]
    return {**row, "channel_label": None if code is None else word(CHANNELS, code, language)}
