"""What the refusals of approvals are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "not_verified": Text(
        "尚未核实",
        "Not verified yet",
        "按规定须先由客服回访核实，才能批准战败。",
        "Customer service calls the customer back before a defeat is approved.",
        409,
    ),
    "own_request": Text(
        "自己的申请", "Your own request", "不能核实自己提出的申请。", "Nobody verifies what they asked for.", 403
    ),
    "reason_missing": Text("缺少原因", "Reason missing", "请说明核实到的原因。", "Say which reason was found.", 422),
    "unknown_kind": Text(
        "没有这类申请", "No such kind", "待审批的种类只有：{known}。", "Kinds of requests are: {known}.", 422
    ),
    "unknown_decision": Text(
        "没有这种审批",
        "No such decision",
        "没有这种待办，或它不能这样决定。",
        "There is no such kind, or no such decision of it.",
        422,
    ),
    "same_owner": Text("仍是原负责人", "The same owner", "请转给另一位代表。", "Give it to somebody else.", 422),
}
