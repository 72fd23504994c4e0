"""What the refusals of meetings are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "before_meeting": Text("早于会议", "Before the meeting", "那时还没有开会。", "The meeting was not held then.", 409),
    "meeting_closed": Text(
        "会议已结束",
        "Meeting closed",
        "会议已结束，不能再作决定或下指令。",
        "The meeting is closed: nothing more is decided in it.",
        409,
    ),
    "unknown_instruction": Text(
        "没有这条指令",
        "Unknown instruction",
        "会议没有第 {given} 号未完成的指令。",
        "The meeting has no open instruction {given}.",
        422,
    ),
    "due_before_given": Text(
        "期限早于下达日", "Due before given", "期限不能早于下达指令的日期。", "It is due before it is given.", 422
    ),
    "other_series": Text(
        "不是同一系列会议",
        "Another series",
        "上次会议须属于同一组织，并且不晚于本次。",
        "The previous meeting must be of the same unit, and not later than this one.",
        422,
    ),
}
