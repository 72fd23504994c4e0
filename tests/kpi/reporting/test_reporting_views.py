"""Views of reporting and budgets: folded live in any split, rebuilt, or told in plain Python, they say the same."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.kpi.budgets.views import BUDGETS, EXPENSE_CLAIMS
from services.kpi.reporting.views import CUSTOMER_REPORTS, INTELLIGENCE, WORK_REPORTS
from shared.projections.view import View, source
from shared.testing.views import assert_live_equals_rebuild, fold_in_random_splits, stored_rows
from tests.opportunities_views.log import Counts, Log

START = datetime(2025, 1, 6, tzinfo=UTC)
VIEWS = (WORK_REPORTS, INTELLIGENCE, CUSTOMER_REPORTS, BUDGETS, EXPENSE_CLAIMS)
Row = dict[str, Any]


def made_up(seed: int, steps: int = 90) -> Log:
    """Facts in any order, late, corrected and voided as chance will have it: no rule is kept."""
    chance = random.Random(seed)
    log = Log(uuid4())
    people = [str(UUID(int=chance.getrandbits(128))) for _ in range(4)]

    def at() -> datetime:
        return START + timedelta(hours=chance.randint(0, 200))

    def day() -> str:
        return (date(2025, 1, 6) + timedelta(days=chance.randint(0, 30))).isoformat()

    def use() -> Row:
        given = {"claim_id": people[0], "category": chance.choice(("travel", "events")), "on": day()}
        return {**given, "amount": f"{chance.randint(1, 500)}.50", "taken_back": chance.random() < 0.3}

    def lines() -> list[Row]:
        return [{"category": name, "amount": f"{chance.randint(1, 900)}.25", "basis": None} for name in ("travel", "x")]

    whose: Callable[[], Row] = lambda: {"owner_id": chance.choice(people), "unit_id": people[0]}  # noqa: E731
    first: dict[str, Callable[[], tuple[str, Row]]] = {
        "work_report": lambda: ("WorkReportHandedIn", {
            **whose(), "kind": "daily", "period": day(), "handed_in_on": day(), "status": "handed_in"}),
        "intelligence": lambda: ("IntelligenceReported", {
            **whose(), "category": "market", "urgency": chance.choice(("urgent", "ordinary")), "title": "新厂",
            "account_id": None, "competitor": "甲", "reported_on": day(), "status": "open"}),
        "customer_report": lambda: ("CustomerReportIssued", {
            "month": "2025-01-01", "number": chance.randint(1, 3), "item_ids": chance.sample(people, 2),
            "issued_on": day(), "issued_by": people[1]}),
        "budget": lambda: ("BudgetProposed", {
            **whose(), "year": 2025, "currency": "CNY", "lines": lines(), "item_ids": [], "status": "proposed",
            "number": 0}),
        "expense_claim": lambda: ("ExpenseClaimed", {
            **whose(), "budget_id": people[2], "category": "travel", "amount": "12.50", "currency": "CNY",
            "spent_on": day(), "purpose": "走访", "account_id": people[3], "visit_id": None, "status": "claimed"}),
    }  # fmt: skip
    later: dict[str, list[Callable[[], tuple[str, Row]]]] = {
        "work_report": [
            lambda: ("WorkReportRevised", {"revised_on": day(), "status": "handed_in"}),
            lambda: ("WorkReportReviewed", {"status": "accepted", "reviewed_on": day(), "reviewed_by": people[1]}),
        ],
        "intelligence": [
            lambda: ("IntelligenceAcknowledged", {"acknowledged": [{"by": chance.choice(people), "on": day()}]}),
            lambda: ("IntelligenceDiscussed", {
                "outcome": "issue", "status": "discussed", "discussed_on": day(), "discussed_by": people[2]}),
        ],
        "customer_report": [first["customer_report"]],
        "budget": [
            lambda: ("BudgetInquiryHeld", {"status": "in_inquiry", "inquiries": [{
                "on": day(), "held_by": people[0], "participants": [], "findings": []}]}),
            lambda: ("BudgetApproved", {
                "status": "approved", "number": 1, "approved_on": day(), "approved_by": people[3]}),
            lambda: ("BudgetAmended", {"lines": lines(), "number": 2, "approved_on": day(), "reason": "x"}),
            lambda: ("BudgetUsed", {"uses": [use()]}),
            lambda: ("BudgetUsed", {"uses": [use()]}),
        ],
        "expense_claim": [
            lambda: ("ExpenseClaimApproved", {"status": "approved", "decided_on": day(), "decided_by": people[1]}),
            lambda: ("ExpenseClaimPaid", {"status": "paid", "paid_on": day(), "ref": None}),
        ],
    }  # fmt: skip
    streams = [(kind, UUID(int=chance.getrandbits(128))) for kind in first for _ in range(2)]
    for kind, id in streams:
        name, said = first[kind]()
        log.tell(kind, id, name, at(), said)
    for _ in range(steps):
        kind, id = chance.choice(streams)
        if chance.random() < 0.75:
            name, said = chance.choice(later[kind])()
            log.tell(kind, id, name, at(), said)
            continue
        told = chance.choice([one for one in log.told if one.stream_id == id])
        if not told.type.startswith("Fact"):
            if chance.random() < 0.5:
                log.void(kind, id, told.version)
            else:
                log.correct(kind, id, told.version, {}, at())
    return log


# -- the oracle --------------------------------------------------------------------------------------------


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


def _report(said: Row, facts: list[Counts]) -> Row:
    return {
        **{name: said[name] for name in ("kind", "status")},
        **{name: _id(said.get(name)) for name in ("owner_id", "unit_id", "reviewed_by")},
        **{name: _day(said.get(name)) for name in ("period", "handed_in_on", "revised_on", "reviewed_on")},
    }


def _item(said: Row, facts: list[Counts]) -> Row:
    by = {step["by"] for fact in facts for step in fact.changes.get("acknowledged", ())}
    return {
        **{name: said.get(name) for name in ("category", "urgency", "title", "competitor", "status", "outcome")},
        **{name: _id(said.get(name)) for name in ("account_id", "owner_id", "unit_id", "discussed_by")},
        **{name: _day(said.get(name)) for name in ("reported_on", "discussed_on")},
        "acknowledged": sorted(map(UUID, by)),
    }


def _budget(said: Row, facts: list[Counts]) -> Row:
    uses: dict[str, Decimal] = {}
    for fact in facts:
        for use in fact.changes.get("uses", ()):
            amount = Decimal(use["amount"]) * (-1 if use["taken_back"] else 1)
            uses[use["category"]] = uses.get(use["category"], Decimal()) + amount
    inquiries = [one for fact in facts for one in fact.changes.get("inquiries", ())]
    return {
        **{name: said.get(name) for name in ("status", "year", "currency", "lines", "number")},
        **{name: _id(said.get(name)) for name in ("unit_id", "owner_id", "approved_by")},
        "approved_on": _day(said.get("approved_on")),
        "amount": sum(Decimal(line["amount"]) for line in said["lines"]),
        "inquiries": len(inquiries),
        "inquired_on": _day(inquiries[-1]["on"]) if inquiries else None,
        "uses": uses,
        "used_amount": sum(uses.values(), Decimal()),
    }


def _claim(said: Row, facts: list[Counts]) -> Row:
    ids = ("budget_id", "account_id", "visit_id", "owner_id", "unit_id", "decided_by")
    return {
        **{name: said[name] for name in ("status", "category", "currency", "purpose")},
        **{name: _id(said.get(name)) for name in ids},
        **{name: _day(said.get(name)) for name in ("spent_on", "decided_on", "paid_on")},
        "amount": Decimal(said["amount"]),
    }


STANDINGS: dict[str, tuple[str, str, Callable[[Row, list[Counts]], Row]]] = {
    WORK_REPORTS.name: ("work_report", "kind", _report),
    INTELLIGENCE.name: ("intelligence", "category", _item),
    BUDGETS.name: ("budget", "year", _budget),
    EXPENSE_CLAIMS.name: ("expense_claim", "budget_id", _claim),
}


def told(view: View, log: Log, upto: int | None) -> list[Row]:
    """What plain Python says."""
    if view is CUSTOMER_REPORTS:
        return [
            {
                "stream_id": id, "version": fact.version, "issued_at": fact.at, "month": date(2025, 1, 1),
                "number": fact.changes["number"], "item_ids": [UUID(one) for one in fact.changes["item_ids"]],
                "issued_on": _day(fact.changes["issued_on"]), "issued_by": UUID(fact.changes["issued_by"]),
            }
            for id, facts in log.streams("customer_report", upto)
            for fact in facts
        ]  # fmt: skip
    kind, begun, row_of = STANDINGS[view.name]
    rows = []
    for id, facts in log.streams(kind, upto):
        said: Row = {}
        for index, fact in enumerate(facts):
            said |= fact.changes
            until = facts[index + 1].at if index + 1 < len(facts) else None
            if until != fact.at and begun in said:
                place = {"stream_id": id, "from_at": fact.at, "to_at": until, "version": fact.version}
                rows.append(place | row_of(said, facts[: index + 1]))
    return rows


def assert_says(rows: Any, expected: list[Row]) -> None:
    found = []
    for row in rows:
        one = {name: value for name, value in dict(row).items() if name != "tenant_id"}
        for name in ("lines", "uses"):
            if isinstance(one.get(name), str):
                one[name] = json.loads(one[name])
        if isinstance(one.get("uses"), dict):
            one["uses"] = {name: Decimal(amount) for name, amount in one["uses"].items()}
        found.append(one)
    for given in (found, expected):
        given.sort(key=lambda row: (str(row["stream_id"]), row["version"]))
    assert found == expected


@pytest.mark.parametrize("seed", range(3))
async def test_any_split_of_the_log_gives_what_plain_python_says(pool: asyncpg.Pool, seed: int) -> None:
    log = made_up(seed)
    await log.write(pool)
    await fold_in_random_splits(pool, VIEWS, log.tenant_id, seed=seed, steps=5)
    for view in VIEWS:
        assert_says(await stored_rows(pool, view, log.tenant_id), told(view, log, None))
    await assert_live_equals_rebuild(pool, VIEWS, log.tenant_id)
    for known_at in random.Random(seed).sample(range(1, len(log.told) + 1), 2):
        for view in VIEWS:
            relation = source(view, tenant="$1", known_at="$2")
            rows = await pool.fetch(
                f"select * from {relation} as v where v.tenant_id = $1",
                log.tenant_id,
                known_at,
            )
            assert_says(rows, told(view, log, known_at))
