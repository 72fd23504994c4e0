"""What the refusals of plans are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "before_plan": Text("早于计划", "Before the plan", "那时还没有这份计划。", "The plan was not there then.", 409),
    "plan_exists": Text(
        "计划已存在",
        "Already planned",
        "该单位已有这一年的计划：请修改草案、退回重报或变更。",
        "That unit has a plan for the year: revise the draft, have it returned, or change it.",
        409,
    ),
    "no_rows": Text(
        "没有内容",
        "Nothing planned",
        "请给出增长率或各月目标。",
        "State by how much it is to grow, or what is planned for each month.",
        422,
    ),
    "measure_twice": Text("指标重复", "Measure given twice", "{given} 填写了两次。", "{given} is given twice.", 422),
    "month_outside": Text(
        "不在计划期内",
        "Not a month of the plan",
        "{month} 不在计划期内。",
        "{month} is no month of the plan.",
        422,
    ),
    "row_twice": Text(
        "目标重复",
        "Planned twice",
        "{month} 的 {measure} 填写了两次（同一产品与币种）。",
        "{measure} of {month} is planned twice, for the same product and currency.",
        422,
    ),
    "currency_of_amount": Text(
        "币种不符",
        "Currency",
        "{month} 的 {measure}：金额须写明币种，台数与线索数没有币种。",
        "{measure} of {month}: an amount has a currency, units and leads have none.",
        422,
    ),
    "not_whole": Text(
        "须为整数", "Not whole", "{month} 的 {measure} 须为整数。", "{measure} of {month} is a whole number.", 422
    ),
    "stretch_below": Text(
        "挑战目标低于目标",
        "Stretch below target",
        "{month} 的 {measure}：挑战目标不能低于目标。",
        "{measure} of {month}: the stretch target is not below the target.",
        422,
    ),
    "plan_not_draft": Text(
        "不是草案", "Not a draft", "计划已提交，不能再改草案。", "The plan was submitted: it is no draft any more.", 409
    ),
    "plan_not_submitted": Text(
        "未在评审中", "Not under review", "计划未在评审中。", "The plan is not under review.", 409
    ),
    "plan_not_reviewed": Text(
        "尚未评审", "Not reviewed", "计划评审后才能批准。", "A plan is reviewed before it is approved.", 409
    ),
    "plan_not_approved": Text(
        "尚未批准",
        "Not approved",
        "计划批准后才能分解或下发。",
        "A plan is cascaded and issued once it is approved.",
        409,
    ),
    "plan_not_issued": Text(
        "尚未下发", "Not issued", "计划尚未下发，请修改草案或重新分解。", "The plan is not in force yet.", 409
    ),
    "plan_issued": Text(
        "已经下发",
        "Already issued",
        "计划已下发：已有计划的单位请用变更，只能分解给还没有计划的单位。",
        "The plan is in force: change the plan of a unit that has one; only others can be given a part.",
        409,
    ),
    "plan_of_its_own": Text(
        "单位已有自己的计划",
        "The unit has its own plan",
        "该单位已提交自己的年度计划，不能再分解给它。",
        "The unit has submitted a plan of its own.",
        409,
    ),
    "cascade_ends": Text(
        "分解已到底",
        "Cascaded in three steps",
        "计划分三级分解，不能再往下分。",
        "A plan is cascaded in three steps: this one is the last.",
        409,
    ),
    "nobody_below": Text(
        "没有下级单位", "No unit below", "没有可以分解的下级单位。", "There is no unit below to give a part to.", 409
    ),
    "too_many_units": Text(
        "单位过多",
        "Too many units",
        "一次最多分解给 {most} 个单位，请分批填写。",
        "A cascade gives parts to {most} units at once: state the parts in portions.",
        422,
    ),
    "not_below": Text(
        "不是直接下级", "Not directly below", "只能分解给直接下级单位。", "Parts go to units directly below.", 422
    ),
    "parts_stated": Text(
        "分解方式不符",
        "Parts and spread differ",
        "只有按填写分解时才给出各单位的数，且每个单位一次。",
        "Parts are given when they are stated, once for each unit, and only then.",
        422,
    ),
    "parts_do_not_sum": Text(
        "合计不符",
        "The parts do not sum",
        "{month} 的 {measure} 与下级合计相差 {missing}：请改正，或说明原因。",
        "{measure} of {month}: {missing} are missing in the parts. Mend that, or state a reason.",
        422,
    ),
    "month_over": Text(
        "月份已过", "That month is over", "{month} 已经结束，不能再变更。", "{month} is over: it stays as it is.", 409
    ),
}
