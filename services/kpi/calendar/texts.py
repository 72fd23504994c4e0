"""What the refusals of calendar are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "day_given_twice": Text("日期重复", "Day given twice", "同一天只能写一次。", "A day may be given once.", 422),
    "nothing_declared": Text(
        "没有内容", "Nothing declared", "请至少写一个日期或一个年份。", "Name at least one day or one year.", 422
    ),
    "last_day_missing": Text(
        "缺少截止日",
        "Last day missing",
        "销售月截止于次月时，须写明是哪一天。",
        "Say on which day of the following month the sales month ends.",
        422,
    ),
    "month_given_twice": Text(
        "月份重复", "Month given twice", "同一个月只能写一次。", "A month may be given once.", 422
    ),
    "months_collide": Text(
        "销售月相撞",
        "Sales months collide",
        "这样 {month} 将从 {first} 到 {last}，不足十天。",
        "Then {month} would run from {first} to {last}: less than ten days.",
        422,
    ),
    "one_range": Text(
        "区间不唯一",
        "One range only",
        "年份、月份、起止日期只能给一种。",
        "Give a year, a month, or from and to; not several of them.",
        422,
    ),
    "range_too_long": Text("区间过长", "Range too long", "一次最多 {most} 天。", "At most {most} days at a time.", 422),
}
