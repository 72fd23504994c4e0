"""What operations on inventories need. Tests nothing itself."""

from __future__ import annotations

from collections.abc import Callable

from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

MONTH = "2025-09"


def _sheet(r: Records, *steps: tuple[str, Callable[[Records], JSON]]) -> Made:
    made = r.tell("kpi", "/v1/inventories", {"unit_id": r.unit().id, "month": MONTH})
    for verb, body in steps:
        made = r.tell("kpi", f"/v1/inventories/{made.id}/{verb}", body(r), made.version)
    return made


def _signed(r: Records) -> Made:
    return _sheet(r, ("sign", lambda _: {"accept_unconfirmed": True}))


def _of_all(r: Records) -> tuple[Made, str]:
    """The sheet of the head office, and a prospect on it: taken anew for each."""
    prospect = r.prospect().id
    made = r.often("inventory", lambda: r.tell("kpi", "/v1/inventories", {"unit_id": r.root}), uses=10_000)
    version = int(r.read("kpi", f"/v1/inventories/{made.id}")["version"])
    return r.tell("kpi", f"/v1/inventories/{made.id}/fix-again", {"reason": "补录"}, version), prospect


def _deciding(r: Records) -> Ready:
    sheet, prospect = _of_all(r)
    return on("inventory_id", sheet, {"lines": [{"id": prospect, "decided": "confirm"}]})


MADE: dict[str, Maker] = {
    "inventories.open": lambda r, _: Ready(body={"unit_id": r.unit().id, "month": MONTH}),
    "inventories.read": lambda r, _: on("inventory_id", r.often("sheet", lambda: _sheet(r))),
    "inventories.lines": lambda r, _: on("inventory_id", r.often("sheet", lambda: _sheet(r))),
    "inventories.sums": lambda r, _: on("inventory_id", r.often("sheet", lambda: _sheet(r))),
    "inventories.progress": lambda r, _: on("inventory_id", r.often("sheet", lambda: _sheet(r))),
    "inventories.fix_again": lambda r, _: on("inventory_id", _sheet(r), {"reason": "补录"}),
    "inventories.decide": lambda r, _: _deciding(r),
    "inventories.sign": lambda r, _: on("inventory_id", _sheet(r), {"accept_unconfirmed": True}),
    "inventories.correct": lambda r, _: on(
        "inventory_id", _sheet(r), {"version": 1, "changes": {"no_contact_days": 45}, "reason": "错"}
    ),
    "inventories.void": lambda r, _: on("inventory_id", _signed(r), {"version": 2, "reason": "错"}),
}
