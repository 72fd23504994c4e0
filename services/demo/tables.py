"""The three tables people work with, drawn in a terminal from the answers of the API. Computes no figure of its own."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

HOT_ROWS = 15
REASON_ROWS = 12
ORDER_OF_LEVELS = "NCBAHO"


def pipeline_table(report: dict[str, Any]) -> Table:
    """漏斗 by declared level: N C B A H O."""
    table = Table(title=f"漏斗 pipeline board · {report['as_of'][:10]}", title_justify="left")
    for heading in ("级别 level", "商机 count", "台 units", "金额 amount", "加权 weighted"):
        table.add_column(heading, justify="left" if "level" in heading else "right")
    rows = sorted(
        (row for row in report["rows"] if row["level"] in ORDER_OF_LEVELS),
        key=lambda row: (row["currency"], ORDER_OF_LEVELS.index(row["level"])),
    )
    for row in rows:
        table.add_row(
            row["level"],
            f"{row['count']:,}",
            f"{row['units']:,}",
            _money(row["amount"], row["currency"]),
            _money(row["weighted_amount"], row["currency"]),
            end_section=row["level"] == "H",
        )
    return table


def hot_customers_table(report: dict[str, Any]) -> Table:
    """热点客户管理表, the first rows: overdue first, then days left."""
    rows = report["rows"]
    table = Table(title=f"热点客户管理表 hot customers · {len(rows)} · {report['as_of'][:10]}", title_justify="left")
    for heading, justify in (
        ("客户 account", "left"),
        ("台", "right"),
        ("金额", "right"),
        ("级别", "left"),
        ("预计成交", "left"),
        ("剩余天", "right"),
        ("推迟", "right"),
        ("最近走访", "left"),
        ("跟进逾期", "right"),
        ("障碍 obstacle", "left"),
        ("负责人", "left"),
        ("单位", "left"),
    ):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="ellipsis", no_wrap=True)
    for row in rows[:HOT_ROWS]:
        table.add_row(
            row["account"] or row["title"] or "",
            str(row["units"]),
            _money(row["amount"], row["currency"]),
            f"{row['level_before']}→{row['level']}",
            row["expected_on"] or "",
            "" if row["days_left"] is None else str(row["days_left"]),
            str(row["times_slipped"]),
            row["last_visit_on"] or "",
            str(row["follow_up_days_overdue"] or ""),
            row["obstacle"] or "",
            row["owner"] or "",
            row["unit"] or "",
            style="red" if row["overdue"] else None,
        )
    return table


def defeats_table(analysis: dict[str, Any]) -> Table:
    """战败客户分析表 by main reason: count, share, cumulative share, mentions."""
    table = Table(title="战败客户分析表 defeat analysis", title_justify="left")
    for heading, justify in (
        ("主因 main reason", "left"),
        ("战败 count", "right"),
        ("占比 share", "right"),
        ("累计 cumulative", "right"),
        ("台 units", "right"),
        ("金额 amount", "right"),
        ("提及 mentions", "right"),
    ):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for row in analysis["rows"][:REASON_ROWS]:
        table.add_row(
            f"{row['category_label']} · {row['reason_label']}",
            str(row["count"]),
            _share(row["share"]),
            _share(row["cumulative_share"]),
            str(row["units"]),
            "  ".join(_money(part["amount"], part["currency"]) for part in row["amounts"]),
            str(row["mentions"] or ""),
        )
    return table


def print_tables(
    console: Console, pipeline: dict[str, Any], hot_customers: dict[str, Any], defeats: dict[str, Any]
) -> None:
    """All three, one below the other."""
    for table in (pipeline_table(pipeline), hot_customers_table(hot_customers), defeats_table(defeats)):
        console.print()
        console.print(table)


def _money(amount: str | None, currency: str) -> str:
    """Ten thousands (万) for readers of Chinese tables; the API has every cent."""
    return "" if amount is None else f"{currency} {float(amount) / 10_000:,.1f} 万"


def _share(share: float | str | None) -> str:
    return "" if share is None else f"{float(share):.1%}"
