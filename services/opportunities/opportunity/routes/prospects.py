"""Commands on a prospect over HTTP: capture, judge, hand over, instruct, correct, void. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from services.opportunities.opportunity.commands.prospects import (
    CaptureProspect,
    CompleteInstruction,
    GiveInstruction,
    QualifyProspect,
    ReferOpportunity,
    TransferOpportunity,
)
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.opportunity.routes.duplicates import Moves
from services.opportunities.routes.acting import OPPORTUNITIES, Moment, act, moment, settle, settle_refs
from services.opportunities.routes.references import (
    known,
    owner_and_unit,
    product_codes,
    require_account,
    require_in_sight,
    require_products,
    require_unit_in_sight,
)
from services.opportunities.routes.rights import require_decider, require_hands_over, require_supervisor
from shared.days import day_of
from shared.event_store.stream import Entry, Refused
from shared.http.commands import Work
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import Of
from shared.records.corrections import CorrectFact, VoidFact, corrected_time
from shared.records.vaulted import contact_id, keep

router = Router(prefix="/v1/opportunities", tags=["opportunities"])

CHANGES = refuses(404, 409, 412, 422, 428)

DAYS = {"DefeatRequested": "requested_on", "DefeatVerified": "verified_on"}
"""Standing fields that say the business time of a fact once more."""


@router.post("", status_code=201, operation_id="opportunities.capture", responses=refuses(403, 409, 422))
async def capture(command: CaptureProspect, ctx: Ctx) -> Receipt:
    """Put a prospect on file (留档)."""
    ctx.require_dealing()
    moves = Moves()
    id = ctx.new_id(Opportunity.stream_type)
    contact = None if command.contact is None else contact_id(id)
    tries = 0

    async def decide(work: Work) -> Opportunity:
        nonlocal tries
        tries += 1
        moves.clear()
        owner_id, unit_id = await owner_and_unit(ctx, command.owner_id, command.unit_id)
        await require_in_sight(ctx, owner_id, unit_id)
        person = [] if command.key_person_id is None else [(command.key_person_id, "/key_person_id")]
        await require_account(ctx, command.account_id, person)
        await require_products(ctx, command.lines)
        now = await moment(ctx, command.on, anew=tries > 1)
        opportunity = Opportunity.capture(
            command, id=id, owner_id=owner_id, unit_id=unit_id, at=now.at, contact_id=contact
        )
        await settle(ctx, moves, opportunity, (), now, command)
        await settle_refs(ctx, moves, opportunity, ())
        return work.add(opportunity)

    receipt = await OPPORTUNITIES.together(
        ctx, decide, status=201, claims=lambda _: moves.claims, releases=lambda _: moves.releases
    )
    texts: dict[UUID, Mapping[str, str | None]] = {id: {"remark": command.remark}}
    if command.contact is not None and contact is not None:
        texts[contact] = command.contact.model_dump()
    await keep(ctx, texts, Of("opportunity", id), contact_of=id)
    return receipt


@router.post("/{opportunity_id}/qualify", operation_id="opportunities.qualify", responses=CHANGES)
async def qualify(opportunity_id: UUID, command: QualifyProspect, ctx: CtxMatch) -> Receipt:
    """Judge a prospect's level (潜客判定)."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.qualify(command, by=now.by, at=now.at, levels=now.rules.levels(now.day))

    async def check() -> None:
        await require_products(ctx, command.lines)

    return await act(ctx, opportunity_id, step, on=command.on, check=check if command.lines else None)


@router.post("/{opportunity_id}/transfer", operation_id="opportunities.transfer", responses=CHANGES)
async def transfer(opportunity_id: UUID, command: TransferOpportunity, ctx: CtxMatch) -> Receipt:
    """Make somebody else responsible, the opportunity as it is."""
    unit: UUID | None = None

    async def check() -> None:
        nonlocal unit
        unit = (await owner_and_unit(ctx, command.owner_id, command.unit_id))[1]
        await require_hands_over(ctx, command.owner_id)

    def step(opportunity: Opportunity, now: Moment) -> None:
        assert unit is not None
        opportunity.transfer(command, unit_id=unit, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on, check=check)


@router.post("/{opportunity_id}/refer", operation_id="opportunities.refer", responses=CHANGES)
async def refer(opportunity_id: UUID, command: ReferOpportunity, ctx: CtxMatch) -> Receipt:
    """Say what another system calls it: one key per system, several systems; a null key takes it away."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.refer(command, at=now.at)

    return await act(ctx, opportunity_id, step)


@router.post("/{opportunity_id}/instruct", operation_id="opportunities.instruct", responses=CHANGES | refuses(403))
async def instruct(opportunity_id: UUID, command: GiveInstruction, ctx: CtxMatch) -> Receipt:
    """Ask for something on the hot-customer table, with a due date."""
    await require_supervisor(ctx)

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.instruct(command, by=now.by, at=now.at, day=now.day)

    return await act(ctx, opportunity_id, step)


@router.post(
    "/{opportunity_id}/complete-instruction", operation_id="opportunities.complete_instruction", responses=CHANGES
)
async def complete_instruction(opportunity_id: UUID, command: CompleteInstruction, ctx: CtxMatch) -> Receipt:
    """Say that the latest instruction was carried out."""

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.complete_instruction(command, by=now.by, at=now.at)

    return await act(ctx, opportunity_id, step, on=command.on)


@router.post("/{opportunity_id}/correct", operation_id="opportunities.correct", responses=CHANGES)
async def correct(opportunity_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct standing fields, or the day, of an earlier fact."""

    async def right(ctx: CommandContext, opportunity: Opportunity) -> None:
        await require_decider(ctx, opportunity, command.version)

    async def check() -> None:
        await require_references(ctx, command.changes)
        if command.changes.get("key_person_id") is not None:
            await _require_key_person(ctx, opportunity_id, command.changes)

    def step(opportunity: Opportunity, now: Moment) -> None:
        occurred_at = corrected_time(command, ctx, opportunity)
        opportunity.correct(
            command.version,
            with_day(command.changes, opportunity.ledger.get(command.version), occurred_at, now),
            occurred_at=occurred_at,
            reason=command.reason,
            at=now.at,
            levels=now.rules.levels(now.day),
            catalogue=now.rules.catalogue(now.day),
        )

    return await act(ctx, opportunity_id, step, right=right, check=check)


@router.post("/{opportunity_id}/void", operation_id="opportunities.void", responses=CHANGES)
async def void(opportunity_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""

    async def right(ctx: CommandContext, opportunity: Opportunity) -> None:
        await require_decider(ctx, opportunity, command.version)

    def step(opportunity: Opportunity, now: Moment) -> None:
        opportunity.void(command.version, reason=command.reason, at=now.at)

    return await act(ctx, opportunity_id, step, right=right)


# -- corrections -------------------------------------------------------------------------------------------


async def _require_key_person(ctx: CommandContext, opportunity_id: UUID, changes: Mapping[str, Any]) -> None:
    """Raises Refused 422 `unknown_key_person` unless the account has this key person."""
    pointer = "/changes/key_person_id"
    person_id = _uuid(changes["key_person_id"])
    opportunity = await ctx.kit.repository(Opportunity).load(ctx.tenant_id, opportunity_id)
    account_id = _uuid(changes.get("account_id")) or opportunity.standing.get("account_id")
    if person_id is None or account_id is None:
        raise Refused("unknown_key_person", "the account has no such key person", status=422, pointer=pointer)
    await require_account(ctx, account_id, [(person_id, pointer)])


def with_day(
    changes: Mapping[str, Any], entry: Entry | None, occurred_at: datetime | None, now: Moment
) -> Mapping[str, Any]:
    """Days that say the same as the business time move with it."""
    if occurred_at is None or entry is None:
        return changes
    day = day_of(occurred_at, now.zone)
    moved: dict[str, Any] = {}
    told = ("told",) if entry.type == "CustomerTold" else ()
    for name in ("delivered", "cancelled", "shipped", "installed", *told):
        if name in entry.changes and name not in changes:
            moved[name] = [{**msgspec.to_builtins(move), "on": day.isoformat()} for move in entry.changes[name]]
    for name in (DAYS.get(entry.type, "visited_on"),):
        if name in entry.changes and name not in changes and isinstance(entry.changes[name], date):
            moved[name] = day.isoformat()
    return {**changes, **moved}


async def require_references(ctx: CommandContext, changes: Mapping[str, Any]) -> None:
    """Raises Refused 422 for a corrected reference to what does not exist or is out of sight, and Problem 403 for who
    would hand the record over by correcting it. Forms are checked by the rules.
    """
    wanted = {
        "account_id": ("account", "unknown_account"),
        "owner_id": ("person", "unknown_owner"),
        "unit_id": ("unit", "unknown_unit"),
    }
    ids = {name: _uuid(changes.get(name)) for name in wanted}
    found = await known(ctx.kit.pool, ctx.tenant_id, ids.values())
    for name, id in ids.items():
        stream_type, code = wanted[name]
        if id is not None and (id not in found or found[id].stream_type != stream_type):
            raise Refused(code, f"there is no such {stream_type}", status=422, pointer=f"/changes/{name}")
    unit_id, owner_id = ids["unit_id"], ids["owner_id"]
    if owner_id is not None:
        await require_hands_over(ctx, owner_id)
    if unit_id is not None and (owner_id is None or found[owner_id].unit_id != unit_id):
        await require_unit_in_sight(ctx, unit_id)
    if ids["account_id"] is not None:
        await require_account(ctx, ids["account_id"], pointer="/changes/account_id")
    lines = changes.get("lines")
    if isinstance(lines, list):
        codes = {line["product"] for line in lines if isinstance(line, dict) and isinstance(line.get("product"), str)}
        there = await product_codes(ctx.kit.pool, ctx.tenant_id, codes)
        for code in sorted(codes - there):
            raise Refused(
                "unknown_product", f"there is no product {code}", status=422, pointer="/changes/lines", product=code
            )


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
