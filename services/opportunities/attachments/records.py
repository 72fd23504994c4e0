"""The records files are attached to: which there are, and who sees one now. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from services.opportunities.leads.lead import Lead
from services.opportunities.leads.sight import sees_lead
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.projects.acting import sees_project
from services.opportunities.projects.project import Project
from services.opportunities.routes.acting import sees, sees_visit
from services.opportunities.visits.visit import Visit
from shared.http.kit import Kit
from shared.identity.principal import Principal

RecordKind = Literal["opportunity", "visit", "bid", "contract", "filing", "solution", "negotiation", "project", "lead"]
KINDS = frozenset(get_args(RecordKind))

LATEST = """
select stream_type, (data -> 'standing')::text as standing from es.events
 where tenant_id = $1 and stream_id = $2 order by version desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the log last said it stands."""

    id: UUID
    kind: str
    opportunity_id: UUID | None
    account_id: UUID | None
    standing: Mapping[str, Any]


async def record_of(kit: Kit, tenant_id: UUID, id: UUID) -> Record | None:
    """The record of this id, if files can be attached to it."""
    row = await kit.pool.fetchrow(LATEST, tenant_id, id)
    if row is None or row["stream_type"] not in KINDS:
        return None
    standing = json.loads(row["standing"] or "{}")
    kind = row["stream_type"]
    opportunity = id if kind == "opportunity" else _id(standing.get("opportunity_id"))
    named: list[str] = standing.get("opportunity_ids") or []
    if opportunity is None and len(named) == 1:
        opportunity = _id(named[0])
    return Record(id, kind, opportunity, _id(standing.get("account_id")), standing)


async def sees_record(kit: Kit, principal: Principal, record: Record) -> bool:
    """Who sees the record now: visits, projects and leads by their own rules, all others as their opportunity."""
    tenant_id = principal.tenant_id
    match record.kind:
        case "visit":
            visit: Visit | None = await kit.repository(Visit).load(tenant_id, record.id)
            return visit is not None and await sees_visit(kit, principal, visit.about)
        case "project":
            project: Project | None = await kit.repository(Project).load(tenant_id, record.id)
            return project is not None and await sees_project(kit, principal, project)
        case "lead":
            lead: Lead | None = await kit.repository(Lead).load(tenant_id, record.id)
            return lead is not None and await sees_lead(kit, principal, lead)
        case _:
            pass
    if record.opportunity_id is not None:
        opportunity: Opportunity | None = await kit.repository(Opportunity).load(tenant_id, record.opportunity_id)
        return opportunity is not None and await sees(kit, principal, opportunity.standing)
    about = {name: _id(record.standing.get(name)) for name in ("owner_id", "unit_id", "account_id")}
    return await sees(kit, principal, about)


def _id(value: Any) -> UUID | None:
    return UUID(value) if isinstance(value, str) else None
