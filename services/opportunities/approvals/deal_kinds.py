"""Defeats and freezes that wait for a decision: what of them waits, and what can be decided. Holds no rule of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

from services.opportunities.approvals.calls import LATEST_CALL, waits
from services.opportunities.approvals.kinds import Decision, Kind
from services.opportunities.events import DefeatKind, Status, Verdict
from services.opportunities.opportunity.commands.closings import (
    ApproveDefeat,
    FreezeInstead,
    GiveTo,
    RejectDefeat,
    ReviewFreeze,
)
from services.opportunities.opportunity.routes import closings
from services.opportunities.policies.in_force import Rules
from services.opportunities.reports.asking import Sql
from services.opportunities.views.requests import REQUESTS, VERIFICATIONS

PATH = "/v1/opportunities/{id}"

WAITING = """
select r.stream_id as id, r.stream_id as opportunity_id, r.requested_by, r.entered_by, r.requested_at,
       null::numeric as amount, null::text as currency, {summary} as summary
  from {requests} as r {joined}
 where r.tenant_id = $1 and r.kind = '{kind}' and {waits}
"""
DEFEAT_SUMMARY = """jsonb_strip_nulls(jsonb_build_object(
           'kind', r.defeat_kind, 'category', r.category, 'reason', r.reason, 'other_reasons', r.other_reasons,
           'evidence', r.evidence, 'competitor_brand', r.competitor_brand, 'competitor_model', r.competitor_model,
           'competitor_price', r.competitor_price::text, 'bought_on', r.bought_on, 'recall_on', r.recall_on,
           'verdict', v.verdict, 'attempts', v.attempts, 'reason_found', v.reason_found,
           'verification', v.comment, 'verified_on', v.verified_on, 'verified_by', v.verified_by))"""
FREEZE_SUMMARY = """jsonb_strip_nulls(jsonb_build_object('reason', r.freeze_reason, 'recall_on', r.recall_on))"""


def _defeats(sql: Sql) -> str:
    return sql.text(WAITING, kind="defeat", summary=DEFEAT_SUMMARY, joined=sql.text(LATEST_CALL), waits=waits(sql))


def _freezes(sql: Sql) -> str:
    return sql.text(WAITING, kind="freeze", summary=FREEZE_SUMMARY, joined="", waits=waits(sql))


def _possible(row: Mapping[str, Any], rules: Rules, day: date) -> Collection[str]:
    said = row["summary"]
    possible = {"approve", "reject", "freeze", "give"}
    called = said.get("verdict") is not None or not rules.approval(day).verifies
    if not called or said.get("verdict") == Verdict.STILL_BUYING or said.get("kind") == DefeatKind.FALSE:
        possible.remove("approve")
    if row["status"] == Status.CANCELLED:
        possible.remove("freeze")
    return possible


def propose(said: Mapping[str, Any], rules: Rules, day: date) -> Mapping[str, Any] | None:
    """A presumed defeat is frozen until a recall date; who still buys goes on."""
    if said.get("verdict") == Verdict.STILL_BUYING or said.get("kind") == DefeatKind.FALSE:
        return {"decision": "reject", "finding": "still_buying"}
    if said.get("kind") != DefeatKind.PRESUMED:
        return None
    recall = date.fromisoformat(said["recall_on"]) if said.get("recall_on") else day
    if recall <= day:
        recall = day + timedelta(days=rules.approval(day).recall_days)
    return {"decision": "freeze", "recall_on": recall.isoformat()}


DEFEAT = Kind(
    code="defeat",
    zh="战败申请",
    en="Defeat",
    path=PATH,
    views=(REQUESTS, VERIFICATIONS),
    waiting=_defeats,
    decisions={
        "approve": Decision("approve-defeat", ApproveDefeat, closings.approve_defeat),
        "reject": Decision("reject-defeat", RejectDefeat, closings.reject_defeat),
        "freeze": Decision("freeze-instead", FreezeInstead, closings.freeze_instead),
        "give": Decision("give-to", GiveTo, closings.give_to),
    },
    possible=_possible,
    propose=lambda row, rules, day: propose(row["summary"], rules, day),
)

FREEZE = Kind(
    code="freeze",
    zh="冷冻申请",
    en="Freeze",
    path=PATH,
    views=(REQUESTS,),
    waiting=_freezes,
    decisions={
        "approve": Decision("approve-freeze", ReviewFreeze, closings.approve_freeze),
        "reject": Decision("reject-freeze", ReviewFreeze, closings.reject_freeze),
    },
)

KINDS = (DEFEAT, FREEZE)
