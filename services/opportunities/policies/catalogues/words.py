"""Channels, visit purposes, ways and layers as shipped: codes with Chinese and English names. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Word(NamedTuple):
    """A code's name in both languages."""

    zh: str
    en: str


CHANNELS: Mapping[str, Word] = {
    "showroom": Word("展厅", "showroom"),
    "phone": Word("电话", "phone"),
    "web": Word("网络", "web"),
    "outreach": Word("外拓走访", "outreach"),
    "roadshow": Word("巡展", "roadshow"),
    "tender_notice": Word("招标公告", "tender notice"),
    "manufacturer": Word("厂家下发", "manufacturer"),
    "existing_owner": Word("保有客户", "existing owner"),
    "referral": Word("转介绍", "referral"),
    "partner": Word("租赁或经销伙伴", "leasing or dealer partner"),
}
"""How a lead came. A tenant may use codes of its own beside these."""

PURPOSES: Mapping[str, Word] = {
    "develop": Word("开拓", "develop"),
    "push_forward": Word("促进", "push forward"),
    "after_sales": Word("售后回访", "after-sales"),
    "paperwork": Word("手续", "paperwork"),
    "manage": Word("管理", "manage"),
}

WAYS: Mapping[str, Word] = {
    "on_site": Word("上门", "on site"),
    "showroom": Word("到店", "showroom"),
    "meeting": Word("会议", "meeting"),
    "event": Word("活动", "event"),
    "phone": Word("电话", "phone"),
    "mail": Word("邮件", "mail"),
    "messenger": Word("即时通讯", "messenger"),
}
"""Cadence counts `on_site`; any contact that reached the person resets the follow-up clock."""

LAYERS: Mapping[str, Word] = {
    "figurehead": Word("形象层", "figurehead"),
    "decision": Word("决策层", "decision"),
    "implementation": Word("实施层", "implementation"),
    "use": Word("使用层", "use"),
}

OBJECTIONS: Mapping[str, Word] = {
    "price": Word("价格", "price"),
    "delivery_time": Word("交货期", "delivery time"),
    "quality": Word("质量", "quality"),
    "specification": Word("配置与规格", "specification"),
    "payment": Word("付款条件", "payment terms"),
    "after_sales": Word("售后服务", "after-sales"),
    "brand": Word("品牌", "brand"),
    "residual_value": Word("残值", "residual value"),
    "financing": Word("金融方案", "financing"),
    "authority": Word("决策权限", "authority to decide"),
    "timing": Word("时机", "timing"),
    "competitor": Word("竞品更优", "competitor is better"),
    "other": Word("其他", "other"),
}
"""What a customer holds against buying. A tenant may use codes of its own beside these."""
