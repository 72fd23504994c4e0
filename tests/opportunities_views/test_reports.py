"""Reports now, as of a past day, and as known then, equal to a recount in plain Python, for every sight."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.opportunities.reports import defeats as defeat_table
from services.opportunities.reports import outcomes as outcome_table
from services.opportunities.reports.asking import Asking
from services.opportunities.reports.few import FEW
from services.opportunities.reports.filters import Filters
from services.opportunities.reports.hot_customers import hot_customers
from services.opportunities.reports.labels import Labels
from services.opportunities.reports.levels import policy_in_force
from services.opportunities.reports.opportunities import SORTS, Which, opportunities
from services.opportunities.reports.pipeline import KEYS, pipeline, pipeline_diff
from services.opportunities.views import VIEWS
from services.opportunities.visits.report import visits
from shared.days import end_of
from shared.event_store.connections import with_json
from shared.identity.sight import Sight
from shared.identity.subtree import Tree
from shared.records.paging import Page
from shared.testing.views import fold_in_random_splits
from tests.opportunities_views import oracle, recount
from tests.opportunities_views.made_up import MadeUp
from tests.opportunities_views.recount import ZONE, Question

NOW = datetime(2025, 8, 1, 3, tzinfo=UTC)
POLICY = "h7-a15-b30"
SIGHTS = ("everything", "branch", "supervisor", "representative", "deputy")
TREES = ("then", "now")


class NoVault:
    """Knows everybody by the end of their id, and nothing that was written."""

    async def get(
        self, tenant_id: UUID, subject_ids: Collection[UUID], fields: Collection[str] | None = None
    ) -> Mapping[UUID, Mapping[str, str]]:
        return {UUID(str(id)): {"name": f"人{str(id)[-4:]}"} for id in subject_ids}


LABELS = Labels(NoVault())


class Company:
    """A made-up tenant whose views are folded, beside another one in the same tables."""

    def __init__(self, pool: asyncpg.Pool, made: MadeUp) -> None:
        self.pool = pool
        self.made = made

    def ask(self, when: str, sight: str, tree: Tree = "then") -> tuple[Asking, Question]:
        """The same question to the report and to the recount."""
        made = self.made
        at = NOW if when == "now" else end_of(date(2025, 3, 31), ZONE)
        known_at = len(made.log.told) * 2 // 3 if when == "known then" else None
        branch, team, person, other = made.branches[0], made.teams[0], made.people[0], made.people[1]
        selves = {person, other} if sight == "deputy" else {person}
        owners = {person, other} if sight in ("deputy", "supervisor") else {person}
        supported = {
            row["stream_id"]
            for row in oracle.accounts(made.log)
            if row["to_at"] is None and not selves.isdisjoint(row["support_team"])
        }

        def sees(row: dict[str, Any]) -> bool:
            if sight == "everything":
                return True
            own = row["owner_id"] in owners or row["account_id"] in supported
            return own or (sight == "branch" and row["unit_id"] in (branch, team))

        seen = Sight(
            sight == "everything",
            frozenset((branch, team)) if sight == "branch" else frozenset(),
            person,
            frozenset(selves - {person}),
            frozenset(owners - selves),
        )
        asking = Asking(
            made.log.tenant_id, ZONE, at, seen, known_at=known_at, latest=when == "now", tree=tree,
            tree_at=None if when == "now" else at,
        )  # fmt: skip
        return asking, Question(made.log, at, known_at, sees, person, tree)


MADE: dict[tuple[str, int], MadeUp] = {}
"""Made once per database and seed: the tests only read."""


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


def fields(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


@pytest.mark.parametrize("sight", SIGHTS)
async def test_the_board_counts_every_deal_in_stock_at_its_level(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    policy = await policy_in_force(company.pool, asking, POLICY)
    for level in ("declared", "computed"):
        for dimension in (None, *KEYS):
            report = await pipeline(
                company.pool, asking, policy, LABELS,
                level=level, group_by=() if dimension is None else (dimension,),
            )  # fmt: skip
            found = {
                (row[dimension] if dimension else None, row["currency"], row["level"]): (
                    row["count"], row["units"], Decimal(row["amount"]), Decimal(row["weighted_amount"])
                )
                for row in report["rows"]
            }  # fmt: skip
            assert {key: cell for key, cell in found.items() if cell[0]} == recount.board(question, level, dimension)
            groups = {key[:2] for key in found}
            wanted = {"N", "C", "B", "A", "H", "O"} | ({"overdue"} if level == "computed" else set())
            assert {key[2] for key in found} == wanted
            assert len(found) == len(groups) * len(wanted) == len(report["rows"])
            if dimension not in ("product", "account_kind"):
                for stock in report["stock"]:
                    rows = [row for row in report["rows"] if row["currency"] == stock["currency"]]
                    assert stock["open"]["count"] == sum(row["count"] for row in rows if row["level"] != "O")
                    assert stock["ordered"]["count"] == sum(row["count"] for row in rows if row["level"] == "O")


async def test_an_empty_board_shows_every_level_with_zero(company: Company) -> None:
    asking, _ = company.ask("now", "everything")
    before = Asking(asking.tenant_id, ZONE, datetime(2020, 1, 1, tzinfo=UTC), asking.sight)
    policy = await policy_in_force(company.pool, before)
    rows = (await pipeline(company.pool, before, policy, LABELS))["rows"]
    assert [fields(row, "level", "count", "amount", "currency") for row in rows] == [
        (level, 0, "0.00", "CNY") for level in ("N", "C", "B", "A", "H", "O")
    ]


@pytest.mark.parametrize("sight", SIGHTS)
async def test_who_would_move_under_another_policy(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    first = await policy_in_force(company.pool, asking, "h30-a90-b180")
    second = await policy_in_force(company.pool, asking, "h7-a30-b90")
    report = await pipeline_diff(company.pool, asking, first, second, LABELS)

    def level(deal: dict[str, Any], windows: tuple[tuple[str, int], ...]) -> str:
        if deal["expected_on"] is None:
            return "C"
        left = (deal["expected_on"] - question.day).days
        return "overdue" if left < 0 else next((code for code, days in windows if left <= days), "C")

    judged = [deal for deal in question.deals() if deal["stock"] == "open" and deal["level"]]
    moved = {
        deal["stream_id"]: pair
        for deal in judged
        if (pair := (level(deal, (("H", 30), ("A", 90), ("B", 180))), level(deal, (("H", 7), ("A", 30), ("B", 90)))))
        and pair[0] != pair[1]
    }
    shown = {id: pair for id, pair in moved.items() if id in question.seen_today()}
    assert {row["opportunity_id"]: fields(row, "level_a", "level_b") for row in report["rows"]} == shown
    assert fields(report, "moved", "compared") == (len(moved), len(judged))


@pytest.mark.parametrize("sight", SIGHTS)
async def test_the_hot_table_shows_whom_an_order_is_near_of(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    policy = await policy_in_force(company.pool, asking, POLICY)
    rows = (await hot_customers(company.pool, asking, policy, LABELS))["rows"]
    wanted = recount.hot(question)
    found = [
        {name: row[name] for name in wanted[0]}
        | {
            "amount": None if row["amount"] is None else Decimal(row["amount"]),
            "instruction": row["instruction"] and row["instruction"]["text"],
        }
        for row in rows
        if wanted
    ]
    assert found == wanted


@pytest.mark.parametrize("dimension", sorted(defeat_table.KEYS))
async def test_the_defeat_analysis_counts_every_approved_defeat(company: Company, when: str, dimension: str) -> None:
    asking, question = company.ask(when, "everything")
    report = await defeat_table.defeat_analysis(
        company.pool, asking, LABELS, group_by=(dimension,)  # type: ignore[arg-type]
    )  # fmt: skip
    found = {
        row[dimension]: (
            row["count"],
            {amount["currency"]: Decimal(amount["amount"]) for amount in row["amounts"]},
            row["mentions"] or 0,
        )
        for row in report["rows"]
    }
    assert found == recount.analysis(question, dimension)
    assert report["defeats"] == len(question.defeats())
    shares = [row["share"] for row in report["rows"]]
    assert sum(shares) == pytest.approx(1 if shares else 0, abs=1e-4)
    if shares:
        assert report["rows"][-1]["cumulative_share"] == 1
    counts = [row["count"] for row in report["rows"]]
    assert counts == sorted(counts, reverse=True)


async def test_two_dimensions_of_the_analysis_sum_to_one(company: Company) -> None:
    asking, _ = company.ask("now", "everything")
    single = await defeat_table.defeat_analysis(company.pool, asking, LABELS, group_by=("reason",))
    double = await defeat_table.defeat_analysis(company.pool, asking, LABELS, group_by=("reason", "owner"))
    for row in single["rows"]:
        parts = [part for part in double["rows"] if part["reason"] == row["reason"]]
        assert sum(part["count"] for part in parts) == row["count"]
        assert sum(part["mentions"] for part in parts) == row["mentions"]


@pytest.mark.parametrize("sight", SIGHTS)
async def test_the_defeat_table_has_a_row_for_each(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    rows = (await defeat_table.defeats(company.pool, asking, LABELS))["rows"]
    contacts = question.contacts()
    wanted = {}
    for defeat in question.defeat_rows():
        lost_on = recount.day(defeat["lost_at"])
        seen = [
            c["visited_on"]
            for c in contacts
            if c["opportunity_id"] == defeat["stream_id"] and c["visited_on"] <= lost_on
        ]
        wanted[defeat["stream_id"], defeat["version"]] = (
            lost_on, defeat["level"] or "N", defeat["reason"], len(seen), max(seen, default=None), defeat["owner_id"],
            defeat["units"],
            defeat["reopened_at"] if defeat["reopened_at"] and defeat["reopened_at"] <= question.at else None,
        )  # fmt: skip
    names = ("lost_on", "level_before", "reason", "visits", "last_visit_on", "owner_id", "units", "reopened_at")
    assert {fields(row, "opportunity_id", "version"): fields(row, *names) for row in rows} == wanted


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("dimension", get_args(outcome_table.GroupBy))
@pytest.mark.parametrize("days", [(None, None), (date(2025, 2, 1), date(2025, 3, 15))])
async def test_outcomes_credit_those_who_did_it(
    company: Company, when: str, sight: str, dimension: Any, days: tuple[date | None, date | None]
) -> None:
    asking, question = company.ask(when, sight)
    since, until = days
    report = await outcome_table.outcomes(
        company.pool, asking, LABELS, group_by=dimension, since=since, until=until
    )  # fmt: skip
    if until is not None:
        question = replace(question, at=min(question.at, end_of(until, ZONE)), tree_at=question.at)
    assert outcome_figures(report) == recount.outcomes(question, dimension, since, until)


def outcome_figures(report: dict[str, Any]) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {
        fields(row, "key", "currency"): {
            "captured": row["captured"], "open": row["open"], "won": row["won"], "lost": row["lost"],
            "amount": Decimal(row["amount_won"]), "win_rate": row["win_rate"],
            "mean": row["cycle_days_mean"], "median": row["cycle_days_median"],
        }
        for row in report["rows"]
    }  # fmt: skip
    assert len(found) == len(report["rows"])
    return found


async def test_the_filter_by_owner_counts_what_the_group_of_the_owner_counts(company: Company, when: str) -> None:
    asking, question = company.ask(when, "everything")
    person = company.made.people[0]
    report = await outcome_table.outcomes(
        company.pool, asking, LABELS, group_by="channel", filters=Filters(owner_id=person)
    )
    assert outcome_figures(report) == recount.outcomes(question, "channel", None, None, person)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("dimension", ["branch", "region"])
async def test_figures_roll_up_along_the_tree_of_then_or_of_now(
    company: Company, when: str, tree: Tree, dimension: Any
) -> None:
    """Teams move between branches and branches between regions, told late and mended, as chance has it."""
    asking, question = company.ask(when, "everything", tree)
    policy = await policy_in_force(company.pool, asking, POLICY)
    board = await pipeline(company.pool, asking, policy, LABELS, group_by=(dimension,))
    found = {fields(row, dimension, "currency", "level"): row["count"] for row in board["rows"] if row["count"]}
    wanted = recount.board(question, "declared", dimension)
    assert found == {key: cell[0] for key, cell in wanted.items()}
    report = await outcome_table.outcomes(company.pool, asking, LABELS, group_by=dimension)
    assert outcome_figures(report) == recount.outcomes(question, dimension, None, None)
    analysis = await defeat_table.defeat_analysis(company.pool, asking, LABELS, group_by=(dimension, "reason"))
    counts = Counter(str(question.place(defeat["unit_id"], dimension)) for defeat in question.defeats())
    summed: Counter[str] = Counter()
    for row in analysis["rows"]:
        summed[str(row[dimension])] += row["count"]
    assert summed == counts
    for place in (*company.made.regions, *company.made.branches):
        within = [deal for deal in question.deals() if question.is_below(deal["unit_id"], place)]
        only = await pipeline(company.pool, asking, policy, LABELS, filters=Filters(unit_id=place))
        assert sum(row["count"] for row in only["rows"]) == sum(deal["stock"] is not None for deal in within)


@pytest.fixture(params=(FEW, 0), ids=("looked up", "down the list"))
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of who sees few, and of who sees much, however little there is to see here."""
    monkeypatch.setattr("services.opportunities.reports.few.FEW", request.param)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.usefixtures("way")
async def test_the_lists_page_through_everything_once(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    policy = await policy_in_force(company.pool, asking)
    for sort in SORTS:
        seen: list[UUID] = []
        page = Page(limit=3)
        while True:
            items, after = await opportunities(company.pool, asking, policy, LABELS, sort=sort, page=page)
            seen += [item["id"] for item in items]
            if after is None:
                break
            page = Page(3, after)
        assert len(seen) == len(set(seen))
        assert set(seen) == {deal["stream_id"] for deal in question.rows()}
    judged, _ = await opportunities(company.pool, asking, policy, LABELS, which=Which(level="A"), page=Page(1000))
    assert {item["id"] for item in judged} == {
        deal["stream_id"] for deal in question.rows() if deal["stock"] == "open" and deal["level"] == "A"
    }


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.usefixtures("way")
async def test_the_tracking_table_shows_each_visit_with_its_judgements(company: Company, when: str, sight: str) -> None:
    asking, question = company.ask(when, sight)
    seen = question.seen_today()
    items, after = await visits(company.pool, asking, LABELS, page=Page(1000))
    assert after is None
    log, known_at = question.log, question.known_at
    standing = question.standing(oracle.visits(log, known_at))
    judged = [row for row in oracle.judgements(log, known_at) if row["judged_at"] <= question.at]
    assert {item["id"] for item in items} == {row["stream_id"] for row in question.visits()}
    raised = [
        (row["account_id"], objection)
        for row in standing
        if row["status"] == "logged"
        for objection in row["objections"]
    ]
    by_id = {row["stream_id"]: row for row in standing}
    for item in items:
        mine = [row for row in judged if row["visit_id"] == item["id"] and row["stream_id"] in seen]
        assert set(item["opportunity_ids"]) == set(by_id[item["id"]]["opportunity_ids"]) & seen
        assert sorted((j["opportunity_id"], j["level_before"], j["level"]) for j in item["judgements"]) == sorted(
            (row["stream_id"], row["level_before"] or "N", row["level"] or "N") for row in mine
        )
        if item["account_id"] is not None and item["status"] == "logged":
            for objection in item["objections"]:
                assert objection["raised"] == raised.count((item["account_id"], objection["text"]))
        assert fields(item, "status", "way", "next_on") == fields(by_id[item["id"]], "status", "way", "next_on")
    days = [by_id[item["id"]]["day"] for item in items]
    assert days == sorted(days, reverse=True)


def test_chance_makes_deals_of_every_kind() -> None:
    """Else the tests above would prove little."""
    rows = [row for seed in (1, 2, 3) for row in oracle.standings(MadeUp(uuid4(), seed, 420).log)]
    assert {row["stock"] for row in rows} == {"open", "ordered", None}
    assert {row["outcome"] for row in rows} == {"open", "won", "lost"}
    assert {row["level"] for row in rows} == {None, *"CBAH"}
