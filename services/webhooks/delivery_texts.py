"""What refusals about deliveries are called: replays, lanes, attempts, tests. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

DELIVERY_TEXTS: dict[str, Text] = {
    "one_of_both": Text("位置与时间只能填一个", "Position or time", "区间的起点和终点各填位置或时间之一。", "", 422),
    "too_many_replays": Text(
        "重放过多",
        "Too many replays",
        "此端点已有 {limit} 个未结束的重放。",
        "This endpoint has {limit} replays that are not over.",
        409,
    ),
    "too_many_failures": Text(
        "失败的事件过多",
        "Too many failures",
        "失败的事件多于 {limit} 个，请缩小区间，或重放全部。",
        "More than {limit} events failed: narrow the range, or replay all of it.",
        409,
    ),
    "replay_over": Text(
        "重放不在可更改的状态", "Replay is over", "重放的状态是 {state}。", "The replay is {state}.", 409
    ),
    "lane_elsewhere": Text(
        "队列停在别的事件上",
        "The lane stands elsewhere",
        "队列现在停在位置 {position}，请重新读取。",
        "The lane now stands at position {position}: read it again.",
        409,
    ),
    "no_such_event": Text(
        "没有可供测试的事件",
        "No event to test with",
        "端点看得到的范围内没有这样的事件。",
        "There is no such event among those the endpoint is sent.",
        409,
    ),
    "nothing_signs": Text(
        "没有可用的签名密钥",
        "Nothing signs",
        "端点没有有效的签名密钥。",
        "The endpoint has no secret that is good.",
        409,
    ),
}
