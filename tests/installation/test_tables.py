"""The tables the sample prints: whole figures and days in the narrowest terminal, more columns in a wider one."""

from __future__ import annotations

from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console

from services.demo.tables import print_tables

AS_OF = "2026-11-21T21:18:49.737252+00:00"
"""In the zone it is the next day."""
LEVELS = [
    {"currency": currency, "level": level, "count": 2_477, "units": 2_495, "amount": "56524000", "weighted_amount": "0"}
    for currency in ("CNY", "USD")
    for level in ("N", "C", "B", "A", "H", "O", "overdue")
]
HOT = {
    "account": "北京云腾公务用车服务中心",
    "title": None,
    "units": 120,
    "amount": "42290000.00",
    "currency": "CNY",
    "level_before": "A",
    "level": "H",
    "expected_on": "2025-10-20",
    "days_left": -398,
    "times_slipped": 1,
    "last_visit_on": "2025-10-08",
    "follow_up_days_overdue": 408,
    "obstacle": "指定竞品车型",
    "owner": "赵子轩",
    "unit": "北京分公司",
    "overdue": True,
}
DEFEAT = {
    "category_label": "集团与项目",
    "reason_label": "预算取消或推迟",
    "count": 1_036,
    "share": 0.013,
    "cumulative_share": 1.0,
    "units": 1_099,
    "amounts": [{"currency": "CNY", "amount": "195430000"}, {"currency": "USD", "amount": "12"}],
    "mentions": 39,
}


def report(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"rows": rows, "as_of": AS_OF}


def printed(width: int) -> str:
    console = Console(file=StringIO(), width=width)
    print_tables(console, report(LEVELS), report([HOT] * 19), report([DEFEAT] * 2), ZoneInfo("Asia/Shanghai"))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 90, 100, 116, 120, 140, 160])
def test_figures_and_days_are_never_cut(width: int) -> None:
    text = printed(width)
    assert max(map(cell_len, text.splitlines())) <= width
    for whole in ("2,477", "CNY 5,652.4 万", "CNY 4,229.0 万", "A→H", "2025-10-20", "-398", "赵子轩", "1036", "1.3%"):
        assert whole in text
    for whole in ("100.0%", "CNY 19,543.0 万", "USD 0.0 万", "15 of 19"):
        assert whole in text
    assert text.count(" · 2026-11-22") == 3


def test_a_wide_terminal_shows_every_column() -> None:
    assert "北京云腾公务用车服务中心" not in printed(80)
    for shown in ("北京云腾公务用车服务中心", "2025-10-08", "408", "指定竞品车型", "北京分公司", "39"):
        assert shown in printed(160)
