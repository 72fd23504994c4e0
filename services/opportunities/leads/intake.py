"""Leads coming in over HTTP, one by one or many in a call. The rules are in lead.py and policy.py."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel, Field

from services.opportunities.leads.assigning import assign_by_rule, path_of, policy_of
from services.opportunities.leads.commands import ReceiveLead, ReceiveLeads, Timed
from services.opportunities.leads.lead import Lead
from services.opportunities.leads.sight import seen
from services.opportunities.routes.references import known, product_codes, require_account, require_unit_in_sight
from shared.days import day_of
from shared.event_store.stream import Refused, Stream
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx
from shared.http.errors import refusal
from shared.http.openapi import refuses
from shared.http.problem import At, Problem
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import Of
from shared.records.business_time import business_time
from shared.records.vaulted import keep

router = Router(prefix="/v1/leads", tags=["leads"])
LEADS: Commands[Lead] = Commands(Lead, sees=seen)

ROUNDS = 8
"""How often a lead is tried again when others take turns of the same round robin."""
LONGEST_KEY = 200
"""Characters of the call's key that the key of one lead begins with; a longer one is digested."""


class LeadTaken(BaseModel):
    """What became of one lead of a call."""

    index: int = Field(description="Its place in `leads`, from 0.")
    status: int = Field(description="201: on file; 409, 422, 403: refused, and nothing kept.")
    code: str = Field(description="`ok`, or the code of the refusal.")
    id: UUID | None = None
    version: int | None = None
    position: int | None = None
    pointer: str | None = Field(default=None, description="The field at fault, from the whole body.")
    detail: str | None = None


class LeadsTaken(BaseModel):
    """What became of each lead of a call, in its order."""

    items: list[LeadTaken]
    received: int
    refused: int
    position: int = Field(description="The last one's place in the log: give it as `min_position`.")


def lead_contact(lead_id: UUID) -> UUID:
    """The vault's subject for who asked."""
    return uuid5(lead_id, "contact")


@router.post("", status_code=201, operation_id="leads.receive", responses=refuses(403, 409, 422))
async def receive(command: ReceiveLead, ctx: Ctx) -> Receipt:
    """Put a lead on file; the published rules say whose it is and how soon it is answered."""
    ctx.require_dealing()
    return await _receive(ctx, command, "/v1/leads")


@router.post("/bulk", operation_id="leads.receive_many", responses=refuses(403, 422))
async def receive_many(command: ReceiveLeads, ctx: Ctx) -> LeadsTaken:
    """Put up to 500 leads on file, each taken or refused by itself. A retry with the same key does nothing twice."""
    ctx.require_dealing()
    items = [await _one(ctx, index, lead) for index, lead in enumerate(command.leads)]
    return LeadsTaken(
        items=items,
        received=sum(item.status == 201 for item in items),
        refused=sum(item.status != 201 for item in items),
        position=max((item.position or 0 for item in items), default=0),
    )


async def _one(ctx: CommandContext, index: int, lead: ReceiveLead) -> LeadTaken:
    own = copy.copy(ctx)
    own.call = copy.copy(ctx.call)
    own.call.headers = []
    key = ctx.key if len(ctx.key) <= LONGEST_KEY else hashlib.sha256(ctx.key.encode()).hexdigest()
    own.key = f"{key}#{index}"
    own.fingerprint = b"lead\n" + lead.model_dump_json().encode()
    try:
        receipt = await _receive(own, lead, "/v1/leads")
    except (Refused, Problem) as no:
        problem = refusal(no) if isinstance(no, Refused) else no
        if problem.status >= 500 or problem.status in (401, 429):
            raise  # try the whole call again, with the same key
        call = ctx.call
        said: Mapping[str, Any] = json.loads(
            ctx.kit.catalogue.render(problem, call.language, instance=call.path, trace_id=call.trace.trace_id)
        )
        at: At | None = problem.errors[0] if problem.errors else None
        return LeadTaken(
            index=index,
            status=problem.status,
            code=problem.code,
            pointer=None if at is None else f"/leads/{index}{at.pointer}",
            detail=said["detail"],
        )
    return LeadTaken(
        index=index, status=201, code=receipt.code, id=receipt.id, version=receipt.version, position=receipt.position
    )


async def _receive(ctx: CommandContext, command: ReceiveLead, location: str) -> Receipt:
    id = ctx.new_id(Lead.stream_type)
    contact = None if command.contact is None else lead_contact(id)

    async def decide(work: Work) -> Lead:
        unit_id = await unit_given(ctx, command.unit_id)
        await require_account(ctx, command.account_id)
        await _require_interests(ctx, command)
        at = instant_of(ctx, command)
        policy = await policy_of(ctx.kit, ctx.tenant_id, day_of(at, ctx.principal.zone))
        path = await path_of(ctx.kit, ctx.tenant_id, unit_id)
        rule = policy.rule_for(command.channel, path)
        promised = None if rule is None else rule.answer_hours
        lead = Lead.receive(
            command,
            id=id,
            unit_id=unit_id,
            contact_id=contact,
            answer_hours=policy.answer_hours if promised is None else promised,
            policy_version=policy.version or None,
            at=at,
        )
        await assign_by_rule(ctx, work, lead, policy, path)
        return work.add(lead)

    receipt = await _in_turn(ctx, decide, f"{location}/{id}")
    texts: dict[UUID, Mapping[str, str | None]] = {id: {"words": command.words}}
    if command.contact is not None and contact is not None:
        texts[contact] = command.contact.model_dump()
    await keep(ctx, texts, Of("lead", id), contact_of=id)
    return receipt


async def _in_turn(ctx: CommandContext, decide: Any, location: str) -> Receipt:
    """Carry it out, again and again while others are faster at taking turns."""
    for tried in range(ROUNDS):
        try:
            return await LEADS.together(ctx, decide, status=201, location=location)
        except Problem as problem:
            if problem.code != "conflict" or tried == ROUNDS - 1:
                raise
            await asyncio.sleep(0.01 * 2**tried)
    raise AssertionError


async def unit_given(ctx: CommandContext, unit_id: UUID | None) -> UUID:
    """The unit it came to. Raises Refused 422 `unknown_unit`; Problem 403 `outside_your_units`."""
    own = ctx.principal.unit_id
    if unit_id is None and own is not None:
        return own
    unit = (await known(ctx.kit.pool, ctx.tenant_id, (unit_id,))).get(unit_id) if unit_id is not None else None
    if unit_id is None or unit is None or unit.stream_type != "unit" or unit.status == "closed":
        raise Refused("unknown_unit", "there is no such unit", status=422, pointer="/unit_id")
    await require_unit_in_sight(ctx, unit_id)
    return unit_id


async def _require_interests(ctx: CommandContext, command: ReceiveLead) -> None:
    """Raises Refused 422 `unknown_product`."""
    wanted = {one.product for one in command.interests if one.product is not None}
    there = await product_codes(ctx.kit.pool, ctx.tenant_id, wanted) if wanted else set()
    for index, one in enumerate(command.interests):
        if one.product is not None and one.product not in there:
            raise Refused(
                "unknown_product",
                f"there is no product {one.product}",
                status=422,
                pointer=f"/interests/{index}/product",
                product=one.product,
            )


def instant_of(ctx: CommandContext, command: Timed, after: Stream | None = None) -> datetime:
    """The instant a command says, else from its day. Raises Refused 422 `in_the_future`, `two_times`."""
    on: date | None = command.on
    if command.at is None:
        return business_time(on, now=ctx.now, zone=ctx.principal.zone, after=after)
    if on is not None:
        raise Refused("two_times", "give a day or an instant", status=422, pointer="/at")
    if command.at > ctx.now:
        raise Refused("in_the_future", "that is not yet", status=422, pointer="/at", on="")
    return command.at.astimezone(UTC)
