"""What operations on bids need. Tests nothing itself."""

from __future__ import annotations

from tests.schemathesis.nouns.dealing import asked, correction, deal
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

PATH = "/v1/bids"
TENDER: JSON = {"tender_number": "1", "tenderer": "采购中心", "documents": [{"name": "资质"}], "bond_amount": "1000"}


def _recorded(r: Records) -> Made:
    return asked(r, PATH, {**deal(r), **TENDER})


def _preparing(r: Records) -> Made:
    made = _recorded(r)
    return r.tell("opportunities", f"{PATH}/{made.id}/decide", {"go": True}, made.version)


def _submitted(r: Records) -> Made:
    made = _preparing(r)
    made = r.tell("opportunities", f"{PATH}/{made.id}/pay-bond", {}, made.version)
    return r.tell("opportunities", f"{PATH}/{made.id}/submit", {"amount": "1000"}, made.version)


def _reason(r: Records) -> JSON:
    return {"reason": r.a_reason()}


MADE: dict[str, Maker] = {
    "bids.record": lambda r, _: Ready(body={**deal(r), **TENDER}),
    "bids.read": lambda r, _: on("bid_id", r.often("bid", lambda: _recorded(r))),
    "bids.change": lambda r, _: on("bid_id", _recorded(r), {"tenderer": "市采购中心"}),
    "bids.buy_documents": lambda r, _: on("bid_id", _recorded(r), {}),
    "bids.decide": lambda r, _: on("bid_id", _recorded(r), {"go": True}),
    "bids.finish_document": lambda r, _: on("bid_id", _recorded(r), {"name": "资质"}),
    "bids.pay_bond": lambda r, _: on("bid_id", _recorded(r), {}),
    "bids.return_bond": lambda r, _: on("bid_id", _submitted(r), {}),
    "bids.submit": lambda r, _: on("bid_id", _preparing(r), {"amount": "1000"}),
    "bids.open": lambda r, _: on("bid_id", _submitted(r), {"our_rank": 1}),
    "bids.win": lambda r, _: on("bid_id", _submitted(r), {}),
    "bids.lose": lambda r, _: on("bid_id", _submitted(r), _reason(r)),
    "bids.cancel": lambda r, _: on("bid_id", _submitted(r), {"by": "tenderer", "reason": "不足三家"}),
    "bids.correct": lambda r, _: on("bid_id", _recorded(r), correction({"tenderer": "市采购中心"})),
    "bids.void": lambda r, _: on("bid_id", _preparing(r), {"version": 2, "reason": "错"}),
}
