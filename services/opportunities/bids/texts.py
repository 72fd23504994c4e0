"""What the refusals of bids are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "bid_considered": Text(
        "尚未决定投标", "Not decided", "还没有决定是否投标。", "Nobody has decided yet whether we bid.", 409
    ),
    "bid_preparing": Text("尚未投标", "Not handed in", "标书还没有递交。", "The bid is not handed in yet.", 409),
    "bid_declined": Text("决定不投标", "No bid", "已决定不投标。", "It was decided not to bid.", 409),
    "bid_submitted": Text("已投标", "Handed in", "标书已经递交。", "The bid is handed in.", 409),
    "bid_opened": Text("已开标", "Opened", "已经开标。", "The bids were opened.", 409),
    "bid_won": Text("已中标", "Won", "已经中标。", "The tender is won.", 409),
    "bid_lost": Text("未中标", "Lost", "结果是未中标。", "The tender is lost.", 409),
    "bid_cancelled": Text(
        "招标已取消", "Called off", "招标已取消，或我方已退出。", "The tender was called off, or we withdrew.", 409
    ),
    "bond_paid": Text("保证金已付", "Bond paid", "投标保证金已经支付。", "The bond is paid already.", 409),
    "bond_not_paid": Text("保证金未付", "Bond not paid", "没有支付过保证金。", "No bond was paid.", 409),
    "bond_returned": Text("保证金已退", "Bond returned", "保证金已经退回。", "The bond came back already.", 409),
    "bond_amount_missing": Text(
        "缺少保证金金额", "No amount", "请填写支付的保证金金额。", "Say how much was paid.", 422
    ),
    "document_twice": Text("文件重复", "A document twice", "同一文件只列一次。", "A document is listed twice.", 422),
    "unknown_document": Text(
        "清单中没有此文件",
        "No such document",
        "招标文件清单中没有 {name}。",
        "The tender asks for no document {name}.",
        422,
    ),
}
