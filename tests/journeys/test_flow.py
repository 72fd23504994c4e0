"""The stock of two branches between two days: judged up and down, slipped, handed over, won and lost; sums hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Deal, Person, ago, lines
from tests.stack import Running

FLOW, TIME, SHAPE = "/v1/pipeline/flow", "/v1/pipeline/time-in-level", "/v1/pipeline/shape"


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"head {branch}", "department_head", branch)
    company.office.tell("/v1/products", {"code": "A6L", "name": "奥迪 A6L", "currency": "CNY"})
    return company


def deal(by: Person, days: int, units: int) -> Deal:
    return Deal(by.tell(OPPORTUNITIES, {"title": f"{units} 台", "lines": lines(A6L=units), "on": ago(days)})["id"])


def cells(report: dict[str, Any]) -> dict[tuple[str, str], tuple[int, int, int]]:
    return {
        (row["from_state"], row["to_state"]): (row["count"], row["units_from"], row["units_to"])
        for row in report["rows"]
    }


def board(rows: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    return {row["level"]: (row["count"], row["units"], row["amount"]) for row in rows if row["count"]}


def test_where_the_stock_went_between_two_days(company: Company, stranger: Person) -> None:
    office, rep, west = company.office, company.people["rep E"], company.people["rep W"]
    head = company.people["head E"]
    grows, lost, moves, frozen = (deal(rep, 60, units) for units in (1, 2, 4, 8))
    for one in (grows, lost, moves, frozen):
        one.tell(rep, "qualify", 50, level="B", expected_on=ago(10))
    frozen.tell(rep, "lose-contact", 45, reason="停机")

    # between day 40 and day 20
    grows.tell(rep, "qualify", 35, level="H", expected_on=ago(25), lines=lines(A6L=3))
    grows.tell(rep, "qualify", 33, level="B", expected_on=ago(5))
    grows.tell(rep, "qualify", 31, level="H", expected_on=ago(25))
    grows.tell(rep, "win", 28)
    lost.tell(rep, "request-defeat", 30, reason="other_brand.price")
    lost.tell(head, "approve-defeat", 29)
    moves.tell(office, "transfer", 27, owner_id=west.id)
    frozen.tell(rep, "resume", 26)
    new = deal(rep, 24, 16)
    seen = max(office.position, rep.position, head.position)
    period = {"from": ago(40), "to": ago(20)}

    whole = office.read(FLOW, period, seen=seen)
    assert cells(whole) == {
        ("B", "O"): (1, 1, 3),
        ("B", "defeated"): (1, 2, 2),
        ("B", "B"): (1, 4, 4),
        ("resumed", "B"): (1, 0, 8),
        ("captured", "N"): (1, 0, 16),
    }
    for stock, day in (("opening", 40), ("closing", 20)):
        rows = office.read("/v1/pipeline", {"as_of": ago(day)}, seen=seen)["rows"]
        assert board(whole[stock]) == board(rows), stock
    east = office.read(FLOW, period | {"unit_id": company.units["E"]}, seen=seen)
    assert cells(east)["B", "transferred_out"] == (1, 4, 0)
    assert ("B", "B") not in cells(east)
    there = office.read(FLOW, period | {"unit_id": company.units["W"]}, seen=seen)
    assert cells(there) == {("transferred_in", "B"): (1, 0, 4)}
    by_unit = office.read(FLOW, period | {"group_by": "org_unit"}, seen=seen)["rows"]
    labels = {(row["org_unit_label"], row["from_state"], row["to_state"]) for row in by_unit}
    assert {("E", "B", "transferred_out"), ("W", "transferred_in", "B")} <= labels
    assert cells(head.read(FLOW, period, seen=seen)) == cells(east), "past credit stays with the branch"
    assert stranger.read(FLOW, period)["rows"] == []

    # told late: the defeat came before the first day after all, so the flow between the two changes
    known = str(seen)
    lost.version = office.tell(
        f"{OPPORTUNITIES}/{lost.id}/correct", {"version": 3, "on": ago(42), "reason": "补录"}, lost.version
    )["version"]
    lost.version = office.tell(
        f"{OPPORTUNITIES}/{lost.id}/correct", {"version": 4, "on": ago(41), "reason": "补录"}, lost.version
    )["version"]
    assert ("B", "defeated") not in cells(office.read(FLOW, period))
    assert cells(office.read(FLOW, period | {"known_at": known})) == cells(whole)
    assert cells(office.read(FLOW, {"from": ago(40), "as_of": ago(20)})) == cells(office.read(FLOW, period))

    stays = {row["level"]: row for row in office.read(TIME, {"to": ago(20)}, seen=seen)["rows"]}
    assert (stays["H"]["completed"], stays["H"]["days_mean"], stays["H"]["came_back"]) == (2, 2.5, 1)
    assert (stays["B"]["running"], stays["B"]["came_back"]) == (2, 1)
    assert (stays["O"]["running"], stays["O"]["running_days_median"]) == (1, 8.0)
    assert (stays["N"]["completed"], stays["N"]["days_median"], stays["N"]["running"]) == (4, 10.0, 1)
    own = {row["level"]: row for row in west.read(TIME, {"group_by": "owner"}, seen=seen)["rows"]}
    assert own["B"]["running"] == 1

    (few,) = office.read(SHAPE, seen=seen)["rows"]
    assert [finding["code"] for finding in few["findings"]] == ["too_few"]
    (bulge,) = office.read(SHAPE, {"least": "1", "bottom_at_least": "0"}, seen=seen)["rows"]
    assert (bulge["count"], bulge["top"], bulge["middle"]) == (3, 1, 2)
    assert [finding["code"] for finding in bulge["findings"]] == ["bulge", "thin_top"]
    assert "66.7%" in bulge["findings"][0]["zh"]
    assert new.version == 1
