"""Follow-up duties now, as of a past day, as known then: list and report equal a recount day by day in plain Python."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args
from uuid import UUID

import pytest

from services.opportunities.follow_ups.listing import FollowUps, State, follow_ups
from services.opportunities.follow_ups.report import GroupBy, timeliness
from services.opportunities.follow_ups.rules import rules
from services.opportunities.reports.asking import Asking
from services.opportunities.reports.filters import Filters
from shared.records.paging import Page
from tests.opportunities_views import recount_follow_ups as recount
from tests.opportunities_views.test_reports import LABELS, SIGHTS, Company
from tests.opportunities_views.test_reports import company as company
from tests.opportunities_views.test_reports import when as when

WINDOWS = ((date(2025, 1, 1), date(2025, 12, 31)), (date(2025, 2, 1), date(2025, 2, 28)))


async def pages(company: Company, asking: Asking, which: FollowUps, size: int = 4) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    applied = await rules(company.pool, asking)
    while True:
        rows, after = await follow_ups(company.pool, asking, applied, LABELS, which=which, page=Page(size, after))
        found += rows
        if after is None:
            return found


@pytest.mark.parametrize("sight", SIGHTS)
async def test_every_open_duty_is_due_when_the_last_contact_and_the_level_say(
    company: Company, when: str, sight: str
) -> None:
    asking, question = company.ask(when, sight)
    expected = recount.FollowUps(question).open()
    rows = await pages(company, asking, FollowUps())
    fields = ("level", "opened_on", "due_on", "planned_on", "state", "days_overdue", "escalated")
    assert {row["opportunity_id"]: tuple(row[name] for name in fields) for row in rows} == expected
    assert [row["due_on"] for row in rows] == sorted(row["due_on"] for row in rows)
    assert sight != "everything" or "overdue" in {row["state"] for row in rows}
    for state in get_args(State):
        if state != "done":
            of_state = await pages(company, asking, FollowUps(state), size=100)
            assert {row["opportunity_id"] for row in of_state} == {
                deal for deal, said in expected.items() if said[4] == state
            }
    escalated = await pages(company, asking, FollowUps(escalated=True), size=100)
    assert {row["opportunity_id"] for row in escalated} == {deal for deal, said in expected.items() if said[6]}


@pytest.mark.parametrize("sight", ["everything", "representative"])
async def test_duties_done_are_listed_by_the_day_they_were_done(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    counted = recount.FollowUps(question)
    for since, until in WINDOWS:
        rows = await pages(company, asking, FollowUps("done", since=since, until=until), size=100)
        fields = ("opportunity_id", "level", "opened_on", "due_on", "done_on")
        found = sorted(tuple(row[name] for name in fields) for row in rows)
        assert found == counted.done(since, min(until, asking.day))
        assert all(row["done_by"] is not None for row in rows)


@pytest.mark.parametrize("sight", ["everything", "branch", "deputy"])
async def test_timeliness_counts_every_duty_once_for_who_was_responsible(
    company: Company, when: str, sight: str
) -> None:
    asking, question = company.ask(when, sight)
    counted = recount.FollowUps(question)
    applied = await rules(company.pool, asking)
    for since, until in WINDOWS:
        for dimension in get_args(GroupBy):
            report = await timeliness(
                company.pool, asking, applied, LABELS, group_by=dimension, since=since, until=until
            )
            names = ("fell_due", "on_time", "late", "not_done", "escalated")
            found = {row["key"]: tuple(row[name] for name in names) for row in report["rows"]}
            assert found == counted.report(dimension, since, min(until, asking.day))
            total = report["total"]
            assert total["fell_due"] == total["on_time"] + total["late"] + total["not_done"]
            for row in report["rows"] if dimension == "owner" else ():
                of_owner = await timeliness(
                    company.pool, asking, applied, LABELS, group_by="level", since=since, until=until,
                    filters=Filters(owner_id=UUID(row["key"])),
                )  # fmt: skip
                assert {name: of_owner["total"][name] for name in names} == {name: row[name] for name in names}
