"""Commands on a lead over HTTP: assign, claim, contact, dispose, capture, correct, void. The rules are in lead.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.opportunities.fields import LineGiven
from services.opportunities.leads.commands import AssignLead, CaptureLead, ClaimLead, ContactLead, DisposeLead
from services.opportunities.leads.intake import LEADS, instant_of, lead_contact
from services.opportunities.leads.lead import Lead
from services.opportunities.leads.sight import sees_lead
from services.opportunities.opportunity.commands.prospects import Contact
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.opportunity.routes.duplicates import Moves
from services.opportunities.opportunity.routes.prospects import require_references
from services.opportunities.routes import records
from services.opportunities.routes.acting import OPPORTUNITIES, moment, settle, settle_refs
from services.opportunities.routes.references import (
    owner_and_unit,
    require_account,
    require_in_sight,
    require_products,
)
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, CtxMatch
from shared.http.openapi import refuses
from shared.http.problem import Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.approval import HANDS_OVER, holds
from shared.identity.principal import BACK_OFFICE, CUSTOMER_SERVICE
from shared.privacy.vault import Of
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.vaulted import contact_id, keep

router = Router(prefix="/v1/leads", tags=["leads"])

CHANGES = refuses(404, 409, 412, 422, 428)
ASSIGNS = HANDS_OVER | {BACK_OFFICE, CUSTOMER_SERVICE}
"""Give leads to others: heads, and those who take them in."""
UNNAMED = "（未留姓名）"
"""A contact that left a number and no name."""


@router.post("/{lead_id}/assign", operation_id="leads.assign", responses=CHANGES | refuses(403))
async def assign(lead_id: UUID, command: AssignLead, ctx: CtxMatch) -> Receipt:
    """Make somebody responsible for a lead; the response time runs from receipt all the same."""

    async def decide(work: Work) -> Lead:
        lead = await work.load(LEADS, lead_id, matched=True)
        await _require_assigns(ctx)
        owner_id, unit_id = await owner_and_unit(ctx, command.owner_id, command.unit_id)
        await require_in_sight(ctx, owner_id, unit_id)
        now = await moment(ctx, command.on, lead)
        lead.assign(command, unit_id=unit_id, at=now.at)
        return lead

    return await LEADS.together(ctx, decide)


@router.post("/{lead_id}/claim", operation_id="leads.claim", responses=CHANGES | refuses(403))
async def claim(lead_id: UUID, command: ClaimLead, ctx: CtxMatch) -> Receipt:
    """Take a lead that is nobody's."""
    ctx.require_dealing()

    async def decide(work: Work) -> Lead:
        lead = await work.load(LEADS, lead_id, matched=True)
        owner_id, unit_id = await owner_and_unit(ctx, None, None)
        now = await moment(ctx, command.on, lead)
        lead.claim(owner_id, unit_id, at=now.at)
        return lead

    return await LEADS.together(ctx, decide)


@router.post("/{lead_id}/contact", operation_id="leads.contact", responses=CHANGES)
async def contact(lead_id: UUID, command: ContactLead, ctx: CtxMatch) -> Receipt:
    """Say that somebody answered: the first time ends the response time."""

    async def decide(work: Work) -> Lead:
        lead = await work.load(LEADS, lead_id, matched=True)
        lead.contact(command, by=ctx.principal.acting_for, at=instant_of(ctx, command, lead))
        return lead

    receipt = await LEADS.together(ctx, decide)
    await keep(ctx, {lead_id: {f"words_{receipt.version}": command.words}}, Of("lead", lead_id))
    return receipt


@router.post("/{lead_id}/dispose", operation_id="leads.dispose", responses=CHANGES)
async def dispose(lead_id: UUID, command: DisposeLead, ctx: CtxMatch) -> Receipt:
    """Say what became of a lead: a prospect on file, no intention, a duplicate, or to be followed up."""

    async def decide(work: Work) -> Lead:
        lead = await work.load(LEADS, lead_id, matched=True)
        for name in ("opportunity_id", "duplicate_of_opportunity_id"):
            if (named := getattr(command, name)) is not None:
                await records.require_opportunity(ctx, named, pointer=f"/{name}")
        if command.duplicate_of_lead_id is not None:
            await _require_lead(ctx, command.duplicate_of_lead_id)
        now = await moment(ctx, command.on, lead)
        lead.dispose(command, by=now.by, at=now.at, day=now.day)
        return lead

    return await LEADS.together(ctx, decide)


@router.post("/{lead_id}/capture", status_code=201, operation_id="leads.capture", responses=CHANGES | refuses(403))
async def capture(lead_id: UUID, command: CaptureLead, ctx: CtxMatch) -> Receipt:
    """Turn a lead into a prospect (留档), both in one append. The receipt is the prospect's."""
    ctx.require_dealing()
    moves = Moves()
    id = ctx.new_id(Opportunity.stream_type)
    known = (await ctx.kit.vault.known(ctx.tenant_id, [lead_contact(lead_id)])).get(lead_contact(lead_id), {})
    given = command.contact or _contact(known)
    subject = None if given is None else contact_id(id)
    tries = 0

    async def decide(work: Work) -> Opportunity:
        nonlocal tries
        tries += 1
        moves.clear()
        lead = await work.load(LEADS, lead_id, matched=True)
        filled = _filled(command, lead, given)
        owner_id, unit_id = await owner_and_unit(ctx, filled.owner_id, filled.unit_id)
        await require_in_sight(ctx, owner_id, unit_id)
        person = [] if filled.key_person_id is None else [(filled.key_person_id, "/key_person_id")]
        await require_account(ctx, filled.account_id, person)
        await require_products(ctx, filled.lines)
        now = await moment(ctx, command.on, lead, anew=tries > 1)
        if lead.standing.get("owner_id") is None:
            lead.claim(owner_id, unit_id, at=now.at)
        opportunity = Opportunity.capture(
            filled, id=id, owner_id=owner_id, unit_id=unit_id, at=now.at, contact_id=subject, lead_id=lead_id
        )
        became = DisposeLead(disposal="record", opportunity_id=id)
        lead.dispose(became, by=now.by, at=now.at, day=day_of(now.at, now.zone))
        await settle(ctx, moves, opportunity, (), now, filled)
        await settle_refs(ctx, moves, opportunity, ())
        return work.add(opportunity)

    receipt = await OPPORTUNITIES.together(
        ctx,
        decide,
        status=201,
        location=f"/v1/opportunities/{id}",
        claims=lambda _: moves.claims,
        releases=lambda _: moves.releases,
    )
    texts: dict[UUID, Mapping[str, str | None]] = {id: {"remark": command.remark}}
    if given is not None and subject is not None:
        texts[subject] = given.model_dump()
    await keep(ctx, texts, Of("opportunity", id), contact_of=id)
    return receipt


@router.post("/{lead_id}/correct", operation_id="leads.correct", responses=CHANGES | refuses(403))
async def correct(lead_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what a lead's fact said, or its time."""

    async def right(ctx: CommandContext, lead: Lead) -> None:
        await _require_may_mend(ctx, lead, command.version)
        if "answer_hours" in command.changes:  # what was promised by the rules is not for who must keep it to change
            await _require_assigns(ctx)
        await require_references(ctx, command.changes)

    return await records.correct(ctx, LEADS, lead_id, command, right=right)


@router.post("/{lead_id}/void", operation_id="leads.void", responses=CHANGES | refuses(403))
async def void(lead_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened; a prospect it became stays on file."""

    async def right(ctx: CommandContext, lead: Lead) -> None:
        await _require_may_mend(ctx, lead, command.version)

    return await records.void(ctx, LEADS, lead_id, command, right=right)


# -- rights and references ---------------------------------------------------------------------------------


async def _require_assigns(ctx: CommandContext) -> None:
    """Raises Problem 403 for who gives no leads to others."""
    if not holds(await ctx.kit.sight(ctx.principal), ASSIGNS):
        raise Problem(403, "forbidden")


async def _require_may_mend(ctx: CommandContext, lead: Lead, version: int) -> None:
    """An assignment is mended by who assigns, and a claim by who claimed."""
    entry = lead.entry_about(version)
    if entry is None or entry.type != "LeadAssigned":
        return
    if entry.changes.get("assigned_how") == "claimed" and entry.changes.get("owner_id") == ctx.principal.acting_for:
        return
    await _require_assigns(ctx)


async def _require_lead(ctx: CommandContext, id: UUID) -> None:
    other: Lead | None = await ctx.kit.repository(Lead).load(ctx.tenant_id, id)
    if other is None or not await sees_lead(ctx.kit, ctx.principal, other):
        raise Refused("unknown_lead", "there is no such lead", status=422, pointer="/duplicate_of_lead_id")


# -- from lead to prospect -----------------------------------------------------------------------------------


def _contact(known: Mapping[str, str]) -> Contact | None:
    """Who asked, as the prospect's contact; null when nothing is known, or may not be used."""
    if not known.get("name") and not known.get("phone") and not known.get("mail"):
        return None
    return Contact(name=known.get("name") or UNNAMED, phone=known.get("phone"), mail=known.get("mail"))


def _filled(command: CaptureLead, lead: Lead, contact: Contact | None) -> CaptureLead:
    """The command, with what it does not say taken from the lead."""
    standing = lead.standing
    said: dict[str, Any] = {
        "account_id": standing.get("account_id"),
        "channel": standing.get("channel"),
        "channel_given": standing.get("channel_given"),
        "title": standing.get("account_name"),
        "owner_id": standing.get("owner_id"),
        "lines": tuple(
            LineGiven(product=one.product, units=one.units)
            for one in standing.get("interests", ())
            if one.product is not None and one.units is not None
        ),
    }
    if standing.get("owner_id") is not None and command.owner_id in (None, standing["owner_id"]):
        said["unit_id"] = standing.get("unit_id")
    filled = {name: value for name, value in said.items() if name not in command.model_fields_set}
    return command.model_copy(update={**filled, "contact": contact})
