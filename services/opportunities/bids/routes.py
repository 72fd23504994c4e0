"""Bids: tender, documents, bond, competitors, result: over HTTP. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field

from services.opportunities.bids.bid import Bid
from services.opportunities.bids.commands import (
    BuyDocuments,
    CancelBid,
    ChangeTender,
    DecideBid,
    Documents,
    FinishDocument,
    LoseBid,
    OpenBids,
    PayBond,
    RecordTender,
    ReturnBond,
    SubmitBid,
    WinBid,
)
from services.opportunities.bids.report import TABLE, BidRow, Bond, bond, opening_within
from services.opportunities.dealing import acting
from services.opportunities.dealing.listing import OfDeals, equals, listed
from services.opportunities.dealing.rights import asked_by, deciding_seats, require_decider
from services.opportunities.events import BidStatus, DealWon, DefeatRequested
from services.opportunities.opportunity.opportunity import Opportunity
from services.opportunities.routes.acting import Moment
from services.opportunities.routes.asked import Ask
from services.opportunities.routes.records import RecordShown, belonging
from services.opportunities.routes.references import require_people, require_products
from shared.http.context import CommandContext, Ctx, CtxMatch
from shared.http.openapi import refuses
from shared.http.reading import Listed, Paged, Report
from shared.http.receipt import Receipt
from shared.http.route import Router
from shared.records.corrections import CorrectFact, VoidFact
from shared.records.history import plain

router = Router(prefix="/v1/bids", tags=["bids"])

BIDS = belonging(Bid)
CHANGES = refuses(404, 409, 412, 422, 428)
DECISIONS = refuses(403, 404, 409, 412, 422, 428)


@router.post("", status_code=201, operation_id="bids.record", responses=refuses(403, 409, 422))
async def record(command: RecordTender, ctx: Ctx) -> Receipt:
    """Put a tender notice on record with its opportunity (招标公告)."""

    async def check(_: Opportunity) -> None:
        await _require_responsible(ctx, command.documents)

    def make(id: UUID, now: Moment, opportunity: Opportunity) -> Bid:
        currency = opportunity.standing["currency"]
        return Bid.tender(command, currency=currency, id=id, by=now.by, at=now.at, day=now.day)

    return await acting.begin(ctx, BIDS, command.opportunity_id, make, on=command.on, check=check)


@router.post("/{bid_id}/change", operation_id="bids.change", responses=CHANGES)
async def change(bid_id: UUID, command: ChangeTender, ctx: CtxMatch) -> Receipt:
    """Say what the tender says now: the opening postponed, another list of documents."""

    async def check(_: Bid, __: Moment, ___: Opportunity) -> None:
        await _require_responsible(ctx, command.documents or ())

    return await _act(ctx, bid_id, lambda bid, now: bid.change(command, at=now.at), command.on, check=check)


@router.post("/{bid_id}/buy-documents", operation_id="bids.buy_documents", responses=CHANGES)
async def buy_documents(bid_id: UUID, command: BuyDocuments, ctx: CtxMatch) -> Receipt:
    """Say that the tender documents were bought (购买标书)."""
    return await _act(ctx, bid_id, lambda bid, now: bid.buy_documents(at=now.at, day=now.day), command.on)


@router.post("/{bid_id}/decide", operation_id="bids.decide", responses=DECISIONS)
async def decide(bid_id: UUID, command: DecideBid, ctx: CtxMatch) -> Receipt:
    """Decide whether we bid: who stands above the owner, never who put the tender on record."""

    def step(bid: Bid, now: Moment) -> None:
        bid.decide(command, by=now.by, at=now.at, day=now.day)

    return await _act(ctx, bid_id, step, command.on, right=_decider(ctx))


@router.post("/{bid_id}/finish-document", operation_id="bids.finish_document", responses=CHANGES)
async def finish_document(bid_id: UUID, command: FinishDocument, ctx: CtxMatch) -> Receipt:
    """Say that a required document is ready."""

    def step(bid: Bid, now: Moment) -> None:
        bid.finish_document(command, by=now.by, at=now.at, day=now.day)

    return await _act(ctx, bid_id, step, command.on)


@router.post("/{bid_id}/pay-bond", operation_id="bids.pay_bond", responses=CHANGES)
async def pay_bond(bid_id: UUID, command: PayBond, ctx: CtxMatch) -> Receipt:
    """Say that the bond was paid (投标保证金)."""
    return await _act(ctx, bid_id, lambda bid, now: bid.pay_bond(command, at=now.at, day=now.day), command.on)


@router.post("/{bid_id}/return-bond", operation_id="bids.return_bond", responses=CHANGES)
async def return_bond(bid_id: UUID, command: ReturnBond, ctx: CtxMatch) -> Receipt:
    """Say that the bond came back."""
    return await _act(ctx, bid_id, lambda bid, now: bid.return_bond(at=now.at, day=now.day), command.on)


@router.post("/{bid_id}/submit", operation_id="bids.submit", responses=CHANGES)
async def submit(bid_id: UUID, command: SubmitBid, ctx: CtxMatch) -> Receipt:
    """Hand the bid in, with our price by lines (投标)."""

    async def check(_: Bid, __: Moment, ___: Opportunity) -> None:
        await require_products(ctx, command.lines)

    def step(bid: Bid, now: Moment) -> None:
        bid.submit(command, by=now.by, at=now.at, day=now.day)

    return await _act(ctx, bid_id, step, command.on, check=check)


@router.post("/{bid_id}/open", operation_id="bids.open", responses=CHANGES)
async def open_bids(bid_id: UUID, command: OpenBids, ctx: CtxMatch) -> Receipt:
    """Say what the opening brought: competitors and their prices (开标记录)."""
    return await _act(ctx, bid_id, lambda bid, now: bid.open_bids(command, at=now.at, day=now.day), command.on)


@router.post("/{bid_id}/win", operation_id="bids.win", responses=CHANGES)
async def win(bid_id: UUID, command: WinBid, ctx: CtxMatch) -> Receipt:
    """Say that we won the tender (中标); the deal is won by its own command."""
    return await _act(ctx, bid_id, lambda bid, now: bid.win(command, at=now.at, day=now.day), command.on)


@router.post("/{bid_id}/lose", operation_id="bids.lose", responses=CHANGES)
async def lose(bid_id: UUID, command: LoseBid, ctx: CtxMatch) -> Receipt:
    """Say that somebody else won (未中标); the deal is lost by its own command."""

    def step(bid: Bid, now: Moment) -> None:
        category = now.rules.catalogue(now.day).category_of(command.reason, "/reason")
        bid.lose(command, category=category, at=now.at, day=now.day)

    return await _act(ctx, bid_id, step, command.on)


@router.post("/{bid_id}/cancel", operation_id="bids.cancel", responses=CHANGES)
async def cancel(bid_id: UUID, command: CancelBid, ctx: CtxMatch) -> Receipt:
    """Say that the tender was called off (流标), or that we withdrew."""
    return await _act(ctx, bid_id, lambda bid, now: bid.cancel(command, at=now.at, day=now.day), command.on)


@router.post("/{bid_id}/correct", operation_id="bids.correct", responses=DECISIONS)
async def correct(bid_id: UUID, command: CorrectFact, ctx: CtxMatch) -> Receipt:
    """Correct what a fact said, or its day; the decision to bid only by who could take it."""
    return await acting.correct(ctx, BIDS, bid_id, command, decider=_decider(ctx))


@router.post("/{bid_id}/void", operation_id="bids.void", responses=DECISIONS)
async def void(bid_id: UUID, command: VoidFact, ctx: CtxMatch) -> Receipt:
    """Take back a fact, or a correction, that never happened."""
    return await acting.void(ctx, BIDS, bid_id, command, decider=_decider(ctx))


# -- reading -----------------------------------------------------------------------------------------------


class Proposal(BaseModel):
    """What the result of a tender calls for: `POST path` with a body to begin with."""

    action: str
    path: str
    body: dict[str, Any]


class BidShown(RecordShown):
    """One bid; a result proposes what to do with the deal, as long as the deal allows it."""

    documents_missing: Sequence[str] = Field(description="Required documents that are not ready.")
    proposals: Sequence[Proposal]


@router.get("", operation_id="bids.list", response_model=Listed[BidRow], responses=refuses(422))
async def bids(
    ask: Ask,
    page: Paged,
    which: OfDeals,
    status: BidStatus | None = None,
    opening: Annotated[
        int | None, Query(alias="opening_within", ge=0, le=3_650, description="Opening within so many days.")
    ] = None,
    bond_state: Annotated[
        Bond | None,
        Query(alias="bond", description="due, overdue: not paid yet; paid: out; unreturned: paid, and all is over."),
    ] = None,
    sort: Literal["opening_at", "-recorded_on"] = "opening_at",
) -> Any:
    """Bids of the opportunities the caller sees."""
    predicates = [equals("status", status), opening_within(opening), bond(bond_state)]
    return await listed(ask, page, TABLE, which, predicates, sort)


@router.get("/{bid_id}", operation_id="bids.read", responses=refuses(404))
async def bid_page(bid_id: UUID, reading: Report, response: Response) -> BidShown:
    """One bid with its whole history."""

    async def may(bid: Bid, opportunity: Opportunity) -> Collection[str]:
        asked = await asked_by(reading.kit, reading.tenant_id, bid, ("TenderRecorded",), "recorded_by")
        return ("decide",) if await deciding_seats(reading.kit, reading.principal, opportunity, asked) else ()

    found, opportunity = await acting.page(reading, response, Bid, bid_id, may=may, people=_people)
    done = {document["name"] for document in found.standing.get("documents_done", ())}
    return BidShown(
        **{name: getattr(found, name) for name in RecordShown.model_fields},
        documents_missing=[one["name"] for one in found.standing.get("documents", ()) if one["name"] not in done],
        proposals=() if opportunity is None else _proposals(found.standing, opportunity),
    )


def _proposals(standing: Mapping[str, Any], opportunity: Opportunity) -> Sequence[Proposal]:
    path = f"/v1/opportunities/{opportunity.id}"
    match standing["status"]:
        case BidStatus.WON if opportunity.can(DealWon):
            body = {"lines": standing.get("lines"), "currency": standing["currency"]}
            body = {name: value for name, value in body.items() if value}
            return (Proposal(action="win", path=f"{path}/win", body=body),)
        case BidStatus.LOST if opportunity.can(DefeatRequested):
            body = {
                "reason": standing["result_reason"],
                "competitor_brand": standing.get("winner"),
                "competitor_price": standing.get("winning_price"),
                "bought_on": standing["result_on"],
            }
            body = {name: plain(value) for name, value in body.items() if value is not None}
            return (Proposal(action="request-defeat", path=f"{path}/request-defeat", body=body),)
        case _:
            return ()


def _people(standing: Mapping[str, Any]) -> Collection[UUID | None]:
    named = [standing.get(name) for name in ("recorded_by", "decided_by", "submitted_by")]
    named += [document.responsible for document in standing.get("documents", ())]
    return [*named, *(document.by for document in standing.get("documents_done", ()))]


# -- carrying out ------------------------------------------------------------------------------------------


async def _act(
    ctx: CommandContext,
    id: UUID,
    step: Callable[[Bid, Moment], None],
    on: Any,
    *,
    right: acting.Right[Bid] | None = None,
    check: acting.Right[Bid] | None = None,
) -> Receipt:
    return await acting.act(ctx, BIDS, id, lambda bid, now, _: step(bid, now), on=on, right=right, check=check)


def _decider(ctx: CommandContext) -> acting.Right[Bid]:
    async def right(bid: Bid, _: Moment, opportunity: Opportunity) -> None:
        asked = await asked_by(ctx.kit, ctx.tenant_id, bid, ("TenderRecorded",), "recorded_by")
        await require_decider(ctx, opportunity, asked)

    return right


async def _require_responsible(ctx: CommandContext, documents: Documents) -> None:
    people = [document.responsible for document in documents if document.responsible is not None]
    await require_people(ctx, people, "/documents")
