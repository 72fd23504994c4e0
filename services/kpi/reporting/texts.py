"""What the refusals of reporting are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "already_handed_in": Text(
        "已经交报",
        "Already handed in",
        "这份报告已经交过，请修改后重交。",
        "That report was handed in already: revise it.",
        409,
    ),
    "period_to_come": Text(
        "时间未到", "Period to come", "那一天或那个月还没有开始。", "That day or month has not begun.", 422
    ),
    "report_accepted": Text(
        "报告已通过", "Report accepted", "报告已通过，不能再改。", "The report was accepted and stays as it is.", 409
    ),
    "report_reviewed": Text(
        "报告已审阅",
        "Report reviewed",
        "报告已审阅，重交之后才能再审。",
        "The report was reviewed; it can be again once it is handed in again.",
        409,
    ),
    "unknown_function": Text(
        "没有这个职能", "Unknown function", "没有 {given} 这个职能。", "There is no function {given}.", 422
    ),
    "not_urgent": Text(
        "不是紧急情报", "Not urgent", "只有紧急情报需要签收。", "Only urgent items are acknowledged.", 409
    ),
    "nothing_to_issue": Text(
        "没有可发布的情报",
        "Nothing to issue",
        "这个月没有议定发布的情报。",
        "No item of that month was discussed to be issued.",
        422,
    ),
    "issued_later": Text(
        "已有更晚的一期",
        "Issued later",
        "这个月的月报已在更晚的日期发布过。",
        "The report of that month was last issued on a later day.",
        409,
    ),
    "unknown_item": Text("没有这条情报", "Unknown item", "没有这条情报。", "There is no such item.", 422),
}
