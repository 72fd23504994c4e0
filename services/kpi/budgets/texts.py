"""What the refusals of budgets are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "budget_there": Text(
        "预算已存在",
        "There is a budget",
        "该单位这一年已有这一币种的预算。",
        "That unit has a budget of that year and currency.",
        409,
    ),
    "category_twice": Text(
        "科目重复", "Category given twice", "科目 {given} 只能写一次。", "{given} may be given once.", 422
    ),
    "unknown_category": Text(
        "预算没有这个科目", "Unknown category", "预算里没有科目 {given}。", "The budget has no {given}.", 422
    ),
    "finance_missing": Text(
        "没有财务人员",
        "Finance is missing",
        "质询会须有财务人员参加。",
        "Somebody of finance takes part in an inquiry.",
        422,
    ),
    "inquiry_missing": Text(
        "尚未质询", "No inquiry yet", "与财务质询之后才能批准。", "It is approved once finance was asked about it.", 409
    ),
    "budget_returned": Text(
        "预算已退回", "Budget returned", "预算已退回，请先修改。", "It was given back: revise it first.", 409
    ),
    "budget_decided": Text(
        "预算已批准", "Budget approved", "预算已批准，请作变更。", "The budget was approved: amend it.", 409
    ),
    "budget_not_approved": Text(
        "预算未批准", "Budget not approved", "预算那时还没有批准。", "The budget was not approved then.", 409
    ),
    "below_use": Text(
        "低于已用数",
        "Below what is used",
        "科目 {given} 已用 {used}，不能低于此数。",
        "{used} of {given} are used already.",
        409,
    ),
    "beyond_budget": Text(
        "超出预算", "Beyond the budget", "科目 {given} 只剩 {left}。", "Only {left} of {given} are left.", 409
    ),
    "no_budget": Text(
        "没有可用的预算",
        "No budget",
        "所在单位及上级没有 {year} 年已批准的预算。",
        "Your unit, and those above it, have no approved budget of {year}.",
        422,
    ),
    "untied_claim": Text(
        "没有对应的客户或拜访", "Untied claim", "请写明客户或拜访。", "Name the customer or the visit it was for.", 422
    ),
    "unknown_visit": Text("没有这次拜访", "Unknown visit", "没有这次拜访。", "There is no such visit.", 422),
    "visit_not_made": Text(
        "拜访尚未发生", "Visit not made", "这次拜访还没有记录。", "The visit was not logged yet.", 422
    ),
    "visit_elsewhere": Text(
        "拜访的是别的客户",
        "Another customer's visit",
        "那次拜访的是别的客户。",
        "The visit was to another customer.",
        422,
    ),
    "claim_moved_on": Text(
        "报销单状态不符",
        "Claim moved on",
        "报销单现在的状态是 {status_now}。",
        "The claim is {status_now} now.",
        409,
    ),
    "use_of_claim": Text(
        "请冲销报销单",
        "Reverse the claim",
        "预算的使用随报销单而定，请冲销那张报销单。",
        "A use goes with its claim: reverse the claim.",
        409,
    ),
}
