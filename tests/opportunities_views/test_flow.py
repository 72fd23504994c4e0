"""Flow, time in level, shape and history weights, equal to a recount in plain Python; flow sums to both boards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import fmean, median
from typing import Any, get_args
from uuid import uuid4

import asyncpg
import pytest

from services.opportunities.policies.views.level_policies import LEVEL_POLICIES
from services.opportunities.products.view import PRODUCTS
from services.opportunities.reports import flow as flow_table
from services.opportunities.reports import time_in_level as stays
from services.opportunities.reports.asking import Asking
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.flow import IN, OUT, flow
from services.opportunities.reports.levels import policy_in_force
from services.opportunities.reports.pipeline import _history, pipeline
from services.opportunities.reports.shape import Bounds, shape
from services.opportunities.reports.time_in_level import time_in_level
from services.opportunities.views.accounts import ACCOUNTS
from services.opportunities.views.standings import STANDINGS
from services.opportunities.views.units import UNITS
from shared.days import end_of
from shared.event_store.connections import with_json
from shared.testing.views import fold_in_random_splits
from tests.opportunities_views import oracle
from tests.opportunities_views.made_up import MadeUp
from tests.opportunities_views.recount import ZONE, Question
from tests.opportunities_views.test_reports import LABELS, POLICY, Company

VIEWS = (STANDINGS, ACCOUNTS, UNITS, PRODUCTS, LEVEL_POLICIES)
SIGHTS = ("everything", "branch", "representative")
DAYS = ((date(2025, 1, 20), date(2025, 3, 10)), (date(2025, 2, 14), date(2025, 2, 15)), (date(2024, 12, 1), None))
Row = dict[str, Any]
MADE: dict[tuple[str, int], MadeUp] = {}


@pytest.fixture(params=[1, 2])
async def company(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Company]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4, init=with_json) as pool:
        key = (database_url, request.param)
        if key not in MADE:
            made, other = MadeUp(uuid4(), request.param, 420), MadeUp(uuid4(), request.param + 50, 60)
            for one in (made, other):
                await one.log.write(pool)
                await fold_in_random_splits(pool, VIEWS, one.log.tenant_id, seed=request.param, steps=3)
            MADE[key] = made
        yield Company(pool, MADE[key])


@pytest.fixture(params=["now", "as of a past day", "known then"])
def when(request: pytest.FixtureRequest) -> str:
    return str(request.param)


TOLD: dict[tuple[int, int | None], list[Row]] = {}


def standings(question: Question) -> list[Row]:
    """What the oracle says, worked out once."""
    key = (id(question.log), question.known_at)
    if key not in TOLD:
        TOLD[key] = oracle.standings(question.log, question.known_at)
    return TOLD[key]


def state(row: Row | None) -> str | None:
    if row is None:
        return None
    if row["stock"] is not None:
        return "O" if row["stock"] == "ordered" else row["level"] or "N"
    return "delivered" if row["status"] == "ordered" else str(row["status"])


def group(question: Question, row: Row | None, dimension: str | None) -> str | None:
    if row is None or dimension is None:
        return None
    match dimension:
        case "branch" | "region":
            found: Any = question.place(row["unit_id"], dimension)
        case "channel":
            found = row["channel"]
        case _:
            found = row["owner_id" if dimension == "owner" else "unit_id"]
    return None if found is None else str(found)


def in_the_filter(question: Question, row: Row | None, filters: Filters) -> bool:
    if row is None or not question.sees(row):
        return False
    if filters.unit_id is not None and not question.is_below(row["unit_id"], filters.unit_id):
        return False
    return filters.owner_id is None or row["owner_id"] == filters.owner_id


def recounted(question: Question, first: datetime, dimension: str | None, filters: Filters) -> dict[Any, list[Any]]:
    """(group, currency, from, to) → count, units and amount at either end, deal by deal."""
    deals: dict[Any, list[Row]] = defaultdict(list)
    for row in standings(question):
        deals[row["stream_id"]].append(row)
    cells: dict[Any, list[Any]] = defaultdict(lambda: [0, 0, Decimal(0), 0, Decimal(0)])

    def holding(rows: list[Row], at: datetime) -> Row | None:
        held = [row for row in rows if row["from_at"] <= at and (row["to_at"] is None or row["to_at"] > at)]
        return held[0] if held else None

    def put(key: Any, a: Row | None, b: Row | None) -> None:
        cell = cells[key]
        cell[0] += 1
        if a is not None:
            cell[1] += a["open_units"] or 0
            cell[2] += a["open_amount"] or Decimal(0)
        if b is not None:
            whole = b["stock"] is None and b["status"] in ("ordered", "cancelled")
            cell[3] += b["units" if whole else "open_units"] or 0
            cell[4] += b["amount" if whole else "open_amount"] or Decimal(0)

    for rows in deals.values():
        if not any(
            row["stock"] and row["from_at"] <= question.at and (row["to_at"] is None or row["to_at"] > first)
            for row in rows
        ):
            continue
        a, b = holding(rows, first), holding(rows, question.at)
        assert b is not None
        was, came = state(a), str(state(b))
        at_first, at_last = in_the_filter(question, a, filters), in_the_filter(question, b, filters)
        key_b = (group(question, b, dimension), b["currency"])
        if a is None or a["stock"] is None:
            entered = {None: "captured", "frozen": "resumed", "lost_contact": "resumed", "delivered": "amended"}
            if at_last:
                put((*key_b, entered.get(was, "reopened"), came), None, b)
            continue
        key_a = (group(question, a, dimension), a["currency"])
        if at_first and at_last and key_a == key_b:
            put((*key_a, was, came), a, b)
            continue
        kind = (a["owner_id"], a["unit_id"]) != (b["owner_id"], b["unit_id"])
        word = "transferred" if kind else "reclassified"
        if at_first:
            put((*key_a, was, f"{word}_out"), a, None)
        if at_last:
            put((*key_b, f"{word}_in", came), None, b)
    return dict(cells)


@pytest.mark.parametrize("sight", SIGHTS)
async def test_rows_and_columns_of_the_flow_sum_to_the_boards_of_both_days(
    company: Company, when: str, sight: str
) -> None:
    made = company.made
    for since, until in DAYS:
        asking, question = company.ask(when, sight)
        first, asking = flow_table.between(asking, since, until)
        question = replace(question, at=asking.at, tree_at=asking.tree_at)
        policy = await policy_in_force(company.pool, asking, POLICY)
        before = replace(asking, at=first, latest=False)
        for dimension in (None, *get_args(flow_table.GroupBy)):
            by = () if dimension is None else (dimension,)
            narrow = (Filters(unit_id=made.branches[0]), Filters(owner_id=made.people[0]))
            for filters in (Filters(), *narrow) if dimension is None else (Filters(),):
                report = await flow(
                    company.pool, asking, policy, LABELS, since=first, group_by=by, filters=filters
                )  # fmt: skip
                found = {
                    (row[dimension] if dimension else None, row["currency"], row["from_state"], row["to_state"]): [
                        row["count"], row["units_from"], Decimal(row["amount_from"]), row["units_to"],
                        Decimal(row["amount_to"]),
                    ]
                    for row in report["rows"]
                }  # fmt: skip
                assert found == recounted(question, first, dimension, filters)
                for which, day in (("opening", before), ("closing", asking)):
                    board = await pipeline(company.pool, day, policy, LABELS, group_by=by, filters=filters)
                    assert levels(report[which], dimension) == levels(board["rows"], dimension)
    assert {"captured", "reopened", "resumed"} <= set(IN)
    assert {"delivered", "transferred_out"} <= set(OUT)


def levels(rows: list[Row], dimension: str | None) -> dict[Any, Any]:
    return {
        (row[dimension] if dimension else None, row["currency"], row["level"]): (
            row["count"], row["units"], Decimal(row["amount"])
        )
        for row in rows
        if row["count"]
    }  # fmt: skip


def stays_of(question: Question) -> list[Row]:
    """Every stay of every deal, from the intervals of the oracle."""
    deals: dict[Any, list[Row]] = defaultdict(list)
    for row in standings(question):
        if row["from_at"] <= question.at:
            deals[row["stream_id"]].append(row)
    found = []
    for rows in deals.values():
        rows.sort(key=lambda row: row["from_at"])
        told: list[Row] = []
        last: str | None = None
        for row in rows:
            level = state(row) if row["stock"] else None
            until = None if row["to_at"] is None or row["to_at"] > question.at else row["to_at"]
            if level is not None and level == last:
                told[-1] |= {"row": row, "ended": until}
            elif level is not None:
                came_back = any(stay["level"] == level for stay in told) and told[-1]["level"] != level
                told.append(
                    {"level": level, "row": row, "began": row["from_at"], "ended": until, "came_back": came_back}
                )
            last = level
        found += told
    return found


@pytest.mark.parametrize("sight", ["everything", "representative"])
async def test_time_in_level_is_counted_stay_by_stay(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    policy = await policy_in_force(company.pool, asking, POLICY)
    for since, until in ((None, None), (date(2025, 2, 1), date(2025, 3, 1))):
        if until is not None:
            question = replace(question, at=min(end_of(until, ZONE), question.at))
            question = replace(question, tree_at=question.at)
        for dimension in (None, *get_args(stays.GroupBy)):
            report = await time_in_level(
                company.pool, asking, policy, LABELS, group_by=dimension, since=since, until=until
            )
            wanted: dict[Any, list[Row]] = defaultdict(list)
            for stay in stays_of(question):
                before = since is not None and stay["ended"] is not None and day(stay["ended"]) < since
                if question.sees(stay["row"]) and not before:
                    wanted[group(question, stay["row"], dimension), stay["level"]].append(stay)
            found = {(row.get(dimension or ""), row["level"]): row for row in report["rows"]}
            assert {key for key, row in found.items() if row["completed"] + row["running"]} == wanted.keys()
            for key, of in wanted.items():
                row = found[key]
                over = [(day(stay["ended"]) - day(stay["began"])).days for stay in of if stay["ended"]]
                going = [(question.day - day(stay["began"])).days for stay in of if stay["ended"] is None]
                assert (row["completed"], row["running"]) == (len(over), len(going))
                assert row["came_back"] == sum(stay["came_back"] for stay in of)
                assert row["days_mean"] == (pytest.approx(fmean(over)) if over else None)
                assert row["days_median"] == (median(over) if over else None)
                assert row["days_p90"] == (pytest.approx(percentile(over)) if over else None)
                assert row["running_days_median"] == (median(going) if going else None)


def day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def percentile(values: list[int]) -> float:
    """The 90th, between the two nearest."""
    ordered = sorted(values)
    place = 0.9 * (len(ordered) - 1)
    low = int(place)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (place - low)


async def test_history_counts_every_decision_of_the_closed_months(company: Company, when: str) -> None:
    asking, question = company.ask(when, "everything")
    found = {row["level"]: row["rate"] for row in await _history(company.pool, asking)}
    month = question.day.replace(day=1)
    decided: dict[str, list[bool]] = defaultdict(list)
    for row in standings(question):
        on = day(row["outcome_at"])
        is_decision = row["outcome"] in ("won", "lost") and row["from_at"] == row["outcome_at"]
        if is_decision and row["from_at"] <= question.at and month.replace(year=month.year - 1) <= on < month:
            decided[row["level"] or "N"].append(row["outcome"] == "won")
    assert {level: float(rate) for level, rate in found.items()} == {
        level: pytest.approx(fmean(won)) for level, won in decided.items()
    }
    policy = await policy_in_force(company.pool, asking, POLICY)
    for by in ("policy", "level"):
        report = await pipeline(company.pool, asking, policy, LABELS, weight=by)
        assert report["rows"] == (await pipeline(company.pool, asking, policy, LABELS))["rows"]


async def test_the_shape_of_a_funnel_is_found_by_its_parts(company: Company, when: str) -> None:
    asking, _ = company.ask(when, "everything")
    policy = await policy_in_force(company.pool, asking, POLICY)
    board = await pipeline(company.pool, asking, policy, LABELS)
    count: dict[str, int] = defaultdict(int)
    for row in board["rows"]:
        count[row["level"]] += row["count"]
    (row,) = (await shape(company.pool, asking, policy, LABELS, bounds=Bounds(least=1)))["rows"]
    assert (row["top"], row["middle"], row["bottom"]) == (count["N"] + count["C"], count["A"] + count["B"], count["H"])
    assert row["top_share"] == pytest.approx(row["top"] / row["count"], abs=1e-6)
    codes = [finding["code"] for finding in row["findings"]]
    off = {
        "thin_top": row["top_share"] < 0.4,
        "bulge": row["middle_share"] > 0.5,
        "thin_bottom": row["bottom_share"] < 0.1,
    }
    assert set(codes) == ({code for code, is_so in off.items() if is_so} or {"sound"})
    few = await shape(company.pool, asking, policy, LABELS, bounds=Bounds(least=10_000), group_by=("owner",))
    assert {finding["code"] for row in few["rows"] for finding in row["findings"]} == {"too_few"}
    assert sum(row["count"] for row in few["rows"]) == row["count"]
    loose = Bounds(Decimal(0), Decimal(1), Decimal(0), 1)
    (sound,) = (await shape(company.pool, asking, policy, LABELS, bounds=loose))["rows"]
    assert [finding["code"] for finding in sound["findings"]] == ["sound"]
    tight = Bounds(Decimal(1), Decimal(0), Decimal(1), 1)
    (all_,) = (await shape(company.pool, asking, policy, LABELS, bounds=tight))["rows"]
    assert len(all_["findings"]) == 3
    assert "%" in all_["findings"][0]["zh"]


def test_a_question_never_ends_after_the_day_asked_about() -> None:
    at = datetime.now(ZONE)
    asking = Asking(uuid4(), ZONE, at, sight=None, latest=True)  # type: ignore[arg-type]
    first, same = flow_table.between(asking, at.date() + timedelta(days=3), at.date() + timedelta(days=9))
    assert (first, same) == (at, asking)
