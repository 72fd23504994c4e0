"""The three tables people work with, drawn in a terminal from the answers of the API. Computes no figure of its own.

A terminal has 80 columns, or more: what is narrower than a table's columns leaves the lesser ones out, and only names
are cut short, never a figure or a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

HOT_ROWS = 15
REASON_ROWS = 12
ORDER_OF_LEVELS = "NCBAHO"

Row = Mapping[str, Any]


class Column(NamedTuple):
    """A column: what it shows of a row, and the width of terminal from which on it is shown."""

    heading: str
    shown: Callable[[Row], str]
    justify: Literal["left", "right"] = "right"
    width: int = 0
    cut: bool = False


def pipeline_table(report: dict[str, Any], zone: ZoneInfo, width: int) -> Table:
    """漏斗 by declared level: N C B A H O."""
    rows = sorted(
        (row for row in report["rows"] if row["level"] in ORDER_OF_LEVELS),
        key=lambda row: (row["currency"], ORDER_OF_LEVELS.index(row["level"])),
    )
    columns = (
        Column("级别 level", lambda row: row["level"], "left"),
        Column("商机 count", lambda row: f"{row['count']:,}"),
        Column("台 units", lambda row: f"{row['units']:,}"),
        Column("金额 amount", lambda row: _money(row["amount"], row["currency"])),
        Column("加权 weighted", lambda row: _money(row["weighted_amount"], row["currency"])),
    )
    title = f"漏斗 pipeline board · {_day(report, zone)}"
    return _table(title, columns, rows, width, ends=lambda row: row["level"] in "HO")


def hot_customers_table(report: dict[str, Any], zone: ZoneInfo, width: int) -> Table:
    """热点客户管理表, the first rows: overdue first, then days left."""
    rows = report["rows"]
    columns = (
        Column("客户 account", lambda row: row["account"] or row["title"] or "", "left", cut=True),
        Column("台", lambda row: str(row["units"])),
        Column("金额", lambda row: _money(row["amount"], row["currency"])),
        Column("级别", lambda row: f"{row['level_before']}→{row['level']}", "left"),
        Column("预计成交", lambda row: row["expected_on"] or "", "left"),
        Column("剩余天", lambda row: "" if row["days_left"] is None else str(row["days_left"])),
        Column("推迟", lambda row: str(row["times_slipped"]), width=116),
        Column("最近走访", lambda row: row["last_visit_on"] or "", "left", width=116),
        Column("跟进逾期", lambda row: str(row["follow_up_days_overdue"] or ""), width=116),
        Column("障碍 obstacle", lambda row: row["obstacle"] or "", "left", width=140, cut=True),
        Column("负责人", lambda row: row["owner"] or "", "left"),
        Column("单位", lambda row: row["unit"] or "", "left", width=140, cut=True),
    )
    return _table(
        f"热点客户管理表 hot customers · {_of(HOT_ROWS, rows)} · {_day(report, zone)}",
        columns,
        rows[:HOT_ROWS],
        width,
        style=lambda row: "red" if row["overdue"] else None,
    )


def defeats_table(analysis: dict[str, Any], zone: ZoneInfo, width: int) -> Table:
    """战败客户分析表 by main reason: count, share, cumulative share, mentions."""
    rows = analysis["rows"]
    columns = (
        Column("主因\nmain reason", lambda row: f"{row['category_label']} · {row['reason_label']}", "left", cut=True),
        Column("战败\ncount", lambda row: str(row["count"])),
        Column("占比\nshare", lambda row: _share(row["share"])),
        Column("累计\nsum", lambda row: _share(row["cumulative_share"])),
        Column("台\nunits", lambda row: str(row["units"])),
        Column(
            "金额\namount",
            lambda row: "\n".join(_money(part["amount"], part["currency"]) for part in row["amounts"]),
        ),
        Column("提及\nmentions", lambda row: str(row["mentions"] or ""), width=100),
    )
    title = f"战败客户分析表 defeat analysis · {_of(REASON_ROWS, rows)} · {_day(analysis, zone)}"
    return _table(title, columns, rows[:REASON_ROWS], width)


def print_tables(
    console: Console, pipeline: dict[str, Any], hot_customers: dict[str, Any], defeats: dict[str, Any], zone: ZoneInfo
) -> None:
    """All three, one below the other, with the days of this zone."""
    for table in (
        pipeline_table(pipeline, zone, console.width),
        hot_customers_table(hot_customers, zone, console.width),
        defeats_table(defeats, zone, console.width),
    ):
        console.print()
        console.print(table)


def _table(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Row],
    width: int,
    *,
    style: Callable[[Row], str | None] = lambda row: None,
    ends: Callable[[Row], bool] = lambda row: False,
) -> Table:
    shown = [column for column in columns if column.width <= width]
    table = Table(title=title, title_justify="left")
    for column in shown:
        table.add_column(column.heading, justify=column.justify, no_wrap=not column.cut)
    for row in rows:
        cells = (Text(column.shown(row), no_wrap=True, overflow="ellipsis") for column in shown)
        table.add_row(*cells, style=style(row), end_section=ends(row))
    return table


def _of(most: int, rows: Sequence[Row]) -> str:
    """How many rows there are, and of how many the first are shown."""
    return f"{len(rows)}" if len(rows) <= most else f"{most} of {len(rows)}"


def _day(report: Row, zone: ZoneInfo) -> date:
    """The calendar day a report is of: its instant is told in UTC."""
    return datetime.fromisoformat(report["as_of"]).astimezone(zone).date()


def _money(amount: str | None, currency: str) -> str:
    """Ten thousands (万) for readers of Chinese tables; the API has every cent."""
    return "" if amount is None else f"{currency} {float(amount) / 10_000:,.1f} 万"


def _share(share: float | str | None) -> str:
    return "" if share is None else f"{float(share):.1%}"
