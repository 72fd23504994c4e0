"""What the refusals of orders on their way and of billing are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

ORDERS: dict[str, Text] = {
    "promise_in_the_past": Text(
        "交期已过",
        "Promised day gone by",
        "新交期不能早于变更当天。",
        "The new day comes no sooner than that day.",
        422,
    ),
    "nothing_to_come": Text(
        "没有待交付的台数", "Nothing to come", "已全部交付或退订。", "Everything was delivered or cancelled.", 409
    ),
    "more_than_to_ship": Text(
        "超过待发运台数",
        "More than to ship",
        "第 {line} 行只剩 {left} 台待发运。",
        "Line {line} has only {left} units to ship.",
        409,
    ),
    "more_than_delivered": Text(
        "超过已交付台数",
        "More than delivered",
        "第 {line} 行只有 {left} 台已交付而未安装。",
        "Line {line} has only {left} delivered units to install.",
        409,
    ),
    "more_serials_than_units": Text(
        "序列号多于台数",
        "More serials than units",
        "第 {line} 行只有 {units} 台，序列号更多。",
        "Line {line} moves {units} units and names more serials.",
        422,
    ),
    "duplicate_serial": Text(
        "序列号重复", "Duplicate serial", "序列号 {serial} 重复。", "{serial} is given twice.", 422
    ),
    "serial_delivered": Text(
        "该台已交付", "Serial delivered", "{serial} 已在此订单交付。", "{serial} was delivered on this order.", 409
    ),
    "serial_taken": Text(
        "序列号已交付",
        "Serial delivered elsewhere",
        "{serial} 已在另一订单交付。",
        "{serial} was delivered on another order.",
        409,
    ),
    "serial_cancelled": Text("该台已退订", "Serial cancelled", "{serial} 已退订。", "{serial} was cancelled.", 409),
    "serial_shipped": Text("该台已发运", "Serial shipped", "{serial} 已发运。", "{serial} was shipped already.", 409),
    "serial_installed": Text(
        "该台已安装", "Serial installed", "{serial} 已安装。", "{serial} was installed already.", 409
    ),
    "serial_not_delivered": Text(
        "该台未交付",
        "Serial not delivered",
        "{serial} 尚未在此行交付。",
        "{serial} was not delivered on this line.",
        409,
    ),
}

TEXTS: dict[str, Text] = {**ORDERS}
