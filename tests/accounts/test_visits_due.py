"""Cadence (002): who owes which account an on-site visit, on any day, as plain Python reckons it."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from shared.event_store.command import Command, RecordedFact, StreamAppend
from shared.event_store.store import EventStore
from tests.accounts.company import Company
from tests.accounts.test_account_routes import open_account

Fold = Callable[[], Awaitable[None]]
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def visit(
    store: EventStore, company: Company, account: str, on: date, *who: str, way: str = "on_site", void: bool = False
) -> None:
    """A visit as the opportunities service publishes it."""
    at = datetime.combine(on, time(10), SHANGHAI).astimezone(UTC)
    people = [str(company[name].person_id) for name in who]
    changes = {"status": "logged", "account_id": account, "way": way, "visited_on": str(on), "participants": people}
    facts = [RecordedFact("VisitLogged", 1, json.dumps({"changes": changes}).encode(), at)]
    if void:
        facts.append(RecordedFact("FactVoided", 1, json.dumps({"version": 1, "reason": "错录"}).encode(), at))
    append = StreamAppend("visit", uuid4(), 0, tuple(facts))
    outcome = await store.append(Command(company.tenant_id, uuid4(), None, None, 201, "ok", (append,)))
    assert outcome.kind == "ok"


async def due(company: Company, who: str = "director", **params: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows by account name and duty, all pages."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    after = None
    while True:
        page = await company[who].read(
            "/v1/accounts/visits-due", limit=3, **params, **({"after": after} if after else {})
        )
        found |= {(row["account_name"], row["duty"]): row for row in page["items"]}
        if (after := page["next"]) is None:
            return found


async def test_the_owner_owes_a_visit_a_month_and_the_regional_manager_one_per_half_year(
    company: Company, store: EventStore, fold: Fold
) -> None:
    account = await open_account(company["sh_rep"], on="2025-11-10")
    await visit(store, company, account, date(2025, 12, 20), "sh_rep")
    await visit(store, company, account, date(2025, 12, 3), "sh_regional", "sh_rep")
    await fold()
    rows = await due(company, as_of="2026-02-10", status="all")
    mine, regional = rows["华东物流", "account_manager"], rows["华东物流", "regional_manager"]
    assert (mine["last_visit_on"], mine["due_on"], mine["status"], mine["days_overdue"]) == (
        "2025-12-20", "2026-01-31", "overdue", 10,
    )  # fmt: skip
    assert mine["person_name"] == "sh_rep先生"
    assert (regional["last_visit_on"], regional["due_on"], regional["status"]) == ("2025-12-03", "2026-06-30", "due")
    assert regional["person_id"] == str(company["sh_regional"].person_id)
    rows = await due(company, as_of="2025-12-31", status="all")
    assert {row["status"] for row in rows.values()} == {"done"}
    assert await due(company, as_of="2025-12-31") == {}


@pytest.mark.parametrize(
    ("way", "who", "void"), [("phone", "sh_rep", False), ("on_site", "bj_rep", False), ("on_site", "sh_rep", True)]
)
async def test_calls_visits_of_others_and_voided_visits_do_not_count(
    company: Company, store: EventStore, fold: Fold, way: str, who: str, void: bool
) -> None:
    account = await open_account(company["sh_rep"], on="2025-11-10")
    await visit(store, company, account, date(2026, 2, 5), who, way=way, void=void)
    await fold()
    row = (await due(company, as_of="2026-02-10"))["华东物流", "account_manager"]
    assert (row["last_visit_on"], row["due_on"], row["status"]) == (None, "2025-12-31", "overdue")


async def test_a_new_owner_has_until_the_end_of_the_next_month(company: Company, store: EventStore, fold: Fold) -> None:
    account = await open_account(company["sh_rep"], on="2025-11-10")
    body = {"owner_id": str(company["sh_head"].person_id), "on": "2026-01-15"}
    await company["director"].make(f"/v1/accounts/{account}/assign-owner", body, version=1)
    await visit(store, company, account, date(2026, 1, 2), "sh_rep")
    await fold()
    row = (await due(company, as_of="2026-02-10"))["华东物流", "account_manager"]
    assert (row["person_name"], row["due_on"], row["status"]) == ("sh_head先生", "2026-02-28", "due")
    row = (await due(company, as_of="2026-01-14", status="all"))["华东物流", "account_manager"]
    assert (row["person_name"], row["status"]) == ("sh_rep先生", "done")


async def test_a_branch_is_told_of_its_own_duties_only(company: Company, other: Company, fold: Fold) -> None:
    await open_account(company["sh_rep"], "上海客户", on="2025-11-10")
    await open_account(company["bj_rep"], "北京客户", on="2025-11-10")
    await open_account(other["sh_rep"], "外人", on="2025-11-10")
    await fold()
    assert {name for name, _ in await due(company, "bj_head")} == {"北京客户"}
    assert {name for name, _ in await due(company, "sh_rep")} == {"上海客户"}
    rows = await due(company)
    assert {name for name, _ in rows} == {"上海客户", "北京客户"}
    assert rows["北京客户", "regional_manager"]["person_id"] is None
    only = await due(company, duty="account_manager", person_id=company["bj_rep"].person_id, status="overdue")
    assert list(only) == [("北京客户", "account_manager")]


def period(day: date, months: int) -> int:
    return (day.year * 12 + day.month - 1) // months


def reckon(since: date, visits: list[date], today: date, months: int) -> tuple[str, str]:
    """(due on, status) by the rule in plain words."""
    last = max(visits, default=None)
    counted = period(max(since, last) if last else since, months)
    first_month_after = (counted + 2) * months
    due_on = date(first_month_after // 12, first_month_after % 12 + 1, 1) - timedelta(days=1)
    done = last is not None and period(last, months) >= period(today, months)
    return str(due_on), "done" if done else "overdue" if due_on < today else "due"


@pytest.mark.parametrize("seed", range(2))
async def test_on_any_day_the_table_is_what_plain_python_reckons(
    company: Company, store: EventStore, fold: Fold, seed: int
) -> None:
    chance = random.Random(seed)
    opened: dict[str, date] = {}
    visits: dict[str, list[tuple[date, str]]] = {}
    for number in range(7):
        name = f"客户{number}"
        opened[name] = date(2025, 1, 1) + timedelta(days=chance.randint(0, 200))
        account = await open_account(company["sh_rep"], name, on=str(opened[name]))
        visits[name] = []
        for _ in range(chance.randint(0, 6)):
            day, who = opened[name] + timedelta(days=chance.randint(0, 200)), chance.choice(["sh_rep", "sh_regional"])
            visits[name].append((day, who))
            await visit(store, company, account, day, who)
    await fold()
    for _ in range(5):
        today = date(2025, 7, 20) + timedelta(days=chance.randint(0, 220))
        rows = await due(company, as_of=str(today), status="all")
        assert len(rows) == 14
        for (name, duty), row in rows.items():
            who, months = ("sh_rep", 1) if duty == "account_manager" else ("sh_regional", 6)
            made = [day for day, person in visits[name] if person == who and day <= today]
            assert (row["due_on"], row["status"]) == reckon(opened[name], made, today, months), (name, duty, today)
            assert UUID(row["person_id"]) == company[who].person_id
