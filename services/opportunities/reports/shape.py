"""Whether a funnel has the shape of one (漏斗理论三种情况): thin top, bulge, thin bottom. Counts what the board counts.

The handbook names the three cases and no numbers: the parts and their bounds are ours, and may be given with the
question. Top are N and the policy's farthest level, bottom its hottest, the middle all between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from services.opportunities.policies.level_policy import NEW, ORDERED, OVERDUE, LevelPolicy
from services.opportunities.reports.asking import Asking, Reads, Row, rounded
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.pipeline import LevelKind, pipeline

GroupBy = Literal["owner", "org_unit", "branch", "region"]
DIMENSIONS: Mapping[GroupBy, None] = {"owner": None, "org_unit": None, "branch": None, "region": None}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Shares of the open stock; below `least` prospects a funnel has no shape."""

    top: Decimal = Decimal("0.40")
    middle: Decimal = Decimal("0.50")
    bottom: Decimal = Decimal("0.10")
    least: int = 5


TEXTS = {
    "thin_top": (
        "漏斗上口偏窄：新增与远期潜客占 {share}，低于 {bound}，后续将无单可推，请加强集客。",
        "Thin top: new and far prospects are {share}, below {bound}; there will be little to work on. Find new ones.",
    ),
    "bulge": (
        "漏斗中段鼓包：中间级别占 {share}，高于 {bound}，商机推不动，请逐条盘点并推进或处理。",
        "Bulge: the middle levels are {share}, above {bound}; deals are stuck. Review each: push it on or let it go.",
    ),
    "thin_bottom": (
        "漏斗下口偏窄：热点潜客占 {share}，低于 {bound}，近期订单不足，请推进临近成交的客户。",
        "Thin bottom: hot prospects are {share}, below {bound}; few orders are near. Push those that can be closed.",
    ),
    "too_few": (
        "在库潜客仅 {count} 条，不足 {least} 条，不作漏斗形状判断。",
        "Fewer prospects ({count}) than {least}: no finding on the shape.",
    ),
    "sound": ("漏斗形状正常。", "The funnel has its shape."),
}


async def shape(
    reads: Reads,
    asking: Asking,
    policy: LevelPolicy,
    labels: Labels,
    *,
    level: LevelKind = "declared",
    group_by: Sequence[GroupBy] = (),
    bounds: Bounds | None = None,
    filters: Filters | None = None,
) -> Row:
    """A row per group: counts and shares of the parts, and what is found, the worst first. Overdue is in no part."""
    bounds = bounds or Bounds()
    board = await pipeline(reads, asking, policy, labels, level=level, group_by=group_by, filters=filters)
    columns = [name for dimension in group_by for name in (dimension, f"{dimension}_label")]
    groups: dict[tuple[str | None, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in board["rows"]:
        if row["level"] != ORDERED:
            groups[tuple(row[name] for name in columns)][row["level"]] += row["count"]
    return {
        "rows": [
            {**dict(zip(columns, group, strict=True)), **_row(counts, policy, bounds)}
            for group, counts in groups.items()
        ]
    }


def _row(counts: dict[str, int], policy: LevelPolicy, bounds: Bounds) -> Row:
    codes = policy.codes
    last = codes[-1] if len(codes) > 1 else None
    parts = {"top": 0, "middle": 0, "bottom": 0}
    for code, count in counts.items():
        if code == OVERDUE:
            continue
        parts["top" if code in (NEW, last) else "bottom" if code == codes[0] else "middle"] += count
    stock = sum(parts.values())
    shares = {name: Decimal(count) / stock if stock else None for name, count in parts.items()}
    return {
        "count": stock,
        "overdue": counts.get(OVERDUE, 0),
        **parts,
        **{f"{name}_share": rounded(share) for name, share in shares.items()},
        "findings": _findings(parts, stock, bounds),
    }


def _findings(parts: dict[str, int], stock: int, bounds: Bounds) -> list[Row]:
    if stock < bounds.least or not stock:
        return [_finding("too_few", count=str(stock), least=str(bounds.least))]
    shares = {name: Decimal(count) / stock for name, count in parts.items()}
    off = [
        (bounds.top - shares["top"], "thin_top", shares["top"], bounds.top),
        (shares["middle"] - bounds.middle, "bulge", shares["middle"], bounds.middle),
        (bounds.bottom - shares["bottom"], "thin_bottom", shares["bottom"], bounds.bottom),
    ]
    found = sorted((one for one in off if one[0] > 0), key=lambda one: one[0], reverse=True)
    return [_finding(code, share=f"{share:.1%}", bound=f"{bound:.1%}") for _, code, share, bound in found] or [
        _finding("sound")
    ]


def _finding(code: str, **said: str) -> Row:
    zh, en = TEXTS[code]
    return {"code": code, "zh": zh.format(**said), "en": en.format(**said)}
