"""What the refusals of months are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "month_not_over": Text(
        "本月未结束",
        "The month is not over",
        "{month} 到 {last_day} 才结束，之后才能月结。",
        "{month} ends on {last_day}: it can be closed after that.",
        422,
    ),
    "month_too_early": Text(
        "月份过早", "Month too early", "{earliest} 之前的月份不月结。", "No month before {earliest} is closed.", 422
    ),
    "month_closed": Text(
        "本月已结", "Month closed", "{month} 已月结，请先撤销月结。", "{month} is closed: reopen it first.", 409
    ),
    "month_not_closed": Text("本月未结", "Month not closed", "{month} 还没有月结。", "{month} is not closed.", 409),
    "earlier_month_open": Text(
        "上月未结",
        "An earlier month is open",
        "{month} 的月结已撤销，请先重新月结。",
        "The close of {month} was taken back: close that one first.",
        409,
    ),
    "later_month_closed": Text(
        "后面的月份已结",
        "A later month is closed",
        "{month} 已月结，请先撤销。",
        "{month} is closed: reopen that one first.",
        409,
    ),
    "position_out_of_order": Text(
        "位置不合顺序",
        "Position out of order",
        "月结的日志位置须在 {least} 与 {most} 之间。",
        "The position of this close lies between {least} and {most}.",
        422,
    ),
}
