"""What the refusals of company are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "below_zero": Text("金额为负", "Below zero", "只有利润可以为负。", "Only a profit may be below 0.", 422),
    "customer_missing": Text(
        "没有写明客户", "No customer", "客户采购总额须写明客户。", "What a customer spends names the customer.", 422
    ),
    "no_customer": Text(
        "不属于客户", "Of no customer", "公司数据不属于某一客户。", "That figure is of no customer.", 422
    ),
    "figure_taken": Text(
        "数据已存在",
        "Already recorded",
        "该单位（或客户）此期间的这项数据已记录：请更正它，或作废后重录。",
        "That figure of the unit, or customer, and period is recorded: correct it, or void it and record it anew.",
        409,
    ),
    "figure_void": Text(
        "数据已作废",
        "Taken back",
        "该编号的数据已作废，请用另一编号重录。",
        "The figure of that key was taken back: record it under another key.",
        409,
    ),
    "another_figure": Text(
        "编号已用于另一数据",
        "The key is of another figure",
        "该编号已用于另一项数据，期间、单位、客户或币种不同。",
        "Under that key a figure of another kind, period, unit, customer or currency is known.",
        409,
    ),
    "unknown_account": Text("没有这个客户", "Unknown customer", "没有这个客户。", "There is no such customer.", 422),
}
