"""Approvals, freezes, revival and recalls now, as of a past day, and as known then, counted again in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any, cast

import pytest

import services.opportunities.routes  # noqa: F401 - routes import each other in this order
from services.opportunities.approvals.inbox import Which, inbox
from services.opportunities.approvals.registry import KINDS as ALL_KINDS
from services.opportunities.policies.in_force import Rules
from services.opportunities.reports import recalls as recall_list
from services.opportunities.reports import reviews as review_table
from services.opportunities.reports import revival as revival_table
from services.opportunities.reports import set_aside as set_aside_table
from services.opportunities.reports.defeats import Defeats
from services.opportunities.reports.filters import Filters
from shared.http.kit import Kit
from shared.records.paging import Page
from tests.opportunities_views import reviews
from tests.opportunities_views.recount import Question, day
from tests.opportunities_views.test_reports import LABELS, SIGHTS, Company, company, when  # noqa: F401

Row = dict[str, Any]
FATES = {"resumed_at": 1, "disposed_at": 2, "defeated_at": 3, "ordered_at": 4}
WITHIN = 30
KINDS = [ALL_KINDS[code] for code in ("defeat", "freeze")]
pytestmark = pytest.mark.parametrize("sight", SIGHTS)


def fate(row: Row, at: datetime) -> str:
    known = [(row[name], weight, name) for name, weight in FATES.items() if row[name] is not None and row[name] <= at]
    return max(known)[2].removesuffix("_at") if known else "still"


def waiting(question: Question) -> list[Row]:
    """Requests not decided by the instant, of what the asker sees today."""
    seen, there = question.seen_today(), {row["stream_id"] for row in question.standing_deals()}
    return [
        row
        for row in reviews.requests(question.log, question.known_at)
        if row["requested_at"] <= question.at and (row["decided_at"] is None or row["decided_at"] > question.at)
        if row["stream_id"] in seen and row["stream_id"] in there
    ]


def call(question: Question, request: Row) -> Row | None:
    """The latest call-back about a request."""
    calls = [
        row
        for row in reviews.verifications(question.log, question.known_at)
        if (row["stream_id"], row["request_version"]) == (request["stream_id"], request["version"])
        and row["verified_at"] <= question.at
    ]
    return max(calls, key=lambda row: (row["verified_at"], row["version"]), default=None)


async def test_what_was_set_aside(company: Company, when: str, sight: str) -> None:  # noqa: F811
    asking, question = company.ask(when, sight)
    report = await set_aside_table.set_aside(company.pool, asking, LABELS, lost_contact_days=60)
    told = [row for row in reviews.set_aside(question.log, question.known_at) if row["set_aside_at"] <= question.at]
    seen = question.seen_today()
    wanted = Counter(
        (row["stream_id"], row["version"], row["kind"], fate(row, question.at), day(row["set_aside_at"]))
        for row in told
        if row["stream_id"] in seen
    )
    names = ("opportunity_id", "version", "kind", "became", "set_aside_on")
    assert Counter(tuple(row[name] for name in names) for row in report["rows"]) == wanted
    counted = Counter((row["kind"], fate(row, question.at)) for row in told if question.sees(row))
    assert {(row["kind"], row["became"]): row["count"] for row in report["summary"] if row["count"]} == counted
    for row in report["rows"]:
        late = row["kind"] == "contact_lost" and row["became"] == "still" and row["days_since"] > 60
        assert (row["proposal"] == "defeat") == late
    if sight == "everything":
        assert report["rows"]


async def test_revival_of_each_month(company: Company, when: str, sight: str) -> None:  # noqa: F811
    asking, question = company.ask(when, sight)
    report = await revival_table.revival(company.pool, asking, LABELS, which=Defeats(), within=WITHIN)
    wanted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in question.defeats():
        lost = day(row["lost_at"])

        def within(at: datetime | None, lost: date = lost) -> bool:
            return at is not None and at <= question.at and day(at) - lost <= timedelta(days=WITHIN)

        counts = wanted[f"{lost:%Y-%m}"]
        counts[0] += 1
        counts[1] += within(row["reopened_at"])
        counts[2] += within(row["reopened_at"]) and within(row["won_at"])
        reopened = row["reopened_at"] is not None and row["reopened_at"] <= question.at
        counts[3] += not reopened and question.day - lost <= timedelta(days=WITHIN)
    found = {row["cohort"]: [row[name] for name in ("defeats", "reopened", "won", "pending")] for row in report["rows"]}
    assert found == wanted
    for row in report["rows"]:
        assert row["revival_rate"] == round(row["reopened"] / row["defeats"], 6)
    grouped = await revival_table.revival(
        company.pool, asking, LABELS, which=Defeats(), within=WITHIN, group_by=("owner", "reason")
    )
    assert sum(row["defeats"] for row in grouped["rows"]) == sum(counts[0] for counts in wanted.values())


async def test_what_became_of_requests(company: Company, when: str, sight: str) -> None:  # noqa: F811
    asking, question = company.ask(when, sight)
    report = await review_table.reviews(
        company.pool, asking, LABELS, which=review_table.Which(), group_by=("kind", "owner")
    )
    wanted: dict[Any, Counter[str]] = defaultdict(Counter)
    days: dict[Any, list[int]] = defaultdict(list)
    for row in reviews.requests(question.log, question.known_at):
        if row["requested_at"] > question.at or not question.sees(row):
            continue
        key = (row["kind"], str(row["owner_id"]))
        decided = row["decided_at"] is not None and row["decided_at"] <= question.at
        wanted[key]["requests"] += 1
        wanted[key][row["decision"] if decided else "waiting"] += 1
        if decided:
            days[key].append((day(row["decided_at"]) - day(row["requested_at"])).days)
        if (called := call(question, row)) is not None:
            wanted[key]["verified"] += 1
            wanted[key][called["verdict"]] += 1
    counted = (
        *("requests", "waiting", "approved", "rejected", "frozen", "given", "withdrawn"),
        *("verified", "confirmed", "still_buying", "other_reason", "not_reached"),
    )
    found = {
        (row["kind"], row["owner"]): Counter({name: row[name] for name in counted if row[name]})
        for row in report["rows"]
    }
    assert found == wanted
    for row in report["rows"]:
        known = days[row["kind"], row["owner"]]
        assert row["mean_age_days"] == (round(sum(known) / len(known), 6) if known else None)
    assert report["total"]["requests"] == sum(counts["requests"] for counts in wanted.values())


async def test_what_waits_and_whom_to_call(company: Company, when: str, sight: str) -> None:  # noqa: F811
    asking, question = company.ask(when, sight)
    found = []
    page = Page(2)
    while True:
        items, after = await inbox(
            company.pool, cast(Kit, None), asking, Rules(None, None, None), LABELS,
            kinds=KINDS, which=Which(everybodys=True), page=page,
        )  # fmt: skip
        found += items
        if after is None:
            break
        page = Page(2, after)
    order = sorted(waiting(question), key=lambda row: (row["requested_at"], row["stream_id"].int))
    assert [(row["kind"], row["id"]) for row in found] == [(row["kind"], row["stream_id"]) for row in order]
    for row, told in zip(found, order, strict=True):
        assert row["age_days"] == (question.day - day(told["requested_at"])).days
        assert row["allowed"] == []

    calls, _ = await review_table.to_verify(
        company.pool, asking, LABELS, filters=Filters(), required=True, page=Page(1_000)
    )
    wanted = [
        row["stream_id"]
        for row in order
        if row["kind"] == "defeat" and ((said := call(question, row)) is None or said["verdict"] == "not_reached")
    ]
    assert [row["id"] for row in calls] == wanted


async def test_whom_to_ask_again(company: Company, when: str, sight: str) -> None:  # noqa: F811
    asking, question = company.ask(when, sight)
    until = date(2025, 5, 1)
    found, _ = await recall_list.recalls(company.pool, asking, LABELS, which=recall_list.Which(until), page=Page(1_000))
    wanted = {
        (row["stream_id"], row["recall_on"])
        for row in question.rows()
        if row["status"] in ("frozen", "lost_contact", "defeated") and row["recall_on"] and row["recall_on"] <= until
    }
    assert {(row["opportunity_id"], row["recall_on"]) for row in found} == wanted
    assert [row["recall_on"] for row in found] == sorted(row["recall_on"] for row in found)
