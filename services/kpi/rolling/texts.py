"""What the refusals of rolling are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "rolling_exists": Text(
        "已有滚动计划",
        "Already planned by months",
        "该单位已有滚动计划：请发布下一版。",
        "That unit has a rolling plan: publish its next version.",
        409,
    ),
    "base_outside": Text(
        "起始月不符",
        "Not the month to begin with",
        "一版滚动计划从本月或下月开始。",
        "A version begins with the running month or the next.",
        422,
    ),
    "reason_missing": Text(
        "须说明原因",
        "A reason is needed",
        "变更锁定月须说明原因，并经批准。",
        "A firm month is changed: state a reason; the reporting line approves it.",
        422,
    ),
    "change_waits": Text(
        "有变更待批准",
        "A change waits",
        "已有一版锁定月变更在等待批准。",
        "A version that changes firm months waits for approval.",
        409,
    ),
    "nothing_waits": Text(
        "没有待批准的变更", "Nothing waits", "没有待批准的变更。", "No change waits for approval.", 409
    ),
}
