"""The matrix and its targets for bids: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID, uuid4

from services.opportunities.bids.bid import Bid
from services.opportunities.bids.commands import DecideBid, PayBond, RecordTender, SubmitBid
from tests.authorisation import expectations as who
from tests.authorisation.nouns.dealing import AT, BY, CORRECTION, DAY, OF_A_DEAL, kept
from tests.authorisation.row import LINE, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

TENDER = {"tender_number": "1", "tenderer": "采购中心", "documents": [{"name": "资质"}], "bond_amount": "1000"}

ROWS: dict[str, Row] = {
    "bids.list": listed(),
    "bids.read": Row(who.RECORD_READ, "bid.considered"),
    "bids.record": Row(OF_A_DEAL, "deal.hot", lambda target: {"opportunity_id": target.id, **TENDER}, matched=False),
    "bids.change": Row(who.RECORD_CHANGE, "bid.considered", {"tenderer": "市采购中心"}),
    "bids.buy_documents": Row(who.RECORD_CHANGE, "bid.considered", {}),
    "bids.decide": Row(who.APPROVAL, "bid.considered", {"go": True}),
    "bids.finish_document": Row(who.RECORD_CHANGE, "bid.considered", {"name": "资质"}),
    "bids.pay_bond": Row(who.RECORD_CHANGE, "bid.considered", {}),
    "bids.return_bond": Row(who.RECORD_CHANGE, "bid.submitted", {}),
    "bids.submit": Row(who.RECORD_CHANGE, "bid.preparing", {"lines": [LINE]}),
    "bids.open": Row(who.RECORD_CHANGE, "bid.submitted", {"our_rank": 1}),
    "bids.win": Row(who.RECORD_CHANGE, "bid.submitted", {}),
    "bids.lose": Row(who.RECORD_CHANGE, "bid.submitted", {}),
    "bids.cancel": Row(who.RECORD_CHANGE, "bid.submitted", {"by": "tenderer", "reason": "不足三家"}),
    "bids.correct": Row(who.RECORD_CHANGE, "bid.considered", CORRECTION),
    "bids.void": Row(who.RECORD_CHANGE, "bid.submitted", {"version": 4, "reason": "错"}),
}


def _bid(state: str, deal: UUID) -> Bid:
    command = RecordTender.model_validate({"opportunity_id": deal, **TENDER})
    bid = Bid.tender(command, currency="CNY", id=uuid4(), by=BY, at=AT, day=DAY)
    if state != "considered":
        bid.decide(DecideBid(go=True), by=BY, at=AT, day=DAY)
        bid.pay_bond(PayBond(), at=AT, day=DAY)
    if state == "submitted":
        bid.submit(SubmitBid(), by=BY, at=AT, day=DAY)
    return bid


async def _made(state: str, world: World) -> Target:
    return await kept(world, partial(_bid, state))


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    f"bid.{state}": partial(_made, state) for state in ("considered", "preparing", "submitted")
}
