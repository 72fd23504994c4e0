"""The matrix and its targets for filings: rows by operation, and what makes what they are on."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.opportunities.events import ReportState
from services.opportunities.filings.commands import (
    AcceptFiling,
    AcceptReports,
    AcceptSupport,
    ClaimSupport,
    DraftFiling,
    ReportUnits,
    ReturnFiling,
)
from services.opportunities.filings.filing import Filing
from services.opportunities.filings.policy import PublishFilingPolicy
from services.opportunities.opportunity.commands.orders import DeliverUnits
from services.opportunities.opportunity.opportunity import Opportunity
from tests.authorisation import expectations as who
from tests.authorisation.deals import OPPORTUNITIES, opportunity_of
from tests.authorisation.row import Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import MARKS, World

DELIVERED = datetime(2025, 4, 1, 2, tzinfo=UTC)
FILED = datetime(2025, 10, 1, 2, tzinfo=UTC)
DAY = date(2025, 10, 1)
VIN = "LFV3A23C8F3000001"
STEPS = ("drafted", "submitted", "accepted", "reported", "counted", "claimed", "granted")
"""How far a filing has come; `returned` is submitted and returned."""

DRAFTING = {
    **dict.fromkeys(who.COMPANY, "no such"),
    **dict.fromkeys((who.AUDITOR, who.TENANT_ADMIN, who.OPERATIONS), "refused"),
    **dict.fromkeys(who.SEEN_BY, "done"),
    who.OTHER_TENANT: "no such",
    who.READ_ONLY: "scope", who.NO_SCOPE: "scope", who.EXPIRED: "unknown", who.NOBODY: "unknown",
}  # fmt: skip
"""Putting something on file for an opportunity: who sees it and has customers."""


def _draft(target: Any) -> dict[str, Any]:
    return {"opportunity_id": target.id, "number": secrets.token_hex(6), "customer_type": "fleet"}


def _ours(state: str, body: Any) -> Row:
    return Row(who.RECORD_CHANGE, f"filing.{state}", body)


def _answer(state: str, body: Any) -> Row:
    return Row(who.APPROVAL, f"filing.{state}", body)


UNITS = {"units": [{"vin": "LFV3A23C8F3000099", "line": 1, "invoice_no": "1", "delivered_on": "2025-04-01"}]}
ROWS: dict[str, Row] = {
    "filings.list": listed(),
    "filings.read": Row(who.RECORD_READ, "filing.drafted"),
    "filings.draft": Row(DRAFTING, "deal.won", _draft, matched=False),
    "filings.change": _ours("drafted", {"documents": ["营业执照"]}),
    "filings.submit": _ours("drafted", {}),
    "filings.withdraw": _ours("submitted", {"reason": "推迟"}),
    "filings.accept": _answer("submitted", {}),
    "filings.return": _answer("submitted", {"reason": "缺材料"}),
    "filings.refuse": _answer("submitted", {"reason": "不符"}),
    "filings.lapse": _answer("submitted", {}),
    "filings.report": _ours(
        "accepted", lambda _: {"units": [{**UNITS["units"][0], "vin": f"VIN{secrets.token_hex(6)}"}]}
    ),
    "filings.accept_reports": _answer("reported", {"vins": [VIN]}),
    "filings.return_reports": _answer("reported", {"vins": [VIN], "reason": "发票号不符"}),
    "filings.refuse_reports": _answer("reported", {"vins": [VIN], "reason": "不符"}),
    "filings.claim_support": _ours("counted", {"ref": "FL-2", "amount": "10.00", "currency": "CNY"}),
    "filings.accept_support": _answer("claimed", {"ref": "FL-1"}),
    "filings.return_support": _answer("claimed", {"ref": "FL-1", "reason": "缺件"}),
    "filings.refuse_support": _answer("claimed", {"ref": "FL-1", "reason": "不符"}),
    "filings.pay_support": _answer("granted", {"ref": "FL-1", "amount": "10.00"}),
    "filings.correct": _ours("drafted", {"version": 1, "changes": {"customer_type": "lease"}, "reason": "错"}),
    "filings.void": _ours("submitted", {"version": 2, "reason": "错"}),
    "filing_policies.read": listed(),
    "filing_policies.publish": Row(
        who.PUBLISHING,
        body=PublishFilingPolicy.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
    ),
    "reports.reported": listed(),
}


async def _deal(world: World) -> Opportunity:
    deal = opportunity_of(replace(OPPORTUNITIES["only.deal.hot"], state="won"), MARKS[0], uuid4())
    deal.deliver(DeliverUnits.model_validate({"units": [{"line": 1, "units": 2}]}), at=DELIVERED, day=DELIVERED.date())
    await world.append(0, [deal], actor="b00.a")
    return deal


def _filed(deal: Opportunity, state: str) -> Filing:
    """A filing of this order, as far as `state`; each step an hour after the one before."""
    at = iter(FILED + timedelta(hours=number) for number in range(10))
    drafting = {"opportunity_id": str(deal.id), "number": uuid4().hex[:12], "customer_type": "fleet"}
    filing = Filing.draft(
        DraftFiling.model_validate(drafting), id=uuid4(), account_id=deal.standing["account_id"],
        known=deal.standing["lines"], promised_on=None, at=next(at), day=DAY,
    )  # fmt: skip
    for step in STEPS[1 : STEPS.index("submitted" if state == "returned" else state) + 1]:
        match step:
            case "submitted":
                filing.submit(at=next(at), day=DAY)
            case "accepted":
                filing.accept(AcceptFiling(), at=next(at), day=DAY)
            case "reported":
                unit = {"vin": VIN, "line": 1, "invoice_no": "1"}
                command = ReportUnits.model_validate({"units": [unit]})
                filing.report(command, delivered=deal.standing["delivered"], at=next(at), day=DAY)
            case "counted":
                filing.answer_reports(AcceptReports(vins=(VIN,)), ReportState.ACCEPTED, at=next(at), day=DAY)
            case "claimed":
                claim = ClaimSupport.model_validate({"ref": "FL-1", "amount": "10.00", "currency": "CNY"})
                filing.claim(claim, at=next(at), day=DAY)
            case _:
                filing.answer_support(AcceptSupport(ref="FL-1"), at=next(at), day=DAY)
    if state == "returned":
        filing.send_back(ReturnFiling(reason="缺材料"), at=next(at), day=DAY)
    return filing


async def filing(world: World, state: str) -> Target:
    """A fresh filing of the first company, of an order of b00.a."""
    made = _filed(await _deal(world), state)
    await world.append(0, [made], actor="b00.a")
    return Target(str(made.id), made.version)


def _maker(state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: filing(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {f"filing.{state}": _maker(state) for state in STEPS}
