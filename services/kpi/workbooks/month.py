"""What stands in the month's workbook: overview, twelve months, branches, people, and how each figure is reckoned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.kpi.engine.definition import Chosen
from services.kpi.engine.values import Value
from services.kpi.workbooks.book import Book, Cell, Column, Kind
from shared.http.problem import Language

OVERVIEW: Final = (
    "orders", "deliveries", "reported", "net_orders", "order_amount", "new_records", "prospect_conversion",
    "cohort_signing", "stock_signing_month", "stock_signing_90", "defeat_rate", "defeat_clarity", "revival_rate",
    "delivery_rate", "cancellation_rate", "order_cover", "record_rate", "cost_per_order", "visit_compliance",
    "follow_up_timeliness", "receivables_open", "receivables_overdue", "forecast_deviation",
)  # fmt: skip
"""KPIs of the first sheet, in the order of a director's questions."""
TREND: Final = ("orders", "deliveries", "reported", "net_orders", "new_records", "prospect_conversion", "defeat_rate")
BY_GROUP: Final = (
    "orders", "deliveries", "net_orders", "new_records", "prospect_conversion", "defeat_rate", "cancellation_rate",
)  # fmt: skip
SHOWN: Final = tuple(dict.fromkeys((*OVERVIEW, *TREND, *BY_GROUP)))
PLANNED: Final = frozenset(("orders", "deliveries", "reported"))
"""Shown with target and attainment beside them."""

WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh-CN": {
        "title": "大客户销售月报", "overview": "概览", "trend": "近十二个月", "branches": "分公司", "people": "人员",
        "about": "口径说明", "kpi": "指标", "currency": "币种", "value": "实际", "target": "目标",
        "attainment": "达成率",
        "gap": "差距", "previous": "上月", "last_year": "去年同月", "official": "月结数", "restated": "重述数",
        "difference": "重述差异", "month": "月份", "branch": "分公司", "person": "姓名", "none": "（空）",
        "formula": "算法", "unit": "计量", "state": "备注", "no_source": "尚无数据来源", "zero_denominator": "分母为零",
        "of_target": "{name}目标", "of_attainment": "{name}达成率", "orders_chart": "订单：实际与目标（台）",
        "open": "未月结", "closed": "已月结", "as_of": "截至", "position": "日志位置", "by": "导出人",
    },
    "en": {
        "title": "Key-account sales: the month", "overview": "Overview", "trend": "Twelve months",
        "branches": "Branches", "people": "People", "about": "Definitions", "kpi": "KPI", "currency": "Currency",
        "value": "Actual", "target": "Target", "attainment": "Attainment", "gap": "Gap", "previous": "Month before",
        "last_year": "Same month last year", "official": "Official", "restated": "Restated",
        "difference": "Difference", "month": "Month", "branch": "Branch", "person": "Name", "none": "(blank)",
        "formula": "Formula", "unit": "Counts", "state": "Remark", "no_source": "no source yet",
        "zero_denominator": "denominator is zero", "of_target": "{name}: target", "of_attainment": "{name}: attained",
        "orders_chart": "Orders: actual and target (units)", "open": "not closed yet", "closed": "closed",
        "as_of": "As of", "position": "Log position", "by": "Taken by",
    },
}  # fmt: skip


COUNTED: Final[Mapping[str, str]] = {
    "prospects": "潜客", "deals": "单", "units": "台", "money": "金额", "leads": "线索", "visitors": "人次",
    "visits": "走访", "duties": "任务", "requests": "申请", "accounts": "客户", "records": "档案", "entries": "笔",
    "points": "分", "calls": "次", "answers": "份", "complaints": "件",
}  # fmt: skip
"""What a KPI counts, in Chinese."""


@dataclass(frozen=True, slots=True)
class Month:
    """The figures of one month. `official`: of a closed month, by KPI and currency; `labels`: names of groups."""

    subtitle: str
    chosen: Sequence[Chosen]
    overview: Sequence[Value]
    official: Mapping[tuple[str, str | None], Decimal | None]
    trend: Sequence[Value]
    branches: Sequence[Value]
    people: Sequence[Value]
    labels: Mapping[str, str]
    about: Sequence[tuple[str, str]]


def written(month: Month, language: Language) -> tuple[bytes, int]:
    """The workbook, and how many rows of figures are in it."""
    words = WORDS[language]
    book = Book(author="Dakehu", title=words["title"])
    names = {one.definition.id: one.definition.zh if language == "zh-CN" else one.definition.en for one in month.chosen}
    rows = _overview(book, month, words, names)
    rows += _trend(book, month, words, names)
    rows += _groups(book, month, words, names, month.branches, "branches", "branch")
    rows += _groups(book, month, words, names, month.people, "people", "person")
    _about(book, month, words, names, language)
    return book.done(), rows


def kind_of(figure: Value) -> Kind:
    """How a value is shown."""
    definition = figure.chosen.definition
    if definition.value_is_money:
        return "money"
    match definition.kind:
        case "sum":
            return "whole"
        case "ratio" | "growth":
            return "rate"
        case _:
            return "number"


def _overview(book: Book, month: Month, words: Mapping[str, str], names: Mapping[str, str]) -> int:
    sheet = book.sheet(words["overview"], words["title"], month.subtitle)
    columns = (
        Column(words["kpi"], width=30), Column(words["currency"], width=8), Column(words["value"], "number", 14),
        Column(words["target"], "number", 14), Column(words["attainment"], "rate", judged=True),
        Column(words["gap"], "number", 14), Column(words["previous"], "number", 14),
        Column(words["last_year"], "number", 14), Column(words["official"], "number", 14),
        Column(words["restated"], "number", 14), Column(words["difference"], "number", 14),
        Column(words["state"], width=20),
    )  # fmt: skip
    rows: list[Sequence[Cell]] = []
    for figure in month.overview:
        fixed = month.official.get((figure.chosen.definition.id, figure.currency))
        restated = figure.value if fixed is not None else None
        rows.append(
            (
                names[figure.chosen.definition.id],
                figure.currency or "",
                figure.value,
                figure.target,
                figure.attainment,
                figure.gap,
                figure.previous,
                figure.same_period_last_year,
                fixed,
                restated,
                None if fixed is None or restated is None else restated - fixed,
                words.get(figure.state, ""),
            )
        )
    sheet.table(columns, rows, kinds=[kind_of(figure) for figure in month.overview], freeze=True)
    return len(rows)


def _trend(book: Book, month: Month, words: Mapping[str, str], names: Mapping[str, str]) -> int:
    sheet = book.sheet(words["trend"], f"{words['title']} · {words['trend']}", month.subtitle)
    columns = [Column(words["month"], width=12)]
    for kpi in TREND:
        columns.append(Column(names[kpi], _kind(month, kpi), 13))
        if kpi in PLANNED:
            columns.append(Column(words["of_target"].format(name=names[kpi]), "whole", 13))
    by: dict[str, dict[str, Value]] = {}
    for figure in month.trend:
        by.setdefault(figure.period.key, {})[figure.chosen.definition.id] = figure
    rows: list[Sequence[Cell]] = []
    for key, figures in by.items():
        cells: list[Cell] = [key]
        for kpi in TREND:
            cells.append(figures[kpi].value)
            if kpi in PLANNED:
                cells.append(figures[kpi].target)
        rows.append(cells)
    block = sheet.table(columns, rows, freeze=True)
    sheet.chart(block, words["orders_chart"], ((1, "column"), (2, "line")))
    return len(rows)


def _groups(
    book: Book,
    month: Month,
    words: Mapping[str, str],
    names: Mapping[str, str],
    figures: Sequence[Value],
    title: str,
    dimension: str,
) -> int:
    sheet = book.sheet(words[title], f"{words['title']} · {words[title]}", month.subtitle)
    columns = [Column(words[dimension], width=22)]
    for kpi in BY_GROUP:
        columns.append(Column(names[kpi], _kind(month, kpi), 12))
        if kpi in PLANNED:
            columns.append(Column(words["of_target"].format(name=names[kpi]), "whole", 12))
            columns.append(Column(words["of_attainment"].format(name=names[kpi]), "rate", 11, judged=True))
    by: dict[str | None, dict[str, Value]] = {}
    for figure in figures:
        by.setdefault(figure.keys[0], {})[figure.chosen.definition.id] = figure
    rows: list[Sequence[Cell]] = []
    for key in sorted(by, key=lambda key: (key is None, month.labels.get(key or "", ""))):
        cells: list[Cell] = [words["none"] if key is None else month.labels.get(key, key)]
        for kpi in BY_GROUP:
            one = by[key].get(kpi)
            cells.append(None if one is None else one.value)
            if kpi in PLANNED:
                cells += [None if one is None else one.target, None if one is None else one.attainment]
        rows.append(cells)
    sheet.table(columns, rows, freeze=True)
    return len(rows)


def _about(book: Book, month: Month, words: Mapping[str, str], names: Mapping[str, str], language: Language) -> None:
    sheet = book.sheet(words["about"], f"{words['title']} · {words['about']}", month.subtitle)
    shown = [
        (
            names[one.definition.id],
            one.definition.what_zh if language == "zh-CN" else one.definition.what_en,
            COUNTED.get(one.definition.unit, "") if language == "zh-CN" else one.definition.unit,
        )
        for one in month.chosen
    ]
    sheet.table(
        (Column(words["kpi"], width=30), Column(words["formula"], width=90), Column(words["unit"], width=14)),
        shown,
        freeze=True,
    )
    for name, value in month.about:
        sheet.note(f"{words[name]}: {value}")


def _kind(month: Month, kpi: str) -> Kind:
    """How a KPI's column is shown; a KPI without any figure as a number."""
    found = next((figure for figure in month.overview if figure.chosen.definition.id == kpi), None)
    return "number" if found is None else kind_of(found)
