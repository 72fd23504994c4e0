"""What the refusals of orders on their way and of billing are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

ORDERS: dict[str, Text] = {
    "range_too_long": Text("区间过长", "Range too long", "一次最多 {most} 天。", "At most {most} days at a time.", 422),
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

MONEY: dict[str, Text] = {
    "before_recorded": Text(
        "早于登记", "Before it was recorded", "那时还没有这条记录。", "It was not on file then.", 409
    ),
    "stands_on_both": Text(
        "另一方也有记录",
        "Stands on both sides",
        "核销同时记在收款和发票上，请先撤销核销。",
        "The other record says it too: release the allocation.",
        409,
    ),
    "invoice_cancelled": Text("发票已作废", "Invoice cancelled", "发票已作废。", "The invoice was cancelled.", 409),
    "invoice_paid": Text(
        "发票已有核销", "Invoice paid", "已核销 {paid}，请先撤销。", "{paid} of it was paid: release it first.", 409
    ),
    "more_than_open": Text(
        "超过未结金额", "More than open", "发票只剩 {open} 未结。", "Only {open} of the invoice is open.", 409
    ),
    "not_allocated": Text(
        "没有这笔核销",
        "Not allocated",
        "该收款没有核销这张发票这么多。",
        "The receipt does not pay so much of that invoice.",
        409,
    ),
    "due_before_issued": Text(
        "到期日不对", "Due before issued", "到期日不能早于开票日。", "It is due before it was issued.", 422
    ),
    "invoice_number_taken": Text(
        "发票号已被使用",
        "Invoice number taken",
        "该开票主体已有此发票号。",
        "An invoice of this issuer has this number.",
        409,
    ),
    "account_missing": Text("缺少客户", "No account", "请说明由谁付款。", "Say who owes it.", 422),
    "unknown_invoice": Text(
        "没有这张发票",
        "Unknown invoice",
        "没有这张发票，或您看不到它。",
        "There is no such invoice, or you cannot see it.",
        422,
    ),
    "other_currency": Text(
        "币种不同", "Another currency", "收款与发票币种不同。", "The receipt and the invoice differ in currency.", 422
    ),
    "not_their_invoice": Text(
        "不是该客户的发票",
        "Another account's invoice",
        "发票由别的客户付款。",
        "Another account owes that invoice.",
        422,
    ),
    "receipt_returned": Text("款已退回", "Receipt returned", "款已退回。", "The money went back.", 409),
    "receipt_allocated": Text(
        "收款已有核销", "Receipt allocated", "请先撤销核销。", "It pays invoices: release it first.", 409
    ),
    "more_than_unallocated": Text(
        "超过未核销金额",
        "More than unallocated",
        "收款只剩 {unallocated} 未核销。",
        "Only {unallocated} of the receipt is unallocated.",
        409,
    ),
    "bank_reference_taken": Text(
        "银行流水号已登记", "Bank reference taken", "已有收款使用此流水号。", "A receipt has this bank reference.", 409
    ),
    "posting_differs": Text(
        "凭证内容不同",
        "Posting differs",
        "凭证 {posting} 以前的内容不同，请用冲销凭证更正。",
        "Posting {posting} was told otherwise: reverse it.",
        409,
    ),
}

TEXTS: dict[str, Text] = {**ORDERS, **MONEY}
