"""KPIs of leads and of what they cost."""

from __future__ import annotations

from services.kpi.engine.definition import Definition, Dimension, Measure, plus
from services.kpi.engine.sources import leads, steps, targets

SOURCE = "Lead, visitor and spend facts; of the leads received in the period what became of them until now"
PLANNED: tuple[Dimension, ...] = ("person", "unit", "branch", "region")


def _cost(of: str, zh: str, en: str, what_zh: str, what_en: str, counted: Measure) -> Definition:
    return Definition(
        id=f"cost_per_{of}",
        zh=f"单位{zh}成本",
        en=f"Cost per {en}",
        what_zh=f"期内渠道费用（整月费用逐日分摊）÷ {what_zh}，按币种",
        what_en=f"spend of the period (a month's spread day by day) / {what_en}, per currency",
        unit="money",
        date="spend",
        per=counted.counts,
        other_dates=("receipt",),
        numerator=plus(leads.SPEND),
        denominator=plus(counted),
        kind="ratio",
        dimensions=leads.BY_UNIT,
        better="lower",
        source=SOURCE,
    )


LEADS: tuple[Definition, ...] = (
    Definition(
        id="record_rate",
        zh="留档率",
        en="Record rate",
        what_zh="期内收到的线索中已留档的 ÷（期内收到的线索 + 期内到访人数）",
        what_en="leads received in the period that became a record / (leads received + visitors counted)",
        unit="leads",
        date="receipt",
        numerator=plus(leads.RECORDED),
        denominator=plus(leads.RECEIVED, leads.VISITORS),
        kind="ratio",
        dimensions=leads.BY,
        source=SOURCE,
    ),
    Definition(
        id="lead_attainment",
        zh="集客达成率",
        en="Leads against target",
        what_zh="期内收到的线索 ÷ 期内整月的集客目标",
        what_en="leads received / the target of leads of the months that lie in the period",
        unit="leads",
        date="receipt",
        other_dates=("target",),
        numerator=plus(leads.RECEIVED),
        denominator=plus(targets.LEADS),
        kind="ratio",
        dimensions=PLANNED,
        source=f"{SOURCE}; lead plans",
    ),
    Definition(
        id="lead_response",
        zh="线索及时响应率",
        en="Leads answered in time",
        what_zh="期内收到且有承诺时限的线索中按时首次联系的 ÷ 这些线索",
        what_en="leads received with a promise and first contacted within it / leads received with a promise",
        unit="leads",
        date="receipt",
        numerator=plus(leads.IN_TIME),
        denominator=plus(leads.PROMISED),
        kind="ratio",
        dimensions=leads.BY,
        source=SOURCE,
    ),
    _cost("lead", "线索", "lead", "期内收到的线索", "leads received", leads.RECEIVED),
    _cost("record", "留档", "record", "其中已留档的", "leads received that became a record", leads.RECORDS),
    _cost("order", "订单", "order", "其中已成交的", "leads received whose record was ordered", leads.WON),
    Definition(
        id="defeat_cost",
        zh="战败成本",
        en="Cost of defeats",
        what_zh="期内战败数 ×（期内渠道费用 ÷ 期内收到的线索），按币种",
        what_en="defeats approved x (spend of the period / leads received in it), per currency",
        unit="deals",
        date="approval",
        per="leads",
        other_dates=("spend", "receipt"),
        numerator=plus(steps.DEFEATS),
        denominator=plus(leads.RECEIVED),
        factor=plus(leads.SPEND),
        kind="cost",
        dimensions=leads.BY_UNIT,
        better="lower",
        source=f"{SOURCE}; opportunity facts",
    ),
)
