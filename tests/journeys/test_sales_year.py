"""One past year of a region: plan to assessment, with all that goes another way; every KPI as plain Python counts it.

The story is told over HTTP by a seeded chance (`year/lives.py`, `year/scenes.py`); the oracle (`year/oracle.py`) knows
nothing but the raw facts of the feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest

from services.documents.published import published, schema
from tests.journeys.year.asking import VALUES, as_official, closed, difference_told, differences
from tests.journeys.year.cast import BRANCHES, LEAVER, MOVED_TO, REPS
from tests.journeys.year.log import Period
from tests.journeys.year.oracle import FORMULAS, NO_SOURCE, Oracle
from tests.journeys.year.paying import PER_ORDER, assessed, commissions, paid
from tests.journeys.year.telling_year import BYS, MONTHS, Answers, Told, told
from tests.stack import Running

QUARTERS = [Period(MONTHS[first].first, MONTHS[first + 2].last) for first in (0, 3, 6, 9)]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def year(running: Running) -> Iterator[tuple[asyncio.Runner, Told]]:
    """The year told, and the loop in which to ask on."""
    with asyncio.Runner() as runner:
        story = runner.run(told(running))
        yield runner, story
        runner.run(story.region.teller.end())


def test_every_kpi_has_a_recomputation_or_says_that_it_has_no_source(year: tuple[asyncio.Runner, Told]) -> None:
    _, story = year
    assert set(story.kpis) == set(FORMULAS)
    assert set(story.definitions) - set(story.kpis) == set(NO_SOURCE)


def test_every_event_of_the_year_is_as_its_schema_says(year: tuple[asyncio.Runner, Told]) -> None:
    _, story = year
    takes = {
        key: jsonschema_rs.Draft202012Validator(schema(one), validate_formats=True) for key, one in published().items()
    }
    assert len({event["type"] for event in story.events}) > 60
    for event in story.events:
        takes[event["type"], event["schema_version"]].validate(event["data"])


def test_every_kpi_is_what_the_facts_say_when_it_is_asked(year: tuple[asyncio.Runner, Told]) -> None:
    """At the end of each month: by person, by branch, and all together."""
    _, story = year
    found = []
    for month in MONTHS:
        oracle = Oracle(story.events, as_of=month.last, known_at=story.positions[month])
        for by in BYS:
            rows = story.asked[month][by]
            found += differences(rows, oracle, story.offered(story.kpis, by), [month], by)
    assert not found, "\n".join([f"{len(found)} differ", *found[:40]])


def test_every_kpi_of_every_month_is_what_the_facts_say_at_the_end_of_the_year(
    year: tuple[asyncio.Runner, Told],
) -> None:
    runner, story = year
    answers = runner.run(story.ask_between(MONTHS[0], MONTHS[-1], as_of=MONTHS[-1].last.isoformat()))
    oracle = Oracle(story.events, as_of=MONTHS[-1].last)
    found: list[str] = []
    for by in BYS:
        found += differences(answers[by], oracle, story.offered(story.kpis, by), MONTHS, by)
    assert not found, "\n".join([f"{len(found)} differ", *found[:40]])


def test_asked_again_as_it_was_known_every_figure_is_the_same(year: tuple[asyncio.Runner, Told]) -> None:
    runner, story = year

    async def again() -> list[Answers]:
        asked = (
            story.ask(month, as_of=month.last.isoformat(), known_at=str(story.positions[month])) for month in MONTHS
        )
        return list(await asyncio.gather(*asked))

    for month, answers in zip(MONTHS, runner.run(again()), strict=True):
        assert answers == story.asked[month], month


def test_every_kpi_of_quarters_and_the_year_is_what_the_facts_say(year: tuple[asyncio.Runner, Told]) -> None:
    runner, story = year
    oracle = Oracle(story.events, as_of=MONTHS[-1].last)
    found: list[str] = []
    for grain, periods in (("quarter", QUARTERS), ("year", [Period(MONTHS[0].first, MONTHS[-1].last)])):
        query = {"period": grain, "as_of": MONTHS[-1].last.isoformat()}
        answers = runner.run(story.ask_between(MONTHS[0], MONTHS[-1], **query))
        for by in BYS:
            found += differences(answers[by], oracle, story.offered(story.kpis, by), periods, by)
    assert not found, "\n".join([f"{len(found)} differ", *found[:40]])


def test_what_has_no_source_says_so(year: tuple[asyncio.Runner, Told]) -> None:
    runner, story = year
    query = {"kpi": ",".join(NO_SOURCE), "from": "2025-06-01", "to": "2025-06-30"}
    rows = runner.run(story.region.teller.read("office", VALUES, query))["rows"]
    assert [(row["state"], row["value"]) for row in rows] == [("no_source", None)] * len(NO_SOURCE)


def test_official_restated_and_their_difference_are_what_was_known_at_each_close(
    year: tuple[asyncio.Runner, Told],
) -> None:
    """Flows as known at the close of the month, opening stock as known at the close before; restated as known now."""
    runner, story = year
    query = {"as_of": MONTHS[-1].last.isoformat(), "basis": "official"}
    answers = runner.run(story.ask_between(MONTHS[0], MONTHS[-1], **query))
    restated = Oracle(story.events, as_of=MONTHS[-1].last)
    known = story.at_closes
    found: list[str] = []
    for month in MONTHS:
        before = known[(month.first - timedelta(days=1)).replace(day=1)]
        fixed = known[month.first].official(before, restated.places)
        for by in BYS:
            offered = story.offered(story.kpis, by)
            rows = [row for row in answers[by] if row["from"] == month.first.isoformat()]
            found += differences([as_official(row) for row in rows], fixed, offered, [month], by, parts=False)
            found += differences(rows, restated, offered, [month], by)
            found += [str(row) for row in rows if not difference_told(row)]
    assert not found, "\n".join([f"{len(found)} differ", *found[:40]])


def test_an_order_of_june_entered_after_its_close_is_restated_not_official(year: tuple[asyncio.Runner, Told]) -> None:
    runner, story = year
    teller, life = story.region.teller, story.region.scenes["late_order"]
    days = {"from": "2025-06-01", "to": "2025-06-30", "as_of": "2025-12-31"}
    query = {"kpi": "orders", "basis": "official", "person_id": teller.ids[life.rep], **days}
    (june,) = runner.run(teller.read("office", VALUES, query))["rows"]
    late = sum(line["units"] for line in life.lines)
    assert Decimal(june["restated"]) - Decimal(june["official"]) == Decimal(june["difference"])
    told = {item["id"]: Decimal(item["amount"]) for item in behind(runner, story, "orders", "2025-06", person=life.rep)}
    assert told[teller.ids[life.deal]] == late
    asked_then = next(
        row
        for row in story.asked[MONTHS[5]]["person",]
        if (row["kpi"], row["person"]) == ("orders", teller.ids[life.rep])
    )
    assert Decimal(asked_then["value"]) == Decimal(june["official"])
    assert Decimal(june["difference"]) >= late


def test_a_revived_defeat_stays_in_its_month_and_the_order_is_the_revivers(year: tuple[asyncio.Runner, Told]) -> None:
    runner, story = year
    deal = story.region.teller.ids[story.region.scenes["revived"].deal]
    for kpi, month in (("defeat_rate", "2025-03"), ("revival_rate", "2025-03"), ("orders", "2025-06")):
        assert deal in {item["id"] for item in behind(runner, story, kpi, month)}, kpi
    assert deal not in {item["id"] for item in behind(runner, story, "revival_won_rate", "2025-03")}, "after 94 days"


def test_what_was_handed_over_is_credited_to_who_had_it(year: tuple[asyncio.Runner, Told]) -> None:
    """A transfer in mid-May, the leaver of April, and the team that moved in July."""
    runner, story = year
    teller, life = story.region.teller, story.region.scenes["transferred"]
    deal = teller.ids[life.deal]
    assert deal in {item["id"] for item in behind(runner, story, "new_records", "2025-05", person="rep H1")}
    assert deal in {item["id"] for item in behind(runner, story, "orders", "2025-05", person="rep Z2")}
    by_person = {
        (row["kpi"], row["from"][:7], row["person"]): row for month in MONTHS for row in story.asked[month]["person",]
    }
    leaver = teller.ids[LEAVER]
    assert Decimal(by_person["new_records", "2025-03", leaver]["value"]) > 0
    assert ("new_records", "2025-05", leaver) not in by_person
    june, july = (
        {row["branch"] for row in story.asked[MONTHS[place]]["branch",] if row["kpi"] == "new_records"}
        for place in (5, 6)
    )
    assert june == july == {teller.ids[branch] for branch in BRANCHES}
    query = {"kpi": "new_records", "group_by": "branch", "from": "2025-06-01", "to": "2025-06-30"}
    then, now = runner.run(
        teller.asked("office", VALUES, [{**query, "as_of": "2025-06-30"}, {**query, "as_of": "2025-07-31"}])
    )
    moved = {row["branch"]: int(row["value"]) for row in now["rows"]}
    stood = {row["branch"]: int(row["value"]) for row in then["rows"]}
    assert moved[teller.ids[MOVED_TO]] > stood[teller.ids[MOVED_TO]]
    assert sum(moved.values()) == sum(stood.values())


def test_july_pays_the_order_of_june_that_was_entered_late(year: tuple[asyncio.Runner, Told]) -> None:
    """Every commission of June and July is what the rule makes of the figures known at the closes."""
    runner, story = year
    teller, life = story.region.teller, story.region.scenes["late_order"]
    reps = {rep: teller.ids[rep] for rep in REPS if rep != LEAVER}
    for month in (date(2025, 6, 1), date(2025, 7, 1)):
        proposed = runner.run(commissions(teller, f"{month:%Y-%m}", reps))
        for rep, person in reps.items():
            amounts = {
                one["currency"]: (Decimal(one["month"]), Decimal(one["back"]))
                for one in proposed[person]["amounts"]
                if Decimal(one["payable"]) or Decimal(one["back"])
            }
            assert amounts == paid(story.at_closes, person, month), (rep, month)
    july = teller.ids[f"commission {life.rep} 2025-07"]
    record = runner.run(teller.read("books", f"/v1/commissions/{july}"))["standing"]
    (late,) = [line for line in record["lines"] if (line["month"], line["code"]) == ("2025-06-01", "ordered")]
    units = sum(line["units"] for line in life.lines)
    assert Decimal(late["figure"]) - Decimal(late["figure_before"]) == units
    assert Decimal(late["due"]) >= units * PER_ORDER * Decimal("0.8")


def test_an_assessment_reads_the_official_figures_and_is_signed_after_an_appeal(
    year: tuple[asyncio.Runner, Told],
) -> None:
    runner, story = year
    teller, rep, june = story.region.teller, "rep H2", MONTHS[5]
    shown = runner.run(assessed(teller, rep, "2025-06"))["standing"]
    known = story.at_closes
    fixed = known[june.first].official(known[MONTHS[4].first], known[june.first].places)
    assert shown["known_at"] == closed(story.events)[june.first]
    parts = {part["code"]: part for part in shown["parts"]}
    for code in ("attainment_deliveries", "attainment_orders", "follow_up_timeliness", "visit_compliance"):
        figure = fixed.figures(code, june, ("person",)).get(((teller.ids[rep],), None))
        value = None if figure is None or figure.value is None else figure.value
        told = parts[code]["value"]
        assert (told is None) == (value is None), code
        assert value is None or abs(Decimal(told) - value) < Decimal("0.0001"), code
    assert Decimal(parts["visit_compliance"]["points"]) == 90
    assert Decimal(parts["superior_attitude"]["points"]) == 85
    assert shown["status"] == "acknowledged"


def test_a_monday_in_the_holidays_is_held_on_the_next_working_day(year: tuple[asyncio.Runner, Told]) -> None:
    """6 October 2025 is a Monday within National Day: the weekly review is on the 9th."""
    runner, story = year
    teller = story.region.teller
    shown = runner.run(teller.read("head N", "/v1/calendar", {"month": "2025-10"}))
    assert shown["months"][0]["review_days"] == ["2025-10-09", "2025-10-13", "2025-10-20", "2025-10-27"]
    for on, due in (("2025-10-06", False), ("2025-10-09", True)):
        agenda = runner.run(teller.read("head N", "/v1/agenda", {"on": on}))
        assert agenda["is_working_day"] == due
        meetings = {
            item["due_on"] for item in agenda["items"] if item["kind"] == "hold_weekly_meeting" and item["mine"]
        }
        assert ("2025-10-09" in meetings) == due, agenda["items"]


def behind(
    runner: asyncio.Runner, story: Told, kpi: str, month: str, *, person: str | None = None
) -> list[dict[str, Any]]:
    """The records behind the numerator of a month, whose amounts sum to it."""
    teller = story.region.teller
    query: dict[str, Any] = {"kpi": kpi, "from": f"{month}-01", "as_of": "2025-12-31", "limit": 1000}
    if person is not None:
        query["person_id"] = teller.ids[person]
    answer = runner.run(teller.read("office", "/v1/kpi/drill-down", query))
    items: list[dict[str, Any]] = answer["items"]
    assert sum((Decimal(item["amount"]) for item in items), Decimal()) == Decimal(answer["counted"])
    return items
