"""What the refusals common to solutions, bids, negotiations and contracts are called. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "above_limit": Text(
        "超出审批权限",
        "Above the limit",
        "超出审批权限（{limit}），需由{needs_zh}审批。",
        "That is above the limit ({limit}): {needs_en} decides it.",
        403,
    ),
    "within_limit": Text(
        "在权限之内",
        "Within the limit",
        "在您的权限之内，请直接审批，不必上报。",
        "It is within your limit: decide it yourself instead of passing it on.",
        409,
    ),
    "decided_since": Text(
        "之后已有审批",
        "Decided on since",
        "这一天之后已经审批，不能补记到审批之前。",
        "It was decided on since: what the decision rests on cannot be told to have been before it.",
        409,
    ),
    "nobody_unlimited": Text(
        "没有最终审批人",
        "Nobody decides the rest",
        "至少要有一个能审批的职能没有限额，否则超额的申请无人可批。",
        "At least one approving function has no limit, else nobody could decide what is above all others.",
        422,
    ),
    "limit_given_twice": Text(
        "限额重复",
        "A limit given twice",
        "同一职能的限额只能写一次（同一币种）。",
        "A function has one limit, per currency.",
        422,
    ),
    "before_opened": Text(
        "早于建档", "Before it was opened", "那时还没有这条记录。", "The record was not there then.", 409
    ),
}
