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
    "invalid_group_by": Text(
        "分组维度有误", "Invalid grouping", "最多按两个维度分组：{known}。", "Group by one or two of: {known}.", 422
    ),
    "empty_range": Text("区间为空", "Empty range", "起始日晚于截止日。", "The range ends before it begins.", 422),
    # of every record of this service
    "not_in_reporting_line": Text(
        "不在汇报线上",
        "Not in the reporting line",
        "只有本人汇报线上的上级才能决定，且不能决定自己的事。",
        "Only who stands above the person in the reporting line decides, and nobody their own.",
        403,
    ),
    "outside_your_units": Text(
        "不在您的管辖范围",
        "Outside your units",
        "此单位不在您的管辖范围。",
        "You have no such function at that unit.",
        403,
    ),
    "unknown_person": Text("没有这个人员", "Unknown person", "没有这个在职人员。", "There is no such person.", 422),
    "unknown_unit": Text("没有这个组织单位", "Unknown unit", "没有这个组织单位。", "There is no such unit.", 422),
    "impossible_order": Text(
        "先后次序不成立",
        "Impossible order",
        "这样一来，已记录的 {fact}（版本 {version}）就不可能发生。",
        "Then the recorded {fact} (version {version}) could not have happened.",
        409,
    ),
    "before_opened": Text(
        "早于建立", "Before it was opened", "那时还没有这条记录。", "The record was not there then.", 409
    ),
    "not_correctable": Text(
        "不能更正",
        "Not correctable",
        "{field} 由事实得出，请更正或作废那些事实。",
        "{field} follows from the facts: correct or void those.",
        422,
    ),
    "nothing_to_correct": Text(
        "没有可更正的内容", "Nothing to correct", "请给出更正的字段或时间。", "State changes or a time.", 422
    ),
    "two_times": Text("时间重复", "Two times", "日期与时刻只能给一个。", "Give a day or an instant, not both.", 422),
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
