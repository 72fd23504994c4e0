"""A representative leaves: told over HTTP to an installation whose worker is killed in the middle; and undone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.telling import Company, Person, ago, lines
from tests.stack import PATIENCE_SECONDS, Running, started

CUSTOMERS = 60
ITEMS = 3 * CUSTOMERS
"""An account, an opportunity and a planned visit each."""


@pytest.fixture
def fault_file(tmp_path: Path) -> Path:
    """Written with a point, it kills one process there."""
    return tmp_path / "point"


@pytest.fixture
def running(tmp_path: Path, fault_file: Path) -> Iterator[Running]:
    with started(tmp_path, DAKEHU_FAULT=f"@{fault_file}") as running:
        yield running


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    company.office.tell("/v1/products", {"code": "A6L", "name": "A6L", "list_price": "100000.00", "currency": "CNY"})
    return company


def hired(company: Company, name: str, function: str, branch: str) -> tuple[str, Person]:
    return company.hire(name, function, branch), company.people[name]


def followed(person: Person, hand_over_id: str, until: Any) -> dict[str, Any]:
    """The hand-over as soon as it is so far."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not until(found := person.read(f"/v1/hand-overs/{hand_over_id}", {"limit": "1000"})):
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return dict(found)


@pytest.mark.slow
def test_a_representative_leaves_and_nothing_is_lost(company: Company, fault_file: Path) -> None:
    running, office = company.running, company.office
    lei, of_lei = hired(company, "李雷", "representative", "E")
    mei, of_mei = hired(company, "韩梅", "representative", "E")
    _, head = hired(company, "主管", "department_head", "E")
    _, stranger = hired(company, "西区主管", "department_head", "W")
    for number in range(CUSTOMERS):
        account = of_lei.tell("/v1/accounts", {"name": f"客户{number:03}", "on": ago(60)})["id"]
        prospect = {"account_id": account, "title": f"更新{number:03}", "lines": lines(A6L=2), "on": ago(50)}
        deal = of_lei.tell("/v1/opportunities", prospect)["id"]
        plan = {"purpose": "push_forward", "way": "on_site", "planned_on": ago(-3), "opportunity_ids": [deal]}
        of_lei.tell("/v1/visits", plan)
    won = of_lei.tell("/v1/opportunities", {"title": "已交付", "lines": lines(A6L=1), "on": ago(50)})
    path = f"/v1/opportunities/{won['id']}"
    won = of_lei.tell(f"{path}/win", {"lines": lines(A6L=1), "on": ago(40)}, won["version"])
    won = of_lei.tell(f"{path}/deliver", {"units": [{"line": 1, "units": 1}], "on": ago(30)}, won["version"])

    def board(**when: str) -> dict[str, int]:
        query = {"level": "declared", "group_by": "owner", **when}
        rows = office.read("/v1/pipeline", query, seen=of_lei.position)["rows"]
        found: dict[str, int] = {}
        for row in rows:
            owner = next(name for id, name in ((lei, "lei"), (mei, "mei")) if id in str(row))
            found[owner] = found.get(owner, 0) + row["count"]
        return {owner: count for owner, count in found.items() if count}

    def credit() -> list[Any]:
        rows = office.read("/v1/outcomes", {"group_by": "owner"}, seen=of_lei.position)["rows"]
        return [(row["key"], row["captured"], row["won"], row["amount_won"]) for row in rows if row["captured"]]

    earned, yesterday = credit(), board(as_of=ago(1))
    assert board() == yesterday == {"lei": CUSTOMERS}

    body = {"from_person_id": lei, "to": mei, "leave": True, "leaving_reason": "resigned", "reason": "离职交接"}
    assert head.send("/v1/hand-overs", body)[0] == 403, "who leaves is said by who organises"
    assert stranger.send("/v1/hand-overs", body | {"leave": False})[0] == 422, "not of their branch"
    status, told = office.send("/v1/hand-overs/preview", body)
    assert (status, told["can_begin"], len(told["items"])) == (200, True, ITEMS)
    assert {(stay["status"], stay["count"]) for stay in told["stays"]} == {("delivered", 1)}

    killed = running.pid("work")
    fault_file.write_text("operation.appended:2")
    status, started = office.send("/v1/hand-overs", body)
    assert status == 202, started
    running.until(lambda: not fault_file.exists(), "the worker dies between what it appends and what it notes")
    assert not office.read(f"/v1/hand-overs/{started['id']}")["finished"]
    done = followed(office, started["id"], lambda found: found["finished"])
    assert running.pid("work") != killed
    assert (done["state"], done["problems"], done["person"]) == ("done", 0, True)
    assert done["moved"] == {"account": CUSTOMERS, "opportunity": CUSTOMERS, "visit": CUSTOMERS}
    assert {item["state"] for item in done["items"]} == {"done"}
    office.position = done["position"]
    assert board() == {"mei": CUSTOMERS}
    assert board(as_of=ago(1)) == yesterday
    assert board(known_at=str(of_lei.position)) == yesterday
    assert credit() == earned
    person = office.read(f"/v1/people/{lei}")
    assert person["status"] == "left"
    visits = office.read("/v1/visits", {"status": "planned", "limit": "1000"})["items"]
    assert {visit["owner_id"] for visit in visits} == {mei}
    assert len(visits) == CUSTOMERS
    assert of_mei.read("/v1/accounts", {"limit": "1000"}, seen=office.position)["items"]

    status, undo = office.send(f"/v1/hand-overs/{started['id']}/undo", {"reason": "选错了人"})
    assert status == 202, undo
    undone = followed(office, undo["id"], lambda found: found["finished"])
    assert (undone["state"], undone["problems"], undone["total"]) == ("done", 0, ITEMS + 1)
    office.position = undone["position"]
    assert board() == {"lei": CUSTOMERS}
    assert credit() == earned
    assert office.read(f"/v1/people/{lei}")["status"] == "active"
    assert {item["state"] for item in followed(office, started["id"], lambda _: True)["items"]} == {"undone"}
