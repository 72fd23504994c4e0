"""What the refusals of this service are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from services.kpi.agenda import texts as agenda
from services.kpi.assessments import texts as assessments
from services.kpi.budgets import texts as budgets
from services.kpi.calendar import texts as calendar
from services.kpi.company import texts as company
from services.kpi.engine import texts as engine
from services.kpi.forecasts import texts as forecasts
from services.kpi.improvements import texts as improvements
from services.kpi.inventories import texts as inventories
from services.kpi.lead_plans import texts as lead_plans
from services.kpi.meetings import texts as meetings
from services.kpi.months import texts as months
from services.kpi.plans import texts as plans
from services.kpi.reporting import texts as reporting
from services.kpi.rolling import texts as rolling
from services.kpi.splits import texts as splits
from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "repeated_dimension": Text(
        "分组重复", "Repeated dimension", "同一分组只能用一次。", "A dimension may be given once.", 422
    ),
    "empty_range": Text("区间为空", "Empty range", "起始日晚于截止日。", "The range ends before it begins.", 422),
    **agenda.TEXTS,
    **assessments.TEXTS,
    **budgets.TEXTS,
    **calendar.TEXTS,
    **company.TEXTS,
    **engine.TEXTS,
    **forecasts.TEXTS,
    **improvements.TEXTS,
    **inventories.TEXTS,
    **lead_plans.TEXTS,
    **meetings.TEXTS,
    **months.TEXTS,
    **plans.TEXTS,
    **reporting.TEXTS,
    **rolling.TEXTS,
    **splits.TEXTS,
}
