"""What operations on contracts need. Tests nothing itself. The caller has no limit: passes nothing on."""

from __future__ import annotations

import secrets

from tests.schemathesis.nouns.dealing import asked, correction, deal
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

PATH = "/v1/contracts"


def _drafted(r: Records) -> Made:
    return asked(r, PATH, {**deal(r), "amount": "1000"})


def _submitted(r: Records) -> Made:
    made = _drafted(r)
    return asked(r, f"{PATH}/{made.id}/submit", {}, made.version)


def _approved(r: Records) -> Made:
    made = _submitted(r)
    return r.tell("opportunities", f"{PATH}/{made.id}/approve", {}, made.version)


def _number() -> JSON:
    return {"number": secrets.token_hex(6)}


def _signed(r: Records) -> Made:
    made = _approved(r)
    return r.tell("opportunities", f"{PATH}/{made.id}/sign", _number(), made.version)


def _amending(r: Records) -> Made:
    """In another currency: that needs approval whoever approved the contract."""
    made = _signed(r)
    return asked(r, f"{PATH}/{made.id}/request-amendment", {"reason": "改币", "currency": "EUR"}, made.version)


MADE: dict[str, Maker] = {
    "contracts.draw_up": lambda r, _: Ready(body={**deal(r), "amount": "1000"}),
    "contracts.read": lambda r, _: on("contract_id", r.often("contract", lambda: _drafted(r))),
    "contracts.draft": lambda r, _: on("contract_id", _drafted(r), {"warranty_months": 48}),
    "contracts.submit": lambda r, _: on("contract_id", _drafted(r), {}),
    "contracts.approve": lambda r, _: on("contract_id", _submitted(r), {}),
    "contracts.return": lambda r, _: on("contract_id", _submitted(r), {"comment": "补"}),
    "contracts.delegate_signing": lambda r, _: on(
        "contract_id", _approved(r), {"delegate_id": r.a_person().id, "until": "2199-01-01"}
    ),
    "contracts.sign": lambda r, _: on("contract_id", _approved(r), _number()),
    "contracts.request_amendment": lambda r, _: on("contract_id", _signed(r), {"reason": "加购"}),
    "contracts.approve_amendment": lambda r, _: on("contract_id", _amending(r), {}),
    "contracts.return_amendment": lambda r, _: on("contract_id", _amending(r), {"comment": "补"}),
    "contracts.renew": lambda r, _: on("contract_id", _signed(r), {"ends_on": "2199-01-01"}),
    "contracts.terminate": lambda r, _: on("contract_id", _signed(r), {"reason": "重组"}),
    "contracts.correct": lambda r, _: on("contract_id", _drafted(r), correction({"delivery_terms": "自提"})),
    "contracts.void": lambda r, _: on("contract_id", _signed(r), {"version": 4, "reason": "错"}),
}
