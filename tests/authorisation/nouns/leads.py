"""The matrix and its targets for leads: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from services.opportunities.leads.commands import AssignLead, ContactLead, ReceiveLead, RecordSpend, VisitorCount
from services.opportunities.leads.figures import Spend, Visitors, visitors_id
from services.opportunities.leads.lead import Lead
from services.opportunities.leads.policy import PublishLeadPolicy
from shared.event_store.stream import Stream
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import AGAIN, BRANCH, LINE, OWN, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

RECEIVED = datetime(2025, 10, 1, 2, tzinfo=UTC)
ASSIGNED = datetime(2025, 10, 1, 3, tzinfo=UTC)
CONTACTED = datetime(2025, 10, 1, 4, tzinfo=UTC)
COUNTED = date(2025, 10, 1)

AT_THE_BRANCH = frozenset((who.OWNER, who.REGION, who.PLACE, who.DEPUTY, who.DIRECTOR, who.NO_PERSONAL))
"""Who sees a record of the branch."""
WORKING_THERE = AT_THE_BRANCH | {who.POSTED, who.FORMER}
"""Who sees what is the branch's and nobody's: its heads, and the representatives who work there or stand in for one."""
ABOVE = frozenset((who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL))
"""Who has a function at the branch or above it."""
FILING_AT_BRANCH = {
    **dict.fromkeys(who.COMPANY, "outside"),
    **dict.fromkeys((who.AUDITOR, who.TENANT_ADMIN, who.OPERATIONS), "refused"),
    **dict.fromkeys((*WORKING_THERE - {who.DEPUTY}, who.OTHER_TENANT), "done"),
    who.READ_ONLY: "scope", who.NO_SCOPE: "scope", who.EXPIRED: "unknown", who.NOBODY: "unknown",
}  # fmt: skip
MENDS: dict[str, Any] = {"version": 1, "reason": "录错"}

ROWS: dict[str, Row] = {
    "leads.receive": Row(FILING_AT_BRANCH, body={"channel": "web", "unit_id": BRANCH}),
    "leads.receive_many": Row(
        {**who.acting(who.PEOPLE), **dict.fromkeys((who.TENANT_ADMIN, who.OPERATIONS), "refused")},
        body={"leads": [{"channel": "web", "unit_id": BRANCH}]},
        why="each lead of a call is refused by itself",
    ),
    "leads.list": listed(),
    "leads.read": Row(who.RECORD_READ, "lead.assigned"),
    "leads.claim": Row(
        {
            **who.acting(WORKING_THERE, ()),
            **dict.fromkeys((who.TENANT_ADMIN, who.OPERATIONS), "refused"),
        },
        "lead.new",
        {},
    ),
    "leads.assign": Row(who.HAND_OVER, "lead.assigned", {"owner_id": str(id_of("b00.b"))}),
    "leads.contact": Row(who.RECORD_CHANGE, "lead.assigned", {"way": "phone"}),
    "leads.dispose": Row(who.RECORD_CHANGE, "lead.assigned", {"disposal": "no_intention"}),
    "leads.capture": Row(
        {**who.RECORD_CHANGE, **dict.fromkeys((who.TENANT_ADMIN, who.OPERATIONS), "refused")},
        "lead.assigned",
        {"lines": [LINE], "owner_id": OWN, "unit_id": BRANCH, **AGAIN},
    ),
    "leads.correct": Row(who.RECORD_CHANGE, "lead.contacted", {**MENDS, "changes": {"channel": "phone"}}),
    "leads.void": Row(who.RECORD_CHANGE, "lead.contacted", {**MENDS, "version": 3}),
    "lead_policies.publish": Row(
        who.PUBLISHING,
        body=PublishLeadPolicy.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
    ),
    "lead_policies.list": listed(),
    "visitor_counts.count": Row(
        FILING_AT_BRANCH, body={"counts": [{"unit_id": BRANCH, "day": "2026-01-05", "count": 7}]}
    ),
    "visitor_counts.list": listed(),
    "visitor_counts.correct": Row(who.acting(WORKING_THERE), "visitors", {**MENDS, "changes": {"count": 8}}),
    "visitor_counts.void": Row(who.acting(WORKING_THERE), "visitors", MENDS),
    "spend.record": Row(
        {**FILING_AT_BRANCH, **dict.fromkeys((who.OWNER, who.POSTED, who.FORMER, who.DEPUTY), "outside")},
        body={"unit_id": BRANCH, "channel": "web", "day": "2026-01-05", "amount": "10.00"},
    ),
    "spend.list": listed(),
    "spend.correct": Row(who.acting(ABOVE), "spend", {**MENDS, "changes": {"amount": "12.00"}}),
    "spend.void": Row(who.acting(ABOVE), "spend", MENDS),
    "reports.leads": listed(),
    "reports.flow": Row(who.OWN_COMPANY, query={"from": "2025-12-01"}),
    "reports.time_in_level": listed(),
    "reports.shape": listed(),
    "opportunities.check": Row(
        {**who.acting(who.PEOPLE), who.AUDITOR: "done", who.READ_ONLY: "scope"}, body={"name": "没有这家"}
    ),
}


async def _kept(world: World, stream: Stream) -> Target:
    await world.append(0, [stream], actor="b00.a")
    return Target(str(stream.id), stream.version)


async def _lead(world: World, *, assigned: bool = True, contacted: bool = False) -> Target:
    lead = Lead.receive(
        ReceiveLead(channel="web"), id=uuid4(), unit_id=id_of("b00"), contact_id=None, answer_hours=None,
        policy_version=None, at=RECEIVED,
    )  # fmt: skip
    if assigned:
        lead.assign(AssignLead(owner_id=id_of("b00.a")), unit_id=id_of("b00"), at=ASSIGNED)
    if contacted:
        lead.contact(ContactLead(way="phone"), by=id_of("b00.a"), at=CONTACTED)
    return await _kept(world, lead)


async def _visitors(world: World) -> Target:
    channel = str(uuid4())
    id: UUID = visitors_id(world.tenants[0], id_of("b00"), channel, COUNTED)
    given = VisitorCount(channel=channel, day=COUNTED, count=5)
    return await _kept(world, Visitors.counted(None, given, id=id, unit_id=id_of("b00"), at=RECEIVED))


async def _spend(world: World) -> Target:
    command = RecordSpend.model_validate({"channel": "web", "day": "2025-10-01", "amount": "10.00"})
    return await _kept(world, Spend.recorded(command, id=uuid4(), unit_id=id_of("b00"), at=RECEIVED))


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    "lead.new": lambda world: _lead(world, assigned=False),
    "lead.assigned": _lead,
    "lead.contacted": lambda world: _lead(world, contacted=True),
    "visitors": _visitors,
    "spend": _spend,
}
