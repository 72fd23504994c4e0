"""Changes of the hot-customer table between two days equal two tables told in plain Python and compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.opportunities.reports.hot_changes import hot_changes
from services.opportunities.reports.levels import policy_in_force
from shared.days import end_of
from tests.opportunities_views import recount
from tests.opportunities_views.recount import ZONE, Question
from tests.opportunities_views.test_reports import LABELS, POLICY, Company
from tests.opportunities_views.test_reports import company as company
from tests.opportunities_views.test_reports import when as when

WINDOWS = ((date(2025, 2, 1), date(2025, 2, 20)), (date(2025, 3, 20), date(2025, 12, 31)))
Row = dict[str, Any]


def declared(deal: Row | None) -> str | None:
    if deal is None or deal["stock"] is None:
        return None
    return "O" if deal["stock"] == "ordered" else deal["level"] or "N"


def is_hot(deal: Row | None, on: date) -> bool:
    return deal is not None and deal["stock"] == "open" and "H" in (deal["level"], recount.computed(deal, on))


def where(deal: Row) -> str:
    if deal["status"] == "open":
        return "level"
    return "delivered" if deal["status"] == "ordered" and deal["stock"] is None else str(deal["status"])


def told(question: Question, since: date, until: date) -> dict[Any, tuple[Any, ...]]:
    """By opportunity: change, came from, went to, levels, expected days, slips, amounts, owner changed, instruction."""
    first = replace(question, at=end_of(since, ZONE))
    last = question if until >= question.day else replace(question, at=end_of(until, ZONE))
    seen = question.seen_today()
    before = {row["stream_id"]: row for row in first.standing_deals()}
    found = {}
    for now in last.standing_deals():
        was = before.get(now["stream_id"])
        if now["stream_id"] not in seen or not (is_hot(was, since) or is_hot(now, last.day)):
            continue
        instruction = now["last_instruction"] or {}
        given = (
            instruction.get("given_on") if instruction and date.fromisoformat(instruction["given_on"]) > since else None
        )
        done_at = instruction.get("done_at")
        done = recount.day(datetime.fromisoformat(done_at)) if done_at else None
        moved: Row = was or {}
        slipped = now["times_slipped"] - moved.get("times_slipped", 0)
        change = "entered" if is_hot(now, last.day) else "left"
        if is_hot(was, since) and is_hot(now, last.day):
            names = ("expected_on", "open_units", "open_amount", "currency", "owner_id")
            same = declared(was) == declared(now) and all(moved[name] == now[name] for name in names)
            change = "unchanged" if same and not (slipped or given or (done and done > since)) else "changed"
        found[now["stream_id"]] = (
            change,
            None if change != "entered" else "captured" if was is None else where(was),
            where(now) if change == "left" else None,
            declared(was), declared(now), moved.get("expected_on"), now["expected_on"], slipped,
            moved.get("open_amount"), now["open_amount"], was is not None and was["owner_id"] != now["owner_id"],
            instruction.get("text") if given else None, done if done and done > since else None,
        )  # fmt: skip
    return found


@pytest.mark.parametrize("sight", ["everything", "branch", "representative"])
async def test_who_entered_who_left_to_where_and_what_moved(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    policy = await policy_in_force(company.pool, asking, POLICY)
    kinds = set()
    for since, until in WINDOWS:
        report = await hot_changes(
            company.pool, asking, (policy, policy), LABELS, since=since, until=min(until, asking.day)
        )
        names = (
            *("change", "came_from", "went_to", "level_before", "level", "expected_before", "expected_on", "slipped"),
            *("amount_before", "amount", "owner_changed", "instruction_given", "instruction_done_on"),
        )
        found = {
            row["opportunity_id"]: tuple(
                Decimal(row[name]) if name.startswith("amount") and row[name] is not None else row[name]
                for name in names
            )
            for row in report["rows"]
        }
        assert found == told(question, since, min(until, asking.day))
        kinds |= {row["change"] for row in report["rows"]}
        assert sum(report[kind] for kind in ("entered", "left", "changed", "unchanged")) == len(found)
    assert sight != "everything" or kinds
