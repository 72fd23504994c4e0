"""What operations on months need. Tests nothing itself."""

from __future__ import annotations

from itertools import count

from services.kpi.month import first_day, later, said
from tests.schemathesis.records import JSON, Maker, NotMade, Ready, Records

LAST = "2024-10"
"""The month whose close is taken back: the latest that is closed."""
_months = count()


def _over(r: Records) -> str:
    return said(later(first_day("1998-01"), next(_months)))


def _closed(r: Records) -> str:
    try:
        r.tell("kpi", f"/v1/months/{LAST}/close", {})
    except NotMade as closed:
        if "month_closed" not in str(closed):
            raise
    return LAST


def _on(month: str, body: JSON) -> Ready:
    return Ready({"month": month}, body)


MADE: dict[str, Maker] = {
    "months.restatement": lambda r, _: Ready({"month": _closed(r)}),
    "months.late_entries": lambda r, _: Ready({"month": _closed(r)}),
    "months.close": lambda r, _: _on(_over(r), {"reason": "核对"}),
    "months.reopen": lambda r, _: _on(_closed(r), {"reason": "漏录"}),
}
