"""The matrix and its targets for budgets: rows by operation, and what makes what they are on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from services.kpi.budgets.budget import Budget
from services.kpi.budgets.commands import ClaimExpense, HoldInquiry, ProposeBudget
from services.kpi.budgets.expense_claim import ExpenseClaim
from tests.authorisation import expectations as who
from tests.authorisation.company import id_of
from tests.authorisation.row import BRANCH, Row, listed
from tests.authorisation.target import Target
from tests.authorisation.world import World

AT = datetime(2025, 10, 6, 2, tzinfo=UTC)
LATER = datetime(2025, 10, 7, 2, tzinfo=UTC)
LATEST = datetime(2025, 10, 8, 2, tzinfo=UTC)
DAY = date(2025, 10, 6)
LINES = [{"category": "travel", "amount": "1000.00"}]
MORE = {"lines": [{"category": "travel", "amount": "2000.00"}], "reason": "追加"}
_year = count(2040)

PROPOSING = who.reserved({who.REGION, who.PLACE, who.DIRECTOR, who.NO_PERSONAL, who.OTHER_TENANT}, elsewhere="done")
FINANCE_ALONE = who.acting((), who.SEEN_BY)
"""Paying out: finance, who is none of the principals."""
CLAIMING = {
    **dict.fromkeys((*who.COMPANY, who.OTHER_TENANT), "no such"),
    **dict.fromkeys(who.SEEN_BY, "done"),
    who.AUDITOR: "refused", who.READ_ONLY: "scope", who.NO_SCOPE: "scope", who.EXPIRED: "unknown",
    who.NOBODY: "unknown",
}  # fmt: skip
"""For a customer somebody sees."""


def _budget(state: str, body: Any) -> Row:
    return Row(who.APPROVAL, f"budget.{state}", body)


def _claim(state: str, body: Any, expect: who.Pattern = who.APPROVAL) -> Row:
    return Row(expect, f"expense_claim.{state}", body)


ROWS: dict[str, Row] = {
    "budgets.list": listed(),
    "budgets.list_claims": listed(),
    "budgets.use": listed(),
    "budgets.proposal": listed(),
    "budgets.read": Row(who.RECORD_READ, "budget.proposed"),
    "budgets.read_claim": Row(who.RECORD_READ, "expense_claim.claimed"),
    "budgets.propose": Row(
        PROPOSING, body=lambda _: {"year": next(_year), "unit_id": BRANCH, "lines": LINES}, matched=False
    ),
    "budgets.hold_inquiry": _budget("proposed", {"participants": [str(id_of("finance"))]}),
    "budgets.revise": _budget("asked", MORE),
    "budgets.approve": _budget("asked", {}),
    "budgets.return": _budget("asked", {"reason": "依据不足"}),
    "budgets.amend": _budget("approved", MORE),
    "budgets.correct": _budget("asked", {"version": 1, "changes": {"lines": MORE["lines"]}, "reason": "错"}),
    "budgets.void": _budget("asked", {"version": 2, "reason": "错"}),
    "budgets.claim": Row(
        CLAIMING,
        "claimable",
        lambda target: {
            "category": "travel", "amount": "1.00", "purpose": "走访", "account_id": target.id,
            "budget_id": target.person, "spent_on": DAY.isoformat(),
        },
        matched=False,
    ),
    "budgets.approve_claim": _claim("claimed", {}),
    "budgets.refuse_claim": _claim("claimed", {"reason": "无关"}),
    "budgets.pay_claim": _claim("approved", {}, FINANCE_ALONE),
    "budgets.reverse_claim": _claim("approved", {"reason": "重复"}),
    "budgets.correct_claim": _claim(
        "claimed", {"version": 1, "changes": {"purpose": "走访二部"}, "reason": "错"}, who.RECORD_CHANGE
    ),
}  # fmt: skip


def budget_of(state: str, *, unit: str = "b00") -> Budget:
    """A fresh budget proposed by b00.a."""
    said = ProposeBudget.model_validate({"year": 2025, "unit_id": id_of(unit), "lines": LINES})
    made = Budget.propose(said, id=uuid4(), owner_id=id_of("b00.a"), at=AT)
    if state != "proposed":
        made.ask(HoldInquiry(participants=(id_of("finance"),)), by=id_of("b00.manager"), at=LATER, day=DAY)
    if state == "approved":
        made.approve(by=id_of("director"), at=LATEST, day=DAY)
    return made


async def budget(world: World, state: str) -> Target:
    made = budget_of(state)
    await world.append(0, [made], actor="b00.a")
    return Target(str(made.id), made.version)


async def expense_claim(world: World, state: str) -> Target:
    """A fresh claim of b00.a on a fresh budget."""
    of = budget_of("approved")
    said = ClaimExpense.model_validate({"category": "travel", "amount": "1.00", "purpose": "走访"})
    made = ExpenseClaim.claim(
        said, id=uuid4(), budget_id=of.id, currency="CNY", account_id=uuid4(), owner_id=id_of("b00.a"),
        unit_id=id_of("b00"), at=LATER, day=DAY,
    )  # fmt: skip
    if state == "approved":
        use = made.approve(by=id_of("b00.manager"), at=LATEST, day=DAY)
        assert use is not None
        of.use(use, at=LATEST)
    await world.append(0, [of, made], actor="b00.a")
    return Target(str(made.id), made.version)


async def claimable(world: World) -> Target:
    """An account of b00.a, and a budget of the whole company."""
    from tests.authorisation.targets import MAKERS as OTHERS

    account = await OTHERS["account"](world)
    of = budget_of("approved", unit="hq")
    await world.append(0, [of])
    return Target(account.id, account.version, person=str(of.id))


def _maker(made: Callable[[World, str], Awaitable[Target]], state: str) -> Callable[[World], Awaitable[Target]]:
    return lambda world: made(world, state)


MAKERS: dict[str, Callable[[World], Awaitable[Target]]] = {
    **{f"budget.{state}": _maker(budget, state) for state in ("proposed", "asked", "approved")},
    **{f"expense_claim.{state}": _maker(expense_claim, state) for state in ("claimed", "approved")},
    "claimable": claimable,
}
