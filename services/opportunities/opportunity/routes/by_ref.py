"""Opportunities by what other systems call them: looked up in bulk, put by reference. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Depends, Response

from services.opportunities.opportunity.commands.by_ref import PutOpportunity
from services.opportunities.opportunity.commands.prospects import Judgement
from services.opportunities.opportunity.external_refs import OPPORTUNITY_REF
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.opportunity.putting import bring_up_to_date
from services.opportunities.opportunity.routes.duplicates import Moves
from services.opportunities.routes.acting import (
    OPPORTUNITIES,
    Moment,
    act,
    moment,
    ref_taken,
    sees,
    settle,
    settle_refs,
)
from services.opportunities.routes.references import (
    account_standings,
    owner_and_unit,
    require_account,
    require_in_sight,
    require_products,
    supports,
)
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.by_ref import (
    PUT,
    HeldMeanwhile,
    InPath,
    KeyInPath,
    LookedUp,
    LookUp,
    Standings,
    held_meanwhile,
    look_up,
    put,
)
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext, Ctx, Parts, Who, keyed
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.identity.principal import Principal
from shared.names import external_key

router = Router(prefix="/v1/opportunities", tags=["opportunities"])

NEW: Commands[Opportunity] = Commands(
    Opportunity, sees=OPPORTUNITIES.sees, taken=held_meanwhile(OPPORTUNITY_REF, OPPORTUNITIES.taken)
)


@router.post("/lookup", operation_id="opportunities.lookup", dependencies=[Depends(keyed)], responses=refuses(422))
async def lookup(asked: LookUp, who: Who, parts: Parts) -> LookedUp:
    """Which opportunities other systems mean, up to 1 000 at once: id and version, or null. Only those you see."""

    async def in_sight(found: Standings) -> set[UUID]:
        return await _seen(parts, who, found)

    return await look_up(parts.pool, who.tenant_id, OPPORTUNITY_REF, asked.refs, in_sight)


@router.put("/by-ref/{system}/{key}", operation_id="opportunities.put", responses=PUT)
async def put_by_ref(system: InPath, key: KeyInPath, command: PutOpportunity, ctx: Ctx, response: Response) -> Receipt:
    """Create the opportunity another system calls this, or change what is said otherwise. 201 created, 200 known."""
    ctx.require_dealing()
    command = command.known_as(system, key)
    scoped = (OPPORTUNITY_REF, external_key(system, key))

    async def change(id: UUID) -> Receipt:
        holder = await ctx.kit.repository(Opportunity).load(ctx.tenant_id, id)
        if holder is not None and not await sees(ctx.kit, ctx.principal, holder.standing):
            return await _refused(ctx, Claim(*scoped, id))

        def step(opportunity: Opportunity, now: Moment) -> None:
            bring_up_to_date(
                opportunity, command, by=now.by, at=now.at, levels=now.rules.levels(now.day),
                catalogue=now.rules.catalogue(now.day),
            )  # fmt: skip

        async def check() -> None:
            await require_products(ctx, command.lines)
            if command.says("account_id") or command.key_person_id is not None:
                person = [] if command.key_person_id is None else [(command.key_person_id, "/key_person_id")]
                account = command.account_id if command.says("account_id") else holder and holder.standing["account_id"]
                await require_account(ctx, account, person)

        return await act(ctx, id, step, check=check)

    async def create() -> Receipt:
        moves = Moves()
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
            id = ctx.new_id(Opportunity.stream_type)
            captured = Opportunity.capture(command.capturing(), id=id, owner_id=owner_id, unit_id=unit_id, at=now.at)
            if command.level is not None:
                judgement = Judgement(level=command.level, expected_on=command.expected_on)
                captured.qualify(judgement, by=now.by, at=now.at, levels=now.rules.levels(now.day))
            await settle(ctx, moves, captured, (), now, command)
            try:
                await settle_refs(ctx, moves, captured, ())
            except Refused as no:
                if no.params.get("key") == scoped[1]:
                    raise HeldMeanwhile(scoped[1]) from no
                raise
            return work.add(captured)

        return await NEW.together(
            ctx, decide, status=201, claims=lambda _: moves.claims, releases=lambda _: moves.releases
        )

    return await put(ctx, response, scoped, change=change, create=create, at="/v1/opportunities")


async def _refused(ctx: CommandContext, claim: Claim) -> Receipt:
    """The no to who does not see whose reference it is, remembered under the key."""

    async def decide(_: Work) -> Opportunity:
        raise ref_taken(claim)

    return await OPPORTUNITIES.together(ctx, decide)


async def _seen(kit: Kit, who: Principal, found: Standings) -> set[UUID]:
    """Which of these opportunities the principal sees, as the log has them now."""
    sight = await kit.sight(who)
    if sight.everything:
        return set(found)
    seen = {
        id for id, said in found.items() if sight.sees(owner_id=_id(said, "owner_id"), unit_id=_id(said, "unit_id"))
    }
    at = {id: account for id, said in found.items() if id not in seen and (account := _id(said, "account_id"))}
    accounts = await account_standings(kit.pool, who.tenant_id, set(at.values()))
    return seen | {id for id, account in at.items() if supports(sight, accounts.get(account, {}))}


def _id(said: Mapping[str, Any], name: str) -> UUID | None:
    return None if said.get(name) is None else UUID(said[name])
