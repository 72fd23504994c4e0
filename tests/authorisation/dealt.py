"""What belongs to a deal of that company: a solution, a bid, a negotiation, a contract. None waits for a decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from services.opportunities.bids.bid import Bid
from services.opportunities.bids.commands import DecideBid, RecordTender
from services.opportunities.contracts.commands import DraftContract
from services.opportunities.contracts.contract import Contract
from services.opportunities.negotiations.commands import OpenNegotiation
from services.opportunities.negotiations.negotiation import Negotiation
from services.opportunities.solutions.commands import RequestSolution
from services.opportunities.solutions.solution import Solution
from shared.event_store.stream import Stream
from tests.authorisation.company import id_of


def of_deal(name: str, deal: UUID, by: UUID, mark: str, at: datetime) -> Iterator[Stream]:
    """One of each, under ids made from the deal's name."""
    day = at.date()
    request = RequestSolution(opportunity_id=deal, need=f"{mark}需求 {name}")
    yield Solution.request(request, id=id_of(f"solution.{name}"), by=by, at=at, day=day)
    tender = RecordTender(opportunity_id=deal, tender_number="1", tenderer=f"{mark}招标人 {name}")
    bid = Bid.tender(tender, currency="CNY", id=id_of(f"bid.{name}"), by=by, at=at, day=day)
    bid.decide(DecideBid(go=True), by=id_of("director"), at=at, day=day)
    yield bid
    begun = OpenNegotiation(opportunity_id=deal, subject=f"{mark}谈判 {name}")
    yield Negotiation.opened(begun, id=id_of(f"negotiation.{name}"), by=by, at=at, day=day)
    draft = DraftContract.model_validate({"opportunity_id": deal, "title": f"{mark}合同 {name}", "amount": "1000"})
    yield Contract.drawn_up(draft, currency="CNY", id=id_of(f"contract.{name}"), by=by, at=at, day=day)
