"""Leads read over HTTP: the list, and one with its whole history. Changes nothing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field

from services.opportunities.leads import lead_list
from services.opportunities.leads.lead import Lead
from services.opportunities.leads.sight import sees_lead
from services.opportunities.leads.view import LEADS
from services.opportunities.leads.working import ASSIGNS
from services.opportunities.routes.asked import Ask, TreeAsked, UnitId, days
from services.opportunities.routes.records import RecordShown, shown
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.http.openapi import refuses
from shared.http.reading import FromDay, Listed, Paged, Report, ToDay
from shared.http.route import Router
from shared.identity.approval import holds
from shared.privacy.masking import masked, masked_mail
from shared.records.pages import listed, page_of

router = Router(prefix="/v1/leads", tags=["leads"])
Stage = Literal["unassigned", "assigned", "contacted", "follow_up", "record", "no_intention", "duplicate"]


class InterestRow(BaseModel):
    product: str | None
    product_name: str | None
    said: str | None = Field(title="原话")
    units: int | None


class LeadRow(BaseModel):
    """One lead, as it stood."""

    id: UUID
    version: int
    status: Stage
    channel: str
    channel_label: str
    source: str | None
    account_id: UUID | None
    account: str | None = Field(description="Its name; of an organisation not on file as it was given.")
    interests: list[InterestRow]
    owner_id: UUID | None
    owner: str | None
    unit_id: UUID
    unit: str | None
    assigned_how: str | None = Field(description="by_hand, by_rule, claimed.")
    received_at: datetime
    answer_due_at: datetime | None = Field(description="Receipt plus the hours promised when it came in.")
    answer_overdue: bool
    contacted_at: datetime | None = Field(description="The first time, reached or not.")
    contacted_by: UUID | None
    contacted_by_name: str | None
    response_hours: float | None = Field(description="From receipt to the first contact.")
    contacts: int
    disposed_at: datetime | None
    opportunity_id: UUID | None
    duplicate_of_lead_id: UUID | None
    duplicate_of_opportunity_id: UUID | None
    follow_up_on: date | None
    reason: str | None
    external_refs: dict[str, str]


@router.get("", operation_id="leads.list", response_model=Listed[LeadRow], responses=refuses(422))
async def leads(
    ask: Ask,
    page: Paged,
    status: Stage | None = None,
    channel: Annotated[str | None, Query(max_length=100, pattern="^[^\\x00]*$")] = None,
    unassigned: Annotated[bool | None, Query(description="true: nobody's, to be claimed or assigned.")] = None,
    overdue: Annotated[bool | None, Query(description="true: not answered in the time promised.")] = None,
    owner_id: UUID | None = None,
    unit_id: UnitId = None,
    tree: TreeAsked = "then",
    account_id: UUID | None = None,
    opportunity_id: UUID | None = None,
    since: FromDay = None,
    until: ToDay = None,
    sort: Literal["-received_at", "received_at"] = "-received_at",
) -> Any:
    """Leads the caller sees, as they stood. `from` and `to` are of the day of receipt."""
    days(since, until)
    asking = await ask.of(LEADS, STANDINGS, ACCOUNTS, UNITS)
    which = lead_list.Leads(
        status, channel, unassigned, overdue, owner_id, unit_id, account_id, opportunity_id, since, until
    )
    items, after = await lead_list.leads(ask.pool, asking, ask.labels, which=which, sort=sort, page=page_of(page))
    return listed(page, items, after)


@router.get("/{lead_id}", operation_id="leads.read", responses=refuses(404))
async def lead_page(lead_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One lead with its whole history; who asked is in `texts`, phone and mail masked."""
    sight = await reading.sight()
    assigns = holds(sight, ASSIGNS)
    found = await shown(
        reading,
        response,
        Lead,
        lead_id,
        actions=lambda lead: lead.allowed_actions(assigns=assigns),
        seen=sees_lead,
    )
    contact_id = found.standing.get("contact_id")
    if contact_id is not None:
        contact = (await reading.kit.vault.get(reading.tenant_id, [UUID(contact_id)])).get(UUID(contact_id), {})
        for name, hide in (("phone", masked), ("mail", masked_mail)):
            if name in contact:
                contact[name] = hide(contact[name]) or ""
        found.texts |= {f"contact_{name}": text for name, text in contact.items()}
    return found
