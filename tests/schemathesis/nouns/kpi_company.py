"""What operations on company need. Tests nothing itself."""

from __future__ import annotations

import secrets
from itertools import count

from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

YEARS = count(1900)


def _sales() -> JSON:
    """Of a period, and in a currency, that has none yet."""
    place = next(YEARS)
    currency = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(3))
    return {"kind": "sales", "period": str(1900 + place % 200), "amount": "5.00", "currency": currency}


def _figure(r: Records) -> Made:
    return r.tell("kpi", "/v1/company-figures", _sales())


MADE: dict[str, Maker] = {
    "company_figures.record": lambda r, _: Ready(body=_sales()),
    "company_figures.receive": lambda r, _: Ready(body={**_sales(), "system": "erp", "key": secrets.token_hex(6)}),
    "company_figures.read": lambda r, _: on("figure_id", r.often("company_figure", lambda: _figure(r))),
    "company_figures.correct": lambda r, _: on(
        "figure_id", _figure(r), {"version": 1, "changes": {"amount": "6.00"}, "reason": "错"}
    ),
    "company_figures.void": lambda r, _: on("figure_id", _figure(r), {"version": 1, "reason": "错"}),
}
