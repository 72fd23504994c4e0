"""Negotiations: rounds, concessions, prices: over HTTP. Prices and who grants them are in modules of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from services.opportunities.dealing import acting
from services.opportunities.dealing.listing import OfDeals, equals, listed
from services.opportunities.dealing.rights import deciding_seats
from services.opportunities.events import NegotiationStatus, PriceStatus
from services.opportunities.negotiations import policy_routes, price_routes
from services.opportunities.negotiations.commands import ClosePoint, ConcludeNegotiation, HoldRound, OpenNegotiation
from services.opportunities.negotiations.negotiation import Negotiation
from services.opportunities.negotiations.price_routes import (
    CHANGES,
    DECISIONS,
    NEGOTIATIONS,
    decider,
    requester,
    waiting_discount,
)
from services.opportunities.negotiations.report import TABLE, NegotiationRow, points_overdue
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment
from services.opportunities.routes.asked import Ask
from services.opportunities.routes.records import RecordShown
from services.opportunities.routes.references import require_account, require_people
from shared.http.context import Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.privacy.vault import Of
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.vaulted import keep

own = Router(prefix="/v1/negotiations", tags=["negotiations"])


@own.post("", status_code=201, operation_id="negotiations.begin", responses=refuses(403, 409, 422))
async def begin(command: OpenNegotiation, ctx: Ctx) -> Receipt:
    """Begin to negotiate (商务谈判)."""

    def make(id: UUID, now: Moment, _: Opportunity) -> Negotiation:
        return Negotiation.opened(command, id=id, by=now.by, at=now.at, day=now.day)

    return await acting.begin(ctx, NEGOTIATIONS, command.opportunity_id, make, on=command.on)


@own.post("/{negotiation_id}/hold-round", operation_id="negotiations.hold_round", responses=CHANGES)
async def hold_round(negotiation_id: UUID, command: HoldRound, ctx: CtxMatch) -> Receipt:
    """Say that the sides met: terms, concessions, open points (谈判轮次)."""

    async def check(_: Negotiation, __: Moment, opportunity: Opportunity) -> None:
        ours = [*command.our_side, *(point.owner_id for point in command.open_points if point.owner_id is not None)]
        await require_people(ctx, ours, "/our_side")
        theirs = [(person, f"/their_side/{index}") for index, person in enumerate(command.their_side)]
        await require_account(ctx, opportunity.standing.get("account_id"), theirs, of_opportunity=True)

    def step(negotiation: Negotiation, now: Moment, _: Opportunity) -> None:
        negotiation.hold_round(command, by=now.by, at=now.at, day=now.day)

    receipt = await acting.act(ctx, NEGOTIATIONS, negotiation_id, step, on=command.on, check=check)
    minutes = {f"minutes_{receipt.version}": command.minutes}
    await keep(ctx, {negotiation_id: minutes}, Of("negotiation", negotiation_id))
    return receipt


@own.post("/{negotiation_id}/close-point", operation_id="negotiations.close_point", responses=CHANGES)
async def close_point(negotiation_id: UUID, command: ClosePoint, ctx: CtxMatch) -> Receipt:
    """Say that an open point is settled."""

    def step(negotiation: Negotiation, now: Moment, _: Opportunity) -> None:
        negotiation.close_point(command, at=now.at, day=now.day)

    return await acting.act(ctx, NEGOTIATIONS, negotiation_id, step, on=command.on)


@own.post("/{negotiation_id}/conclude", operation_id="negotiations.conclude", responses=CHANGES)
async def conclude(negotiation_id: UUID, command: ConcludeNegotiation, ctx: CtxMatch) -> Receipt:
    """Say how the negotiation ended."""

    def step(negotiation: Negotiation, now: Moment, _: Opportunity) -> None:
        negotiation.conclude(command, at=now.at, day=now.day)

    return await acting.act(ctx, NEGOTIATIONS, negotiation_id, step, on=command.on)


@own.post("/{negotiation_id}/correct", operation_id="negotiations.correct", responses=DECISIONS)
async def correct(negotiation_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what a fact said, or its day; a decision on prices only by who could take it."""
    return await acting.correct(ctx, NEGOTIATIONS, negotiation_id, command, decider=decider(ctx))


@own.post("/{negotiation_id}/void", operation_id="negotiations.void", responses=DECISIONS)
async def void(negotiation_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await acting.void(ctx, NEGOTIATIONS, negotiation_id, command, decider=decider(ctx))


# -- reading -----------------------------------------------------------------------------------------------


@own.get("", operation_id="negotiations.list", response_model=Listed[NegotiationRow], responses=refuses(422))
async def negotiations(
    ask: Ask,
    page: Paged,
    which: OfDeals,
    status: NegotiationStatus | None = None,
    price: Annotated[PriceStatus | None, Query(description="What became of the price asked for last.")] = None,
    overdue: Annotated[bool | None, Query(description="With an open point whose day has gone by.")] = None,
    sort: Literal["-opened_on", "next_due_on"] = "-opened_on",
) -> Any:
    """Negotiations of the opportunities the caller sees."""
    predicates = [equals("status", status), equals("price_status", price), points_overdue(overdue)]
    return await listed(ask, page, TABLE, which, predicates, sort)


@own.get("/{negotiation_id}", operation_id="negotiations.read", responses=refuses(404))
async def negotiation_page(negotiation_id: UUID, reading: Report, response: Response) -> RecordShown:
    """One negotiation with its rounds, prices and whole history."""

    async def may(negotiation: Negotiation, opportunity: Opportunity) -> Collection[str]:
        asked = await requester(reading.kit, reading.tenant_id, negotiation)
        seats = await deciding_seats(reading.kit, reading.principal, opportunity, asked)
        if not seats:
            return ()
        functions = frozenset[str]().union(*(seat.functions for seat in seats))
        waiting = await waiting_discount(reading.kit, reading.tenant_id, negotiation, reading.day)
        return ("refuse-price", "approve-price" if waiting.covers(functions) else "pass-price-on")

    found, _ = await acting.page(
        reading, response, Negotiation, negotiation_id, may=may, people=_people, products=_products
    )
    return found


def _people(standing: Mapping[str, Any]) -> Collection[UUID | None]:
    named = [standing.get(name) for name in ("opened_by", "price_requested_by", "price_passed_by", "price_decided_by")]
    for held in standing.get("rounds", ()):
        named += [*held.our_side, *held.their_side, *(point.owner_id for point in held.open_points)]
    return named


def _products(standing: Mapping[str, Any]) -> Collection[str]:
    return [line.product for line in standing.get("price_lines", ())]


router = Router()
router.routes.extend((*price_routes.router.routes, *own.routes, *policy_routes.router.routes))
