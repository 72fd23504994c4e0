"""How a command on an opportunity is carried out: load, business time, rules, claims, append. Decides no rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.opportunities.opportunity.commands.prospects import OpenProspect
from services.opportunities.opportunity.external_refs import OPPORTUNITY_REF, holders, ref_claims
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.opportunity.routes import serials
from services.opportunities.opportunity.routes.duplicates import Duplicate, Moves, held, taken
from services.opportunities.policies.in_force import Rules, rules_in_force
from services.opportunities.routes.references import account_standing, supports
from services.opportunities.visits.visit import Visit
from shared.days import day_of
from shared.event_store.command import Claim
from shared.event_store.stream import Refused
from shared.http.commands import Commands, Work
from shared.http.context import CommandContext
from shared.http.kit import Kit
from shared.http.receipt import Receipt
from shared.identity.principal import Principal
from shared.records.business_time import business_time

# -- sight -------------------------------------------------------------------------------------------------


async def sees(kit: Kit, principal: Principal, about: Mapping[str, Any]) -> bool:
    """Who is responsible or supervises them, who has a function at the unit or above, and the account's team."""
    sight = await kit.sight(principal)
    if sight.sees(owner_id=about.get("owner_id"), unit_id=about.get("unit_id")):
        return True
    account_id = about.get("account_id")
    if account_id is None:
        return False
    return supports(sight, await account_standing(kit.pool, principal.tenant_id, account_id))


async def sees_visit(kit: Kit, principal: Principal, about: Mapping[str, Any]) -> bool:
    """Who sees an opportunity it names; if it names none, as any record; and colleagues who took part."""
    sight = await kit.sight(principal)
    colleagues = set(about.get("participants", ())) - {about.get("owner_id")}
    if sight.everything or not sight.selves.isdisjoint(colleagues):
        return True
    named = about.get("opportunity_ids") or ()
    if not named:
        return await sees(kit, principal, about)
    for id in named:
        opportunity: Opportunity | None = await kit.repository(Opportunity).load(principal.tenant_id, id)
        if opportunity is not None and await sees(kit, principal, opportunity.standing):
            return True
    return False


async def _sees_opportunity(ctx: CommandContext, opportunity: Opportunity) -> bool:
    return await sees(ctx.kit, ctx.principal, opportunity.standing)


async def _sees_visit(ctx: CommandContext, visit: Visit) -> bool:
    return await sees_visit(ctx.kit, ctx.principal, visit.about)


def _taken(claim: Claim) -> Refused:
    return ref_taken(claim) if claim.scope == OPPORTUNITY_REF else taken(claim)


OPPORTUNITIES: Commands[Opportunity] = Commands(Opportunity, sees=_sees_opportunity, taken=_taken)
VISITS: Commands[Visit] = Commands(Visit, sees=_sees_visit, taken=taken)


# -- carrying out ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happens, by whom, and under which rules. `day` is the calendar day in the tenant's zone."""

    at: datetime
    day: date
    by: UUID
    zone: ZoneInfo
    rules: Rules


Step = Callable[[Opportunity, Moment], None]
Check = Callable[[], Awaitable[None]]
Right = Callable[[CommandContext, Opportunity], Awaitable[None]]


async def moment(ctx: CommandContext, on: date | None, after: Any = None, *, anew: bool = False) -> Moment:
    """The moment a command on a day, or now, is about."""
    zone = ctx.principal.zone
    at = business_time(on, now=ctx.now, zone=zone, after=after)
    rules = await rules_in_force(ctx.kit, ctx.tenant_id, anew=anew)
    return Moment(at, day_of(at, zone), ctx.principal.acting_for, zone, rules)


async def act(
    ctx: CommandContext,
    id: UUID,
    step: Step,
    *,
    on: date | None = None,
    right: Right | None = None,
    check: Check | None = None,
    opening: OpenProspect | None = None,
    code: str = "ok",
) -> Receipt:
    """Carry out one command on one opportunity.

    `right` refuses who may not; `check` looks at what it refers to; `opening`: back into the stock; `code`: what the
    receipt says it came to.
    """
    moves = Moves()
    tries = 0

    async def decide(work: Work) -> Opportunity:
        nonlocal tries
        tries += 1
        moves.clear()
        opportunity = await work.load(OPPORTUNITIES, id, matched=True)
        before, there = held(opportunity), serials.delivered(opportunity)
        known_as = ref_claims(opportunity.id, opportunity.standing)
        if right is not None:
            await right(ctx, opportunity)
        if check is not None:
            await check()
        now = await moment(ctx, on, opportunity, anew=tries > 1)
        step(opportunity, now)
        await settle(ctx, moves, opportunity, before, now, opening)
        taken_now, given_back = serials.moved(opportunity, there)
        moves.claims += taken_now
        moves.releases += given_back
        await settle_refs(ctx, moves, opportunity, known_as)
        return opportunity

    return await OPPORTUNITIES.together(
        ctx, decide, claims=lambda _: moves.claims, releases=lambda _: moves.releases, code=code
    )


async def settle_refs(ctx: CommandContext, moves: Moves, opportunity: Opportunity, before: Collection[Claim]) -> None:
    """The same for what other systems call it. Raises Refused 409 `external_ref_taken`, naming a holder in sight."""
    now = ref_claims(opportunity.id, opportunity.standing)
    new = [claim for claim in now if claim not in before]
    moves.claims += new
    moves.releases += [claim for claim in before if claim not in now]
    for claim, holder_id in (await holders(ctx.kit.pool, ctx.tenant_id, OPPORTUNITY_REF, new)).items():
        if holder_id == opportunity.id:
            continue
        holder = await ctx.kit.repository(Opportunity).load(ctx.tenant_id, holder_id)
        seen = holder is not None and await _sees_opportunity(ctx, holder)
        raise ref_taken(claim, holder_id if seen else None)


def ref_taken(claim: Claim, holder_id: UUID | None = None) -> Refused:
    """Another opportunity is called this there."""
    params: dict[str, Any] = {"key": claim.key} if holder_id is None else {"key": claim.key, "holder": str(holder_id)}
    detail = f"another opportunity is {claim.key}" + ("" if holder_id is None else f": {holder_id}")
    return Refused("external_ref_taken", detail, pointer="/external_refs", **params)


async def settle(
    ctx: CommandContext,
    moves: Moves,
    opportunity: Opportunity,
    before: Collection[str],
    now: Moment,
    opening: OpenProspect | None = None,
) -> None:
    """The claims that follow from what an opportunity has decided. Raises Refused 409 `duplicate_prospect`."""
    try:
        await moves.settle(
            ctx.kit.pool,
            ctx.tenant_id,
            opportunity,
            before,
            at=now.at,
            days=now.rules.approval(now.day).duplicate_days,
            opening=opening,
        )
    except Duplicate as duplicate:
        holder = await ctx.kit.repository(Opportunity).load(ctx.tenant_id, duplicate.holder.opportunity_id)
        if holder is not None and not await _sees_opportunity(ctx, holder):
            raise duplicate.out_of_sight(holder.standing["unit_id"]) from None
        raise
