"""What operations on filings need. Tests nothing itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

STEPS = ("submit", "accept", "report", "accept-reports", "claim-support", "accept-support")
"""What a filing goes through, in order."""


def _ordered(r: Records) -> Made:
    return r.prospect("win", "deliver")


def _drafting(opportunity: Made) -> JSON:
    return {"opportunity_id": opportunity.id, "number": secrets.token_hex(8), "customer_type": "fleet"}


def _vin() -> str:
    return f"VIN{secrets.token_hex(6)}".upper()


def _filing(r: Records, upto: str = "") -> Made:
    """A filing these steps were carried out on, up to this one."""
    made = r.tell("opportunities", "/v1/filings", _drafting(_ordered(r)))
    vin = _vin()
    bodies: dict[str, JSON] = {
        "report": {"units": [{"vin": vin, "line": 1, "invoice_no": "1"}]},
        "accept-reports": {"vins": [vin]},
        "claim-support": {"ref": "FL-1", "amount": "10.00", "currency": "CNY"},
        "accept-support": {"ref": "FL-1"},
    }
    for step in STEPS[: STEPS.index(upto) + 1] if upto else ():
        made = r.tell("opportunities", f"/v1/filings/{made.id}/{step}", bodies.get(step, {}), made.version)
    return Made(made.id, made.version, {"vin": vin})


def _on(upto: str, body: Callable[[Made], JSON]) -> Maker:
    def make(r: Records, _: str) -> Ready:
        made = _filing(r, upto)
        return on("filing_id", made, body(made))

    return make


def _vins(made: Made) -> JSON:
    return {"vins": [made.more["vin"]]}


MADE: dict[str, Maker] = {
    "filings.draft": lambda r, _: Ready(body=_drafting(_ordered(r))),
    "filings.read": lambda r, _: on("filing_id", r.often("filing", lambda: _filing(r))),
    "filings.change": _on("", lambda _: {"documents": ["营业执照"]}),
    "filings.submit": _on("", lambda _: {}),
    "filings.withdraw": _on("submit", lambda _: {"reason": "推迟"}),
    "filings.accept": _on("submit", lambda _: {}),
    "filings.return": _on("submit", lambda _: {"reason": "缺材料"}),
    "filings.refuse": _on("submit", lambda _: {"reason": "不符"}),
    "filings.lapse": _on("submit", lambda _: {}),
    "filings.report": _on("accept", lambda _: {"units": [{"vin": _vin(), "line": 1, "invoice_no": "1"}]}),
    "filings.accept_reports": _on("report", _vins),
    "filings.return_reports": _on("report", lambda made: {**_vins(made), "reason": "发票号不符"}),
    "filings.refuse_reports": _on("report", lambda made: {**_vins(made), "reason": "不符"}),
    "filings.claim_support": _on("accept-reports", lambda _: {"ref": "FL-1", "amount": "10.00", "currency": "CNY"}),
    "filings.accept_support": _on("claim-support", lambda _: {"ref": "FL-1"}),
    "filings.return_support": _on("claim-support", lambda _: {"ref": "FL-1", "reason": "缺件"}),
    "filings.refuse_support": _on("claim-support", lambda _: {"ref": "FL-1", "reason": "不符"}),
    "filings.pay_support": _on("accept-support", lambda _: {"ref": "FL-1", "amount": "10.00"}),
    "filings.correct": _on("", lambda _: {"version": 1, "changes": {"customer_type": "lease"}, "reason": "错"}),
    "filings.void": _on("submit", lambda _: {"version": 2, "reason": "错"}),
}
