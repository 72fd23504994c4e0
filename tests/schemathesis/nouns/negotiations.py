"""What operations on negotiations need. Tests nothing itself. The caller has no limit: no price ever waits for one."""

from __future__ import annotations

from tests.schemathesis.nouns.dealing import asked, correction, deal
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

PATH = "/v1/negotiations"
ROUND: JSON = {"terms": "价", "outcome": "progress", "open_points": [{"text": "质保"}]}


def _begun(r: Records) -> Made:
    return asked(r, PATH, deal(r))


def _met(r: Records) -> Made:
    made = _begun(r)
    return asked(r, f"{PATH}/{made.id}/hold-round", ROUND, made.version)


def _price(r: Records) -> JSON:
    return {"lines": [{"product": r.a_product(), "units": 1, "unit_price": "1000"}]}


MADE: dict[str, Maker] = {
    "negotiations.begin": lambda r, _: Ready(body=deal(r)),
    "negotiations.read": lambda r, _: on("negotiation_id", r.often("negotiation", lambda: _begun(r))),
    "negotiations.hold_round": lambda r, _: on("negotiation_id", _begun(r), ROUND),
    "negotiations.close_point": lambda r, _: on("negotiation_id", _met(r), {"number": 1}),
    "negotiations.request_price": lambda r, _: on("negotiation_id", _begun(r), _price(r)),
    "negotiations.conclude": lambda r, _: on("negotiation_id", _begun(r), {"agreed": True}),
    "negotiations.correct": lambda r, _: on("negotiation_id", _begun(r), correction({"subject": "车"})),
    "negotiations.void": lambda r, _: on("negotiation_id", _met(r), {"version": 2, "reason": "错"}),
}
