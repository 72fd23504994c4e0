"""The matrix and its targets for reporting: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from services.kpi.month import later, said
from services.kpi.reporting.commands import ReportIntelligence
from services.kpi.reporting.events import ReportKind
from services.kpi.reporting.intelligence import CustomerReport, Intelligence
from services.kpi.reporting.work_report import WorkReport
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2025, 10, 6, 2, tzinfo=UTC)
DAY = date(2025, 10, 6)
_number = count(1)

OWN_DOING = {**who.acting(who.COMPANY - {who.AUDITOR}), who.OTHER_TENANT: "done"}
"""What everybody hands in for themselves, in their own company."""
BY_AUTHOR = who.acting({who.OWNER, who.DEPUTY}, {who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL})
ABOVE = who.acting({who.REGION, who.DIRECTOR, who.NO_PERSONAL}, {who.OWNER, who.PLACE, who.DEPUTY})
HEADS = who.acting({who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL}, {who.OWNER, who.DEPUTY})
ISSUING = {**who.reserved({who.DIRECTOR, who.NO_PERSONAL}), who.OTHER_TENANT: "no such"}


def _another_day(_: Any) -> dict[str, Any]:
    """Nobody hands in the same report twice."""
    return {"done": "好", "day": (date(2025, 1, 1) - timedelta(days=next(_number))).isoformat()}


def _another_month(_: Any) -> dict[str, Any]:
    return {"done": "好", "month": said(later(date(2025, 1, 1), -next(_number)))}


def _report(body: Any, expect: who.Pattern = who.RECORD_CHANGE) -> Row:
    return Row(expect, "work_report.handed_in", body)


def _item(body: Any, expect: who.Pattern = who.RECORD_CHANGE) -> Row:
    return Row(expect, "intelligence.urgent", body)


ITEM = {"category": "market", "title": "新厂开工"}

ROWS: dict[str, Row] = {
    "work_reports.list": listed(),
    "work_reports.hand_in_list": listed(),
    "work_reports.read": Row(who.RECORD_READ, "work_report.handed_in"),
    "work_reports.hand_in_daily": Row(OWN_DOING, body=_another_day, matched=False),
    "work_reports.hand_in_monthly": Row(OWN_DOING, body=_another_month, matched=False),
    "work_reports.revise": _report({"done": "更好"}, BY_AUTHOR),
    "work_reports.review": _report({"result": "accepted"}, who.APPROVAL),
    "work_reports.correct": _report({"version": 1, "changes": {"handed_in_on": "2025-10-07"}, "reason": "错"}),
    "work_reports.void": _report({"version": 1, "reason": "错"}),
    "work_reports.publish_duties": Row(who.PUBLISHING, body={"effective_from": "2031-01-01"}, matched=False),
    "intelligence.list": listed(),
    "intelligence.list_reports": listed(),
    "intelligence.read": Row(who.RECORD_READ, "intelligence.urgent"),
    "intelligence.report": Row(OWN_DOING, body=ITEM, matched=False),
    "intelligence.acknowledge": _item({}, ABOVE),
    "intelligence.discuss": _item({"outcome": "issue"}, HEADS),
    "intelligence.correct": _item({"version": 1, "changes": {"title": "改名"}, "reason": "错"}),
    "intelligence.void": _item({"version": 1, "reason": "错"}),
    "intelligence.issue_report": Row(
        ISSUING,
        "intelligence.urgent",
        lambda target: {"month": said(later(date(2025, 1, 1), -next(_number))), "item_ids": [target.id]},
        matched=False,
    ),
    "intelligence.read_report": Row(who.OWN_COMPANY, "customer_report"),
}


async def work_report(world: World) -> Target:
    """A fresh daily report of b00.a."""
    made = WorkReport.hand_in(
        ReportKind.DAILY, DAY, id=uuid4(), owner_id=id_of("b00.a"), unit_id=id_of("b00"), at=AT, day=DAY
    )
    await world.append(0, [made], actor="b00.a")
    return Target(str(made.id), made.version)


async def intelligence(world: World) -> Target:
    """A fresh urgent item of b00.a."""
    saying = ReportIntelligence.model_validate({**ITEM, "urgency": "urgent"})
    made = Intelligence.report(saying, id=uuid4(), owner_id=id_of("b00.a"), unit_id=id_of("b00"), at=AT, day=DAY)
    await world.append(0, [made], actor="b00.a")
    return Target(str(made.id), made.version)


async def customer_report(world: World) -> Target:
    """The issued report of a month nobody else has asked about."""
    month = later(date(1990, 1, 1), next(_number))
    made = CustomerReport.issued(
        None, month, [uuid4()], tenant_id=world.tenants[0], by=id_of("director"), at=AT, day=DAY
    )
    await world.append(0, [made])
    await world.fold()
    return Target(said(month), made.version)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    "work_report.handed_in": work_report,
    "intelligence.urgent": intelligence,
    "customer_report": customer_report,
}
