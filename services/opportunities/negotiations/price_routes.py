"""Prices in a negotiation over HTTP: asked for, passed on, granted or not, within limits. The rules are elsewhere."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.opportunities.dealing import acting
from services.opportunities.dealing.limits import needs
from services.opportunities.dealing.rights import asked_by, require_decider
from services.opportunities.events import PricePassedOn
from services.opportunities.negotiations.commands import ApprovePrice, PassPriceOn, RefusePrice, RequestPrice
from services.opportunities.negotiations.negotiation import Negotiation
from services.opportunities.negotiations.price_policy import (
    AskedDiscount,
    PricePolicies,
)
from services.opportunities.negotiations.prices import greatest, priced
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment
from services.opportunities.routes.records import belonging
from shared.days import day_of
from shared.event_store.stream import Refused
from shared.http.context import CommandContext, CtxMatch
from shared.http.kit import Kit
from shared.http.openapi import refuses
from shared.http.receipt import Receipt
from shared.http.route import Router

router = Router(prefix="/v1/negotiations", tags=["negotiations"])

NEGOTIATIONS = belonging(Negotiation)
CHANGES = refuses(404, 409, 412, 422, 428)
DECISIONS = refuses(403, 404, 409, 412, 422, 428)


@router.post("/{negotiation_id}/request-price", operation_id="negotiations.request_price", responses=CHANGES)
async def request_price(negotiation_id: UUID, command: RequestPrice, ctx: CtxMatch) -> Receipt:
    """Ask for prices; within the own limit they are granted at once, and the fact says so."""
    found: list[tuple[tuple[object, ...], AskedDiscount, frozenset[str]]] = []

    async def check(_: Negotiation, now: Moment, opportunity: Opportunity) -> None:
        lines = await priced(ctx, command.lines, opportunity.standing["currency"])
        asked = await discount_on(ctx.kit, ctx.tenant_id, greatest(lines), now.day)
        entered = await discount_on(ctx.kit, ctx.tenant_id, greatest(lines), day_of(ctx.now, now.zone))
        functions = ctx.principal.functions  # nobody chooses an earlier day for its limits
        found[:] = [(lines, asked, functions if entered.covers(functions) else frozenset())]

    def step(negotiation: Negotiation, now: Moment, opportunity: Opportunity) -> None:
        lines, asked, functions = found[0]
        negotiation.request_price(
            command,
            lines=lines,  # type: ignore[arg-type]
            currency=opportunity.standing["currency"],
            asked=asked,
            functions=functions,
            by=now.by,
            at=now.at,
            day=now.day,
        )

    return await acting.act(ctx, NEGOTIATIONS, negotiation_id, step, on=command.on, check=check)


@router.post("/{negotiation_id}/pass-price-on", operation_id="negotiations.pass_price_on", responses=DECISIONS)
async def pass_price_on(negotiation_id: UUID, command: PassPriceOn, ctx: CtxMatch) -> Receipt:
    """Support a price above the own limit, and pass it on to the next function up that may grant it."""
    found: list[str] = []

    async def right(negotiation: Negotiation, now: Moment, opportunity: Opportunity) -> None:
        asked = await waiting_discount(ctx.kit, ctx.tenant_id, negotiation, now.day)
        functions = await require_decider(ctx, opportunity, await requester(ctx.kit, ctx.tenant_id, negotiation))
        negotiation.require(PricePassedOn)
        if asked.covers(functions):
            raise Refused("within_limit", "it is within your limit: decide it yourself")
        found[:] = [needs(asked)]

    def step(negotiation: Negotiation, now: Moment, _: Opportunity) -> None:
        negotiation.pass_price_on(command, to=found[0], by=now.by, at=now.at)

    return await acting.act(ctx, NEGOTIATIONS, negotiation_id, step, on=command.on, right=right)


@router.post("/{negotiation_id}/approve-price", operation_id="negotiations.approve_price", responses=DECISIONS)
async def approve_price(negotiation_id: UUID, command: ApprovePrice, ctx: CtxMatch) -> Receipt:
    """Grant the prices that wait: in the reporting line, within the limit, never one's own request."""
    found: list[tuple[AskedDiscount, frozenset[str]]] = []

    async def right(negotiation: Negotiation, now: Moment, opportunity: Opportunity) -> None:
        asked = await waiting_discount(ctx.kit, ctx.tenant_id, negotiation, now.day)
        by = await requester(ctx.kit, ctx.tenant_id, negotiation)
        functions = await require_decider(ctx, opportunity, by, asked)
        if (today := day_of(ctx.now, now.zone)) != now.day:
            entered = await waiting_discount(ctx.kit, ctx.tenant_id, negotiation, today)
            await require_decider(ctx, opportunity, by, entered)
        found[:] = [(asked, functions)]

    def step(negotiation: Negotiation, now: Moment, _: Opportunity) -> None:
        asked, functions = found[0]
        negotiation.approve_price(command, asked=asked, functions=functions, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, NEGOTIATIONS, negotiation_id, step, on=command.on, right=right)


@router.post("/{negotiation_id}/refuse-price", operation_id="negotiations.refuse_price", responses=DECISIONS)
async def refuse_price(negotiation_id: UUID, command: RefusePrice, ctx: CtxMatch) -> Receipt:
    """Do not grant the prices that wait: any head in the reporting line may say no."""

    async def right(negotiation: Negotiation, _: Moment, opportunity: Opportunity) -> None:
        await require_decider(ctx, opportunity, await requester(ctx.kit, ctx.tenant_id, negotiation))

    def step(negotiation: Negotiation, now: Moment, _: Opportunity) -> None:
        negotiation.refuse_price(command, by=now.by, at=now.at, day=now.day)

    return await acting.act(ctx, NEGOTIATIONS, negotiation_id, step, on=command.on, right=right)


# -- rights ------------------------------------------------------------------------------------------------


def decider(ctx: CommandContext) -> acting.Right[Negotiation]:
    """Refuses who could not have granted the prices."""

    async def right(negotiation: Negotiation, now: Moment, opportunity: Opportunity) -> None:
        asked = await waiting_discount(ctx.kit, ctx.tenant_id, negotiation, now.day)
        await require_decider(ctx, opportunity, await requester(ctx.kit, ctx.tenant_id, negotiation), asked)

    return right


async def requester(kit: Kit, tenant_id: UUID, negotiation: Negotiation) -> frozenset[UUID]:
    """Who asked for the prices, and who entered that."""
    return await asked_by(kit, tenant_id, negotiation, ("PriceRequested",), "price_requested_by")


async def waiting_discount(kit: Kit, tenant_id: UUID, negotiation: Negotiation, day: date) -> AskedDiscount:
    """The discount asked for last, under the policy of a day."""
    return await discount_on(kit, tenant_id, negotiation.standing.get("price_discount"), day)


async def discount_on(kit: Kit, tenant_id: UUID, discount: object, day: date) -> AskedDiscount:
    """A discount under the policy of a day."""
    published = await kit.repository(PricePolicies).load(tenant_id, PricePolicies.id_of(tenant_id))
    return AskedDiscount(PricePolicies.on(published, day), discount)  # type: ignore[arg-type]
