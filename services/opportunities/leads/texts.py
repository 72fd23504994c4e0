"""What the refusals of leads are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "before_received": Text(
        "早于收到线索", "Before it was received", "那时还没有收到这条线索。", "The lead had not come in then.", 409
    ),
    "lead_disposed": Text(
        "线索已有结果",
        "The lead is disposed of",
        "这条线索已有结果（{status_before}），如有误请先撤销。",
        "The lead came to {status_before}: void that first if it is wrong.",
        409,
    ),
    "already_assigned": Text(
        "线索已有负责人", "Already assigned", "这条线索已有负责人。", "The lead is somebody's already.", 409
    ),
    "disposal_incomplete": Text(
        "线索结果不完整",
        "Disposal incomplete",
        "请填写以下之一：{needs}。",
        "Give exactly one of: {needs}.",
        422,
    ),
    "not_of_disposal": Text(
        "与线索结果不符",
        "Not of this disposal",
        "该字段不属于所选的线索结果。",
        "That field belongs to another disposal.",
        422,
    ),
    "follow_up_gone_by": Text(
        "跟进日期不对", "Follow-up gone by", "再跟进日须晚于当天。", "The follow-up comes after that day.", 422
    ),
    "duplicate_of_itself": Text(
        "不能与自身重复", "Duplicate of itself", "线索不能与自身重复。", "A lead is no duplicate of itself.", 422
    ),
    "unknown_lead": Text("没有这条线索", "Unknown lead", "没有这条线索。", "There is no such lead.", 422),
    "persons_of_round_robin": Text(
        "轮派人员有误",
        "Persons of a round robin",
        "轮派须指定人员，其他方式不得指定。",
        "A round robin names persons, and no other way does.",
        422,
    ),
    "duplicate_count": Text(
        "同一客流填了两次",
        "Counted twice",
        "同一网点、渠道和日期只能填一次。",
        "One count for a unit, channel and day.",
        422,
    ),
}
