"""What the refusals of lead plans are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "lead_plan_exists": Text(
        "已有集客计划", "Lead plan already made", "该单位该月已有集客计划。", "The unit's month has a lead plan.", 409
    ),
    "lead_plan_issued": Text(
        "计划已下达",
        "Plan was issued",
        "计划已下达，只能按编号调整。",
        "The plan is in force: change it by number.",
        409,
    ),
    "lead_plan_not_issued": Text(
        "计划尚未下达", "Plan not issued", "计划仍是草案。", "The plan is still a draft.", 409
    ),
    "no_order_target": Text(
        "没有订单目标",
        "No order target",
        "该单位该月没有订单目标，请在 order_units 中给出。",
        "The unit has no order target of that month: state order_units.",
        422,
    ),
    "target_given": Text(
        "订单目标由计划给出",
        "A plan gives the order target",
        "该单位该月的订单目标由计划给出，不能另行填写。",
        "A plan or split gives the unit's order target: it cannot be stated here.",
        422,
    ),
    "no_rate": Text(
        "缺少转化率",
        "A rate is missing",
        "没有可用的 {rate}（渠道 {channel}），请在 rates 中给出。",
        "There is no {rate} (channel {channel}) to go by: state it in rates.",
        422,
    ),
    "rate_twice": Text("转化率重复", "Rate given twice", "同一转化率只能给一次。", "A rate is given twice.", 422),
    "channel_of_rate": Text(
        "渠道有误",
        "Channel of a rate",
        "lead_to_record 与 record_mix 须注明渠道，其余不能有渠道。",
        "lead_to_record and record_mix name a channel, the others none.",
        422,
    ),
    "channel_twice": Text("渠道重复", "Channel given twice", "渠道 {given} 重复。", "{given} is given twice.", 422),
    "currency_of_budgets": Text(
        "预算须有币种",
        "Budgets have a currency",
        "预算与币种须同时填写。",
        "A budget and its currency go together.",
        422,
    ),
    "no_such_week": Text("没有这一周", "No such week", "该月没有第 {week} 周。", "The month has no week {week}.", 422),
    "week_ahead": Text(
        "这一周尚未开始", "The week has not begun", "第 {week} 周尚未开始。", "Week {week} has not begun.", 422
    ),
}
