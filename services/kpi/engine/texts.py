"""What the refusals of engine are called in Chinese and English. The codes are for ever."""

from __future__ import annotations

from shared.http.problem import Text

TEXTS: dict[str, Text] = {
    "unknown_kpi": Text("没有这个指标", "Unknown KPI", "没有指标“{kpi}”。", "There is no KPI “{kpi}”.", 422),
    "unknown_kpi_version": Text(
        "没有这个指标版本",
        "Unknown version of a KPI",
        "指标“{kpi}”没有第 {version} 版。",
        "The KPI “{kpi}” has no version {version}.",
        422,
    ),
    "unknown_kpi_parameter": Text(
        "没有这个指标参数",
        "Unknown parameter of a KPI",
        "指标“{kpi}”没有参数“{name}”。",
        "The KPI “{kpi}” has no parameter “{name}”.",
        422,
    ),
    "invalid_kpi_parameter": Text(
        "指标参数无效",
        "Invalid parameter of a KPI",
        "参数“{name}”应为 {least} 到 {most} 之间的整数，或一组代码。",
        "The parameter “{name}” is a whole number from {least} to {most}, or a set of codes.",
        422,
    ),
    "kpi_dimension": Text(
        "该指标不能这样分组",
        "The KPI is not told apart like this",
        "指标“{kpi}”不能按“{dimension}”分组或筛选。",
        "The KPI “{kpi}” cannot be grouped or filtered by {dimension}.",
        422,
    ),
    "too_many_periods": Text(
        "期间太多", "Too many periods", "一次最多 {most} 个期间。", "At most {most} periods at a time.", 422
    ),
    "kpi_has_no_denominator": Text(
        "该指标没有分母",
        "The KPI has no denominator",
        "指标“{kpi}”没有分母，只能查看分子的明细。",
        "The KPI “{kpi}” has no denominator; ask for the records of its numerator.",
        422,
    ),
}
