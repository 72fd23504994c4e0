"""What operations on reporting need. Tests nothing itself."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from services.kpi.month import later, said
from tests.schemathesis.nouns.dealing import asked
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

WORDS: JSON = {"done": "走访两家"}
ITEM: JSON = {"category": "market", "urgency": "urgent", "title": "新厂开工"}
_chance = Random()  # of one person there is one report a day or month: another each time


def _day() -> JSON:
    return {**WORDS, "day": (date(2020, 1, 1) - timedelta(days=_chance.randrange(40_000))).isoformat()}


def _month() -> JSON:
    return {**WORDS, "month": said(later(date(2020, 1, 1), -_chance.randrange(1_400)))}


def _report(r: Records) -> Made:
    return r.tell("kpi", "/v1/work-reports/daily", _day())


def _item(r: Records) -> Made:
    return r.tell("kpi", "/v1/intelligence", ITEM)


def _on_report(body: JSON) -> Maker:
    return lambda r, _: on("report_id", _report(r), body)


def _on_item(body: JSON) -> Maker:
    return lambda r, _: on("item_id", _item(r), body)


MADE: dict[str, Maker] = {
    "work_reports.hand_in_daily": lambda r, _: Ready(body=_day()),
    "work_reports.hand_in_monthly": lambda r, _: Ready(body=_month()),
    "work_reports.read": lambda r, _: on("report_id", r.often("work report", lambda: _report(r))),
    "work_reports.revise": _on_report(WORDS),
    "work_reports.review": lambda r, _: on(
        "report_id", asked(r, "/v1/work-reports/daily", _day(), service="kpi"), {"result": "accepted"}
    ),
    "work_reports.correct": _on_report({"version": 1, "changes": {"handed_in_on": "2025-10-07"}, "reason": "错"}),
    "work_reports.void": _on_report({"version": 1, "reason": "错"}),
    "work_reports.publish_duties": lambda r, _: Ready(body={"effective_from": "2031-01-01"}),
    "intelligence.report": lambda r, _: Ready(body=ITEM),
    "intelligence.read": lambda r, _: on("item_id", r.often("intelligence", lambda: _item(r))),
    "intelligence.acknowledge": _on_item({}),
    "intelligence.discuss": _on_item({"outcome": "issue"}),
    "intelligence.correct": _on_item({"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "intelligence.void": _on_item({"version": 1, "reason": "错"}),
    "intelligence.issue_report": lambda r, _: Ready(body={"month": "2026-01", "item_ids": [_item(r).id]}),
    "intelligence.read_report": lambda r, _: Ready(path={"month": "2026-01"}),
}
