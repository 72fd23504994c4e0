"""What operations on billing need. Tests nothing itself."""

from __future__ import annotations

import secrets
from typing import Any

from tests.schemathesis.records import Made, Maker, Ready, Records, on

SERVICE = "opportunities"


def _order(records: Records) -> Made:
    return records.prospect("win")


def _charging(order: Made) -> dict[str, Any]:
    line = {"line": 1, "units": 1, "unit_price": "300000.00", "tax_rate": "0.13"}
    return {"opportunity_id": order.id, "number": secrets.token_hex(6), "lines": [line]}


def _invoice(records: Records) -> Made:
    order = _order(records)
    made = records.tell(SERVICE, "/v1/invoices", _charging(order))
    account = records.read(SERVICE, f"/v1/invoices/{made.id}")["standing"]["account_id"]
    return Made(made.id, made.version, {"account_id": account})


def _receiving(account_id: str) -> dict[str, Any]:
    reference = secrets.token_hex(6)
    return {"account_id": account_id, "amount": "1000.00", "currency": "CNY", "bank_reference": reference}


def _receipt(records: Records, *, allocated: bool = False) -> Made:
    invoice = _invoice(records)
    made = records.tell(SERVICE, "/v1/receipts", _receiving(str(invoice.more["account_id"])))
    part = {"invoices": [{"invoice_id": invoice.id, "amount": "10.00"}]}
    if allocated:
        made = records.tell(SERVICE, f"/v1/receipts/{made.id}/allocate", part, made.version)
    return Made(made.id, made.version, {"invoice_id": invoice.id, **part})


def _posting(posting_id: str) -> dict[str, Any]:
    said = {"posting_id": posting_id, "order_ref": "HT-1", "line": 1, "units": 1, "amount": "1000.00"}
    return {**said, "currency": "CNY", "on": "2025-03-01"}


def _installing(records: Records) -> Ready:
    return on("opportunity_id", records.prospect("win", "deliver"), {"units": [{"line": 1, "units": 1}]})


def _released(records: Records) -> Ready:
    receipt = _receipt(records, allocated=True)
    return on("receipt_id", receipt, {"invoice_id": receipt.more["invoice_id"], "reason": "错"})


def _allocating(records: Records) -> Ready:
    receipt = _receipt(records)
    return on("receipt_id", receipt, {"invoices": receipt.more["invoices"]})


MADE: dict[str, Maker] = {
    "opportunities.reschedule": lambda r, _: on(
        "opportunity_id", _order(r), {"promised_on": "2199-01-01", "reason": "排产", "customer_told": True}
    ),
    "opportunities.tell_customer": lambda r, _: on("opportunity_id", _order(r), {}),
    "opportunities.ship": lambda r, _: on("opportunity_id", _order(r), {"units": [{"line": 1, "units": 1}]}),
    "opportunities.install": lambda r, _: _installing(r),
    "opportunities.order": lambda r, _: on("opportunity_id", r.often("order", lambda: _order(r))),
    "invoices.issue": lambda r, _: Ready(body=_charging(_order(r))),
    "invoices.read": lambda r, _: on("invoice_id", r.often("invoice", lambda: _invoice(r))),
    "invoices.credit": lambda r, _: on("invoice_id", _invoice(r), {"amount": "1.00", "reason": "折让"}),
    "invoices.cancel": lambda r, _: on("invoice_id", _invoice(r), {"reason": "抬头有误"}),
    "invoices.correct": lambda r, _: on(
        "invoice_id", _invoice(r), {"version": 1, "changes": {"due_on": "2199-01-01"}, "reason": "错"}
    ),
    "invoices.void": lambda r, _: on("invoice_id", _invoice(r), {"version": 1, "reason": "错"}),
    "receipts.record": lambda r, _: Ready(body=_receiving(r.an_account().id)),
    "receipts.read": lambda r, _: on("receipt_id", r.often("receipt", lambda: _receipt(r))),
    "receipts.allocate": lambda r, _: _allocating(r),
    "receipts.release": lambda r, _: _released(r),
    "receipts.return": lambda r, _: on("receipt_id", _receipt(r), {"reason": "退票"}),
    "receipts.correct": lambda r, _: on(
        "receipt_id", _receipt(r), {"version": 1, "changes": {"amount": "999.00"}, "reason": "错"}
    ),
    "receipts.void": lambda r, _: on("receipt_id", _receipt(r), {"version": 1, "reason": "错"}),
    "credit_limits.set": lambda r, _: Ready(
        body={"account_id": r.an_account().id, "currency": "CNY", "limit": "3000000.00"}
    ),
    "credit_policies.publish": lambda r, _: Ready(body={"effective_from": "2030-01-01", "due_days": 45}),
    "ledger.post": lambda r, _: Ready(body={"postings": [_posting(secrets.token_hex(6))]}),
}
