"""What the refusals of filings are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "before_filing": Text(
        "早于提报", "Before the filing", "那时还没有这份提报。", "The filing was not there then.", 409
    ),
    "filing_number_taken": Text(
        "提报编号已被使用", "Filing number taken", "已有提报使用编号 {number}。", "There is a filing {number}.", 409
    ),
    "filing_status": Text(
        "提报状态不允许",
        "Not in this status",
        "提报的状态是 {status_now}，现在不能这样做。",
        "The filing is {status_now}: that is not possible now.",
        409,
    ),
    "no_filed_lines": Text(
        "提报没有明细", "Nothing filed", "提报至少要有一行产品。", "A filing has at least one line.", 422
    ),
    "line_filed_twice": Text(
        "明细重复", "Line filed twice", "第 {line} 行填写了两次。", "Line {line} is given twice.", 422
    ),
    "not_on_filing": Text(
        "提报中没有这一行", "Not on the filing", "提报没有第 {line} 行。", "The filing has no line {line}.", 422
    ),
    "vin_reported": Text(
        "车架号已上报", "VIN reported already", "车架号 {vin} 已上报过。", "The VIN {vin} was reported already.", 409
    ),
    "vin_twice": Text(
        "车架号重复", "VIN given twice", "车架号 {vin} 填写了两次。", "The VIN {vin} is given twice.", 422
    ),
    "vin_status": Text(
        "该车上报状态不允许",
        "Report not in this status",
        "车架号 {vin} 没有待厂家答复的上报。",
        "No report of {vin} waits for the manufacturer's answer.",
        409,
    ),
    "vin_not_delivered": Text(
        "未交付此车",
        "This unit was not delivered",
        "第 {line} 行已交付的车辆中没有车架号 {vin}，请核对。",
        "{vin} is none of the units delivered of line {line}: check the VIN.",
        422,
    ),
    "not_delivered": Text(
        "尚未交车",
        "Not delivered",
        "第 {line} 行到 {on} 只交付了 {delivered} 台。",
        "Of line {line} only {delivered} units were delivered by {on}.",
        409,
    ),
    "more_than_filed": Text(
        "超出提报台数", "More than filed", "第 {line} 行只提报了 {units} 台。", "Line {line} files {units} units.", 409
    ),
    "delivery_unknown": Text(
        "无法确定交车日期",
        "Day of delivery unknown",
        "第 {line} 行分几天交车，请写明该车的交车日期。",
        "Line {line} was delivered on several days: say on which this unit was.",
        422,
    ),
    "reported_before_delivery": Text(
        "上报早于交车",
        "Reported before delivery",
        "交车之后才能上报。",
        "A unit is reported after it is delivered.",
        422,
    ),
    "support_reference_taken": Text(
        "返利单号已被使用",
        "Claim reference taken",
        "这份提报已有返利单号 {ref}。",
        "The filing has a claim {ref} already.",
        409,
    ),
    "unknown_support": Text(
        "没有这笔返利", "Unknown claim", "这份提报没有返利单号 {ref}。", "The filing has no claim {ref}.", 422
    ),
    "support_status": Text(
        "返利状态不允许",
        "Claim not in this status",
        "返利 {ref} 的状态是 {status_now}，现在不能这样做。",
        "The claim {ref} is {status_now}: that is not possible now.",
        409,
    ),
    "more_than_accepted": Text(
        "超过已核准的返利",
        "More than was accepted",
        "返利 {ref} 只剩 {left} 未付。",
        "Only {left} of the claim {ref} is not paid yet.",
        409,
    ),
    "nothing_to_claim": Text(
        "没有可申请返利的车辆",
        "Nothing to claim for",
        "没有上报已被接受、尚未申请返利的车辆。",
        "No unit's report was accepted that is not claimed for already.",
        409,
    ),
    "not_claimable": Text(
        "该车不能申请返利",
        "Not claimable",
        "车架号 {vin} 的上报未被接受，或已在返利 {ref} 中。",
        "The report of {vin} was not accepted, or {ref} claims for it already.",
        409,
    ),
}
