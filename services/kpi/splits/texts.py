"""What the refusals of splits are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "split_exists": Text(
        "已有分解",
        "Split already made",
        "该单位该月已有分解，请修改那一份。",
        "The unit's month has been split: edit that one.",
        409,
    ),
    "split_issued": Text(
        "分解已下达",
        "Split was issued",
        "分解已下达，只能按编号调整。",
        "The split is in force: it is changed by number.",
        409,
    ),
    "split_not_issued": Text(
        "分解尚未下达", "Split not issued", "分解仍是草案，请直接修改。", "The split is a draft: edit it.", 409
    ),
    "issued_stays": Text(
        "已下达不能撤回",
        "Issued stays",
        "已下达的分解只能调整，不能撤回。",
        "An issued split is changed by number, not taken back.",
        409,
    ),
    "targets_moved": Text(
        "上级目标已变",
        "Targets have moved",
        "该单位的目标在起草后已改变，请先修改分解。",
        "The unit's targets have changed since the draft: edit the split first.",
        409,
    ),
    "sums_do_not_close": Text(
        "合计不符",
        "Sums do not close",
        "{measure}{product} 的分解合计为 {given}，应为 {total}。",
        "The parts of {measure}{product} sum to {given}, not to {total}.",
        409,
    ),
    "nothing_to_split": Text(
        "没有可分解的目标",
        "Nothing to split",
        "该单位该月没有目标，请在 totals 中给出。",
        "The unit has no target of that month: state it in totals.",
        422,
    ),
    "nothing_to_split_of": Text(
        "没有这项目标",
        "No such target",
        "该单位没有这项 {measure} 目标。",
        "The unit has no such {measure} target.",
        422,
    ),
    "planned_otherwise": Text(
        "目标由计划给出",
        "A plan gives this target",
        "{measure} 的目标由计划给出，不能另行填写。",
        "A plan gives the target of {measure}: it cannot be stated here.",
        422,
    ),
    "line_twice": Text("同一行填写两次", "Line given twice", "同一行只能填写一次。", "A line may be given once.", 422),
    "one_receiver": Text(
        "须指明一个对象",
        "One receiver a line",
        "每行须指明一个下级单位或一名人员。",
        "Each line names one unit or one person.",
        422,
    ),
    "currency_of_amounts": Text(
        "金额须有币种",
        "Amounts have a currency",
        "金额须有币种，数量不能有币种。",
        "An amount has a currency, units have none.",
        422,
    ),
    "not_a_part": Text(
        "不属于该单位",
        "Not of this unit",
        "只能分给直属下级单位或本单位的人员。",
        "Parts go to units directly below and to people of the unit.",
        422,
    ),
    "nobody_to_split_to": Text(
        "无人可分解",
        "Nobody to split to",
        "该单位没有销售人员，也没有下级单位。",
        "Nobody sells there, and no unit stands below.",
        422,
    ),
    "confirm_by_past": Text(
        "确认期限已过",
        "Deadline already past",
        "确认期限不能早于下达日。",
        "Nobody can confirm before it is put before them.",
        422,
    ),
    "not_yours": Text(
        "只能由本人处理",
        "Only one's own",
        "目标只能由本人确认或提出异议。",
        "Targets are confirmed, or objected to, by the person themselves.",
        403,
    ),
    "already_confirmed": Text("已确认", "Already confirmed", "目标已经确认。", "The targets were confirmed.", 409),
    "already_objected": Text(
        "已提出异议", "Already objected", "已有异议，等待答复。", "An objection waits for its answer.", 409
    ),
    "already_answered": Text(
        "异议已答复",
        "Already answered",
        "异议已被接受，请调整分解。",
        "The objection was accepted: change the split.",
        409,
    ),
    "no_objection": Text("没有异议", "No objection", "没有待答复的异议。", "There is no objection to answer.", 409),
    "confirmation_lapsed": Text(
        "确认已失效", "Confirmation lapsed", "分解中已没有此人的目标。", "The split no longer names the person.", 409
    ),
    "follows_split": Text(
        "由分解得出",
        "Follows from the split",
        "这由分解得出，请调整分解。",
        "That follows from the split: change the split.",
        409,
    ),
}
