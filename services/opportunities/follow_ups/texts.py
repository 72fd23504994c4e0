"""What the refusals of follow ups are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "planned_in_the_past": Text(
        "计划日期已过",
        "Planned in the past",
        "跟进只能计划在今天或以后。",
        "A follow-up is planned for today or later.",
        422,
    ),
    "next_day_missing": Text(
        "缺少下次日期",
        "Next day missing",
        "写明下次跟进的方式时，请同时写明日期。",
        "Say on which day, if you say in which way.",
        422,
    ),
}
