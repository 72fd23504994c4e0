"""What the refusals of assessments are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "part_twice": Text("项目重复", "Given twice", "{given} 只能出现一次。", "{given} stands once.", 422),
    "weights_not_one": Text(
        "权重不为一",
        "Weights do not sum to 1",
        "权重合计为 {given}，应为 1。",
        "The weights sum to {given}, not 1.",
        422,
    ),
    "part_incomplete": Text(
        "考核项不完整",
        "Part incomplete",
        "指标项须有指标；评价项须有评价人和方面；其他项两者都没有。",
        "A KPI part names a KPI, a rating part a rater and an aspect, another part neither.",
        422,
    ),
    "kpi_not_payable": Text(
        "指标不能计提",
        "KPI cannot be paid",
        "{given} 不能按人计提：只有合计台数或金额的指标可以，台数须有币种，金额不能有。",
        "{given} cannot be paid by person: sums of units (with a currency) or of money (without) can.",
        422,
    ),
    "kpi_not_of_persons": Text(
        "指标不能按人或组织计算",
        "KPI is not of persons",
        "{given} 不能按人或组织计算。",
        "{given} is not counted by person or unit.",
        422,
    ),
    "month_not_closed": Text("本月未结", "Month not closed", "{month} 还没有月结。", "{month} is not closed.", 409),
    "no_scheme": Text(
        "没有考核方案", "No scheme", "岗位 {given} 没有考核方案。", "Nothing is published for the post {given}.", 409
    ),
    "no_commission_rule": Text(
        "没有提成规则",
        "No commission rule",
        "岗位 {given} 没有提成规则。",
        "No commission rule is published for the post {given}.",
        409,
    ),
    "already_assessed": Text(
        "已有考核", "Already assessed", "此人此期间已有考核。", "There is an assessment of them for that period.", 409
    ),
    "already_proposed": Text(
        "已有提成单", "Already proposed", "此人此月已有提成单。", "There is a commission of them for that month.", 409
    ),
    "period_not_begun": Text("期间未开始", "Period not begun", "考核期间尚未开始。", "The period has not begun.", 422),
    "rates_not_asked": Text(
        "不能评价",
        "Not asked to rate",
        "只有被邀请的评价人，或以上级身份评价的汇报线上级，可以评价；不能评价自己。",
        "Who is asked to rate may, and as superior the reporting line; nobody rates themselves.",
        403,
    ),
    "only_the_person": Text(
        "只能本人操作", "Only the person", "只有本人可以确认或申诉。", "Only the person themself may do that.", 403
    ),
    "unknown_part": Text("没有这个考核项", "Unknown part", "没有考核项 {given}。", "There is no part {given}.", 422),
    "result_not_so_far": Text(
        "状态不符", "Not so far", "当前状态为 {given}，不能这样做。", "It is {given}: that is not possible.", 409
    ),
    "before_assessment": Text(
        "早于考核", "Before the assessment", "那时还没有这项考核。", "The assessment was not there then.", 409
    ),
    "before_commission": Text(
        "早于提成单", "Before the commission", "那时还没有这张提成单。", "The commission was not there then.", 409
    ),
}
