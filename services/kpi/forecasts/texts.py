"""What the refusals of forecasts are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "forecast_exists": Text(
        "已有预测", "Forecast already made", "此人该月已有预测，请修改。", "That month has a forecast: revise it.", 409
    ),
    "month_over": Text(
        "月份已过", "That month is over", "{month} 已经结束，不能再变更。", "{month} is over: it stays as it is.", 409
    ),
    "product_or_all": Text(
        "分产品与合计不能并存",
        "By product or for all",
        "{measure} 或分产品填写，或只填合计。",
        "{measure} is said by product, or for all, not both.",
        422,
    ),
    "not_your_forecast": Text(
        "只能由本人预测",
        "Only one's own",
        "预测由本人提出，主管可另作调整。",
        "A forecast is the person's own; the head adjusts it beside.",
        403,
    ),
}
