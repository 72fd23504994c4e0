"""What operations on budgets need. Tests nothing itself."""

from __future__ import annotations

from random import Random

from tests.schemathesis.nouns.dealing import asked
from tests.schemathesis.records import JSON, Made, Maker, Ready, Records, on

LINES = [{"category": "travel", "amount": "1000.00"}]
MORE: JSON = {"lines": [{"category": "travel", "amount": "2000.00"}], "reason": "追加"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_chance = Random()  # of a unit there is one budget a year and currency: another each time


def _proposing(r: Records, year: int | None = None) -> JSON:
    currency = "".join(_chance.choices(LETTERS, k=3))
    return {"year": year or _chance.randint(2000, 2199), "unit_id": r.root, "currency": currency, "lines": LINES}


def _finance(r: Records) -> Made:
    body = {"name": "财务", "functions": ["finance"], "unit_id": r.root}
    return r.often("somebody of finance", lambda: r.tell("accounts", "/v1/people", body), uses=1_000)


def _inquiry(r: Records) -> JSON:
    return {"participants": [_finance(r).id]}


def _budget(r: Records, state: str, year: int | None = None) -> Made:
    """Proposed by the colleague: nobody approves their own."""
    made = asked(r, "/v1/budgets", _proposing(r, year), service="kpi")
    if state != "proposed":
        made = r.tell("kpi", f"/v1/budgets/{made.id}/hold-inquiry", _inquiry(r), made.version)
    if state == "approved":
        made = r.tell("kpi", f"/v1/budgets/{made.id}/approve", {}, made.version)
    return made


def _on(state: str, body: JSON) -> Maker:
    return lambda r, _: on("budget_id", _budget(r, state), body)


def _claiming(r: Records) -> JSON:
    budget = r.often("approved budget", lambda: _budget(r, "approved", 2026))
    return {
        "category": "travel", "amount": "1.00", "purpose": "走访", "account_id": r.an_account().id,
        "budget_id": budget.id, "spent_on": "2026-01-05",
    }  # fmt: skip


def _claim(r: Records, state: str) -> Made:
    made = asked(r, "/v1/budgets/claims", _claiming(r), service="kpi")
    if state == "approved":
        made = r.tell("kpi", f"/v1/budgets/claims/{made.id}/approve", {}, made.version)
    return made


def _on_claim(state: str, body: JSON) -> Maker:
    return lambda r, _: on("claim_id", _claim(r, state), body)


MADE: dict[str, Maker] = {
    "budgets.propose": lambda r, _: Ready(body=_proposing(r)),
    "budgets.read": lambda r, _: on("budget_id", r.often("budget", lambda: _budget(r, "proposed"))),
    "budgets.hold_inquiry": lambda r, _: on("budget_id", _budget(r, "proposed"), _inquiry(r)),
    "budgets.revise": _on("asked", MORE),
    "budgets.approve": _on("asked", {}),
    "budgets.return": _on("asked", {"reason": "依据不足"}),
    "budgets.amend": _on("approved", MORE),
    "budgets.correct": _on("asked", {"version": 1, "changes": {"lines": MORE["lines"]}, "reason": "错"}),
    "budgets.void": _on("asked", {"version": 2, "reason": "错"}),
    "budgets.claim": lambda r, _: Ready(body=_claiming(r)),
    "budgets.read_claim": lambda r, _: on("claim_id", r.often("claim", lambda: _claim(r, "claimed"))),
    "budgets.approve_claim": _on_claim("claimed", {}),
    "budgets.refuse_claim": _on_claim("claimed", {"reason": "无关"}),
    "budgets.reverse_claim": _on_claim("approved", {"reason": "重复"}),
    "budgets.correct_claim": _on_claim("claimed", {"version": 1, "changes": {"purpose": "二部"}, "reason": "错"}),
}
