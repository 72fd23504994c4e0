"""What the refusals of negotiations and prices are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "negotiation_open": Text("仍在谈判", "Still negotiating", "谈判仍在进行。", "The sides still negotiate.", 409),
    "negotiation_agreed": Text("谈判已达成", "Agreed", "谈判已经达成一致。", "The sides have agreed.", 409),
    "negotiation_failed": Text("谈判已破裂", "Failed", "谈判已经破裂。", "The negotiation has failed.", 409),
    "price_requested": Text(
        "价格待审批", "A price waits", "有价格申请正在等待审批。", "A price waits for a decision.", 409
    ),
    "no_price_requested": Text(
        "没有待审批的价格", "No price waits", "没有待审批的价格申请。", "No price waits for a decision.", 409
    ),
    "no_such_point": Text(
        "没有这个未决事项",
        "No such open point",
        "没有编号为 {number} 的未决事项。",
        "No point {number} is open.",
        409,
    ),
}
