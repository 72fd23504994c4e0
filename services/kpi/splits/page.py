"""The personal target confirmation 个人目标确认书 as one printable page. Everything shown is escaped; loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Final

from services.kpi.words import MEASURES, STATUSES, VERDICTS, word

ZH: Final = "zh-CN"

PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 20mm; }}
body {{ font-family: "Noto Serif CJK SC", "Songti SC", SimSun, serif; color: #111; max-width: 170mm; margin: 10mm auto;
        line-height: 1.6; }}
h1 {{ text-align: center; font-size: 22pt; letter-spacing: .3em; margin: 0 0 8mm; }}
table {{ width: 100%; border-collapse: collapse; margin: 4mm 0 8mm; }}
th, td {{ border: 1px solid #333; padding: 2mm 3mm; text-align: left; vertical-align: top; }}
td.figure {{ text-align: right; font-variant-numeric: tabular-nums; }}
.facts th {{ width: 32mm; font-weight: normal; background: #f2f2f2; }}
.said {{ white-space: pre-wrap; }}
.sign {{ display: flex; justify-content: space-between; margin-top: 18mm; }}
.sign div {{ width: 45%; border-top: 1px solid #333; padding-top: 2mm; }}
footer {{ margin-top: 12mm; font-size: 9pt; color: #555; }}
</style>
</head>
<body>
<h1>个人目标确认书</h1>
<table class="facts">
{facts}
</table>
<table>
<thead><tr><th>指标</th><th>产品</th><th>目标</th><th>挑战目标</th></tr></thead>
<tbody>
{targets}
</tbody>
</table>
<p>本人已了解上述 {month} 目标，并承诺尽力完成。</p>
{objections}
<div class="sign"><div>本人签字：</div><div>日期：</div></div>
<div class="sign"><div>主管签字：</div><div>日期：</div></div>
<footer>编号 {id}，第 {version} 版；截至 {day}。</footer>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class TargetLine:
    """A target as text: measure (code), product's name, figures."""

    measure: str
    product: str | None
    target: str
    stretch: str | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Objection:
    """What was said against it, and the answer."""

    words: str | None
    wanted: Sequence[TargetLine]
    verdict: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class Paper:
    """All that stands on the page."""

    id: str
    version: int
    month: date
    person: str
    unit: str
    status: str
    number: int
    confirm_by: date
    confirmed_on: date | None
    targets: Sequence[TargetLine]
    objection: Objection | None
    day: date


def rendered(paper: Paper) -> str:
    """The whole document."""
    month = f"{paper.month.year} 年 {paper.month.month} 月"
    facts = [
        ("姓名", paper.person),
        ("单位", paper.unit),
        ("月份", month),
        ("状态", word(STATUSES, paper.status, ZH)),
        ("确认期限", _day(paper.confirm_by)),
    ]
    if paper.number:
        facts.append(("调整", f"第 {paper.number} 次调整"))
    if paper.confirmed_on is not None:
        facts.append(("确认日期", _day(paper.confirmed_on)))
    return PAGE.format(
        title=escape(f"个人目标确认书 {paper.person} {month}"),
        facts="\n".join(f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in facts),
        targets="\n".join(_row(one) for one in paper.targets),
        objections="" if paper.objection is None else _objection(paper.objection),
        month=escape(month),
        id=escape(paper.id),
        version=paper.version,
        day=_day(paper.day),
    )


def _row(one: TargetLine) -> str:
    return (
        f"<tr><td>{escape(word(MEASURES, one.measure, ZH))}</td><td>{escape(one.product or '全部')}</td>"
        f'<td class="figure">{_figure(one.target, one)}</td><td class="figure">{_figure(one.stretch, one)}</td></tr>'
    )


def _figure(text: str | None, one: TargetLine) -> str:
    return "" if text is None else escape(f"{text} {one.currency}" if one.currency else text)


def _objection(said: Objection) -> str:
    rows = [("异议", said.words or "")]
    if said.wanted:
        wanted = "；".join(
            f"{word(MEASURES, one.measure, ZH)} {one.target} {one.currency or ''}" for one in said.wanted
        )
        rows.append(("本人认为可行", wanted))
    if said.verdict is not None:
        rows.append(("答复", word(VERDICTS, said.verdict, ZH)))
        rows.append(("答复说明", said.answer or ""))
    cells = "\n".join(f'<tr><th>{name}</th><td class="said">{escape(text)}</td></tr>' for name, text in rows)
    return f'<table class="facts">\n{cells}\n</table>'


def _day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"
