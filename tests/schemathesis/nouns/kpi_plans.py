"""What operations on plans need. Tests nothing itself."""

from __future__ import annotations

from itertools import count

from tests.schemathesis.nouns.dealing import asked
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

YEARS = count()
FIRST, SPAN = 2030, 169
CHECKED: tuple[tuple[str, JSON], ...] = (("review", {}), ("approve", {}))


def _row(year: int) -> JSON:
    return {"month": f"{year}-06", "measure": "orders", "target": "5"}


def _proposal(r: Records) -> JSON:
    """Of a unit and year that have none yet."""
    number = next(YEARS)
    year = FIRST + number % SPAN
    unit = r.root if number < SPAN else r.unit().id
    return {"year": year, "unit_id": unit, "rows": [_row(year)]}


def _plan(r: Records, *steps: tuple[str, JSON], submitted: bool = False) -> Made:
    """A plan, submitted by a colleague if said, then taken through these steps."""
    body = _proposal(r)
    made = r.tell("kpi", "/v1/plans", body)
    if submitted:
        made = asked(r, f"/v1/plans/{made.id}/submit", {}, made.version, service="kpi")
    for verb, said in steps:
        made = r.tell("kpi", f"/v1/plans/{made.id}/{verb}", said, made.version)
    return Made(made.id, made.version, {"year": body["year"]})


def _changed(r: Records) -> Ready:
    made = _plan(r, *CHECKED, ("issue", {}), submitted=True)
    return on("plan_id", made, {"rows": [_row(made.more["year"])], "reason": "增"})


def _revised(r: Records) -> Ready:
    made = _plan(r)
    return on("plan_id", made, {"rows": [_row(made.more["year"])]})


def _corrected(r: Records) -> Ready:
    made = _plan(r)
    row = {**_row(made.more["year"]), "month": f"{made.more['year']}-06-01", "stretch": "7"}
    return on("plan_id", made, {"version": 1, "changes": {"rows": [row]}, "reason": "错"})


MADE: dict[str, Maker] = {
    "plans.propose": lambda r, _: Ready(body=_proposal(r)),
    "plans.proposal": lambda r, _: Ready(),
    "plans.read": lambda r, _: on("plan_id", r.often("annual_plan", lambda: _plan(r))),
    "plans.table": lambda r, _: on("plan_id", r.often("annual_plan", lambda: _plan(r))),
    "plans.parts": lambda r, _: on("plan_id", r.often("annual_plan", lambda: _plan(r))),
    "plans.revise": lambda r, _: _revised(r),
    "plans.submit": lambda r, _: on("plan_id", _plan(r), {}),
    "plans.review": lambda r, _: on("plan_id", _plan(r, submitted=True), {}),
    "plans.return": lambda r, _: on("plan_id", _plan(r, submitted=True), {"comment": "偏低"}),
    "plans.approve": lambda r, _: on("plan_id", _plan(r, ("review", {}), submitted=True), {}),
    "plans.cascade": lambda r, _: on(
        "plan_id", _plan(r, *CHECKED, submitted=True), {"spread": "even", "unit_ids": [r.a_unit().id]}
    ),
    "plans.issue": lambda r, _: on("plan_id", _plan(r, *CHECKED, submitted=True), {}),
    "plans.change": lambda r, _: _changed(r),
    "plans.correct": lambda r, _: _corrected(r),
    "plans.void": lambda r, _: on("plan_id", _plan(r, submitted=True), {"version": 2, "reason": "错"}),
}
