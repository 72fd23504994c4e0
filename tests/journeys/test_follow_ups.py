"""Follow-up, told to a running installation: a representative's day, the supervisor's Monday, a call told late."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Deal, Person, ago
from tests.stack import Running

MONTH = {"from": ago(30), "to": ago(0)}


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"head {branch}", "department_head", branch)
    company.office.tell("/v1/products", {"code": "A6L", "name": "A6L", "list_price": "100000.00", "currency": "CNY"})
    return company


def captured(by: Person, title: str, days_ago: int) -> Deal:
    body = {"title": title, "lines": [{"product": "A6L", "units": 2, "unit_price": "100000.00"}], "on": ago(days_ago)}
    return Deal(by.tell(OPPORTUNITIES, body)["id"])


def sections(day: dict[str, Any]) -> dict[str, list[str]]:
    """The titles of each section that holds something."""
    return {each["section"]: [item["title"] for item in each["items"]] for each in day["sections"] if each["items"]}


def figures(report: dict[str, Any]) -> dict[str, list[int]]:
    names = ("fell_due", "on_time", "late", "not_done")
    return {row["label"]: [row[name] for name in names] for row in report["rows"]}


def test_a_day_on_the_phone_and_the_supervisors_monday(company: Company, stranger: Person) -> None:
    rep, head = company.people["rep E"], company.people["head E"]
    west, west_head = company.people["rep W"], company.people["head W"]

    # Twenty days of work: a visit a day late, a hot prospect nobody called, an order; in the west, calls in time.
    taxi = captured(rep, "出租车", 20)
    taxi.tell(rep, "qualify", 10, level="A", expected_on=ago(-5))
    visit = {"purpose": "push_forward", "way": "on_site", "opportunity_ids": [taxi.id], "on": ago(5)}
    rep.tell("/v1/visits/log", visit)
    coach = captured(rep, "班车", 12)
    coach.tell(rep, "qualify", 11, level="H", expected_on=ago(-3))
    police = captured(rep, "警车", 8)
    police.tell(rep, "win", 7)
    bus = captured(west, "公交", 3)
    bus.tell(west, "contact", 2, way="phone")
    bus.tell(west, "contact", 1, way="messenger", next_on=ago(-1))
    seen = max(rep.position, west.position)

    # Monday: the supervisor sees what was not done, whose it was, and what has become theirs.
    monday = head.read("/v1/reports/follow-ups", MONTH, seen=seen)
    assert figures(monday) == {"rep E": [5, 0, 1, 4]}
    assert monday["total"]["on_time_rate"] == 0
    by_level = figures(head.read("/v1/reports/follow-ups", {**MONTH, "group_by": "level"}, seen=seen))
    assert by_level == {"N": [1, 0, 0, 1], "A": [2, 0, 1, 1], "H": [1, 0, 0, 1], "O": [1, 0, 0, 1]}
    assert figures(head.read("/v1/reports/follow-ups", {**MONTH, "as_of": ago(1)}, seen=seen)) == {
        "rep E": [4, 0, 1, 3]
    }
    assert figures(west_head.read("/v1/reports/follow-ups", MONTH, seen=seen)) == {
        "rep W": [3, 2, 0, 1]
    }  # due today, too
    escalated = head.read("/v1/follow-ups", {"escalated": "true"}, seen=seen)["items"]
    assert [(row["title"], row["level"], row["days_overdue"]) for row in escalated] == [("班车", "H", 9)]
    assert sections(head.read("/v1/today", seen=seen))["escalated"] == ["班车"]
    coach.version = head.tell(
        f"{OPPORTUNITIES}/{coach.id}/instruct", {"text": "今天见到车队队长", "due_on": ago(0)}, coach.version
    )["version"]

    # The representative's day, in one read; each thing done in one short word.
    seen = head.position
    day = rep.read("/v1/today", seen=seen)
    assert sections(day) == {
        "overdue": ["班车", "出租车"], "instructions": ["班车"], "due": ["警车"],
    }  # fmt: skip
    assert head.read("/v1/today", {"person_id": day["person_id"]}, seen=seen)["count"] == day["count"]
    before = seen
    for deal, said in ((taxi, {"next_on": ago(-2)}), (police, {"way": "messenger"}), (coach, {"result": "met"})):
        rep.tell(f"{OPPORTUNITIES}/{deal.id}/contact", {"narrative": "已联系王队长", **said})
    coach.version += 1
    coach.tell(rep, "complete-instruction", 0, result="已见到，下周签")
    after = rep.read("/v1/today")
    assert sections(after) == {}
    assert sections(rep.read("/v1/today", {"on": ago(-2)})) == {"due": ["班车"], "planned": ["出租车"]}
    assert sections(rep.read("/v1/today", {"on": ago(1)})) == {"overdue": ["班车"], "due": ["出租车"]}
    done = rep.read("/v1/follow-ups", {"state": "done"})["items"]
    assert {(row["title"], row["days_overdue"], row["done_way"]) for row in done} == {
        ("出租车", 1, "phone"), ("警车", 0, "messenger"), ("班车", 9, "phone"),
    }  # fmt: skip

    # The hot table: the instruction stays, done; who came into it in a fortnight.
    hot = {row["title"]: row for row in head.read("/v1/hot-customers", seen=rep.position)["rows"]}
    assert (hot["班车"]["instruction_done_on"], hot["班车"]["instruction_result"]) == (ago(0), "已见到，下周签")
    assert (hot["班车"]["last_contact_on"], hot["班车"]["follow_up_on"]) == (ago(0), ago(-2))
    changes = head.read("/v1/hot-customers/changes", {"from": ago(13), "to": ago(0)}, seen=rep.position)
    moved = {
        row["title"]: (row["change"], row["came_from"], row["level_before"], row["level"]) for row in changes["rows"]
    }
    assert moved == {"班车": ("entered", "captured", None, "H"), "出租车": ("entered", "level", "N", "A")}

    # The prospect goes to the west, and a call comes to light that nobody had written down: the duty stays with who
    # had it, was done in time, and what was known on Monday is still there to be read.
    coach.tell(company.office, "transfer", 0, owner_id=west.id)
    rep.tell(f"{OPPORTUNITIES}/{taxi.id}/contact", {"on": ago(19)})
    seen = max(rep.position, company.office.position)
    now = head.read("/v1/reports/follow-ups", MONTH, seen=seen)
    known_then = head.read("/v1/reports/follow-ups", {**MONTH, "known_at": str(before)}, seen=seen)
    # the N of the taxi was called in time, and the duty that opened then was not: the level changed first
    assert figures(now) == {"rep E": [6, 2, 3, 1]}
    assert figures(known_then) == {"rep E": [5, 0, 1, 4]}
    assert rep.status(f"{OPPORTUNITIES}/{coach.id}") == 404

    for other in (stranger, company.people["head W"]):
        assert all(row["title"] != "出租车" for row in other.read("/v1/follow-ups")["items"])
    assert stranger.read("/v1/today")["count"] == 0
