"""Two deals of one branch, told day by day to a running installation; every report is asked as of every day told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, PRICES, Company, Deal, Person, ago, lines, units
from tests.stack import Running


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"head {branch}", "department_head", branch)
    for code, price in PRICES.items():
        company.office.tell("/v1/products", {"code": code, "name": code, "list_price": price, "currency": "CNY"})
    return company


class Book:
    """What every report must show as of the end of each day told so far."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.days: list[tuple[int, dict[str, Any]]] = []
        self.now: dict[str, Any] = {
            "pipeline": {},
            "hot": [],
            "defeats": 0,
            "outcomes": (0, 0, 0, 0),
            "funnel": {},
        }

    def then(self, days_ago: int, **changed: Any) -> None:
        """A step was told of that day: these figures changed, all others stand; so do those of all days before."""
        self.now = {**self.now, **changed}
        self.days.append((days_ago, self.now))
        for day, wanted in self.days:
            assert self.shown(as_of=ago(day)) == wanted, f"as of {day} days ago, after the step {days_ago} days ago"
        assert self.shown() == self.now, f"now, after the step {days_ago} days ago"

    def shown(self, **when: str) -> dict[str, Any]:
        read = self.person.read
        pipeline = read("/v1/pipeline", when | {"level": "declared"})
        rows = {row["level"]: (row["count"], row["units"], row["amount"]) for row in pipeline["rows"] if row["count"]}
        outcomes = read("/v1/outcomes", when | {"group_by": "org_unit"})["rows"]
        figures = [(row["captured"], row["open"], row["won"], row["lost"]) for row in outcomes]
        defeats = read("/v1/defeats", when)
        analysis = read("/v1/defeats/analysis", when | {"group_by": "category"})["rows"]
        assert len(analysis) == min(len(defeats["rows"]), 1)
        total = read("/v1/kpi/funnel", when)["total"]
        return {
            "pipeline": rows,
            "hot": [
                (row["title"], row["level_before"], row["times_slipped"], row["visits"], row["review"])
                for row in read("/v1/hot-customers", when)["rows"]
            ],
            "defeats": len(defeats["rows"]),
            "outcomes": figures[0] if figures else (0, 0, 0, 0),
            "funnel": {name: count for name, count in total.items() if count},
        }


def test_two_deals_from_the_first_call_to_the_last_unit(company: Company, stranger: Person) -> None:
    rep, head = company.people["rep E"], company.people["head E"]
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(90)})
    book = Book(rep)

    fleet = {"account_id": account["id"], "title": "出租车更新", "lines": lines(A6L=10, Q5=5, V9=2), "on": ago(60)}
    first = Deal(rep.tell(OPPORTUNITIES, fleet)["id"])
    whole = (1, 17, "2100000.00")
    book.then(60, pipeline={"N": whole}, outcomes=(1, 1, 0, 0), funnel={"captured": 1})

    first.tell(rep, "qualify", 55, level="B", expected_on=ago(40))
    book.then(55, pipeline={"B": whole}, funnel={"captured": 1, "qualified": 1})

    visit = {
        "opportunity_ids": [first.id],
        "purpose": "push_forward",
        "way": "on_site",
        "narrative": "预算已批，等车型确认。",
        "judgements": [{"opportunity_id": first.id, "level": "A", "expected_on": ago(30)}],
        "on": ago(50),
    }
    visited = rep.tell("/v1/visits/log", visit)
    first.version += 1
    book.then(50, pipeline={"A": whole})

    first.tell(rep, "qualify", 45, level="H", expected_on=ago(28))
    book.then(45, pipeline={"H": whole}, hot=[("出租车更新", "A", 2, 1, None)])

    first.tell(rep, "win", 28, lines=fleet["lines"], order_ref="HT-001")
    counted = {"captured": 1, "qualified": 1, "ordered": 1, "units_ordered": 17}
    book.then(28, pipeline={"O": whole}, hot=[], outcomes=(1, 0, 1, 0), funnel=counted)

    first.tell(rep, "deliver", 27, units=units(l1=6, l2=5))
    counted = counted | {"units_delivered": 11}
    book.then(27, pipeline={"O": (1, 6, "500000.00")}, funnel=counted)
    first.tell(rep, "cancel", 26, units=units(l1=1), reason="客户减少一台")
    counted = counted | {"units_cancelled": 1}
    book.then(26, pipeline={"O": (1, 5, "400000.00")}, funnel=counted)
    first.tell(rep, "deliver", 25, units=units(l1=3, l3=2))
    counted = counted | {"units_delivered": 16, "delivered": 1}
    book.then(25, pipeline={}, funnel=counted)

    second = Deal(
        rep.tell(
            OPPORTUNITIES,
            {"account_id": account["id"], "title": "增购", "lines": lines(A6L=8), "on": ago(24)},
        )["id"]
    )
    whole = (1, 8, "800000.00")
    counted = counted | {"captured": 2}
    book.then(24, pipeline={"N": whole}, outcomes=(2, 1, 1, 0), funnel=counted)
    second.tell(rep, "qualify", 22, level="H", expected_on=ago(15))
    counted = counted | {"qualified": 2}
    hot = ("增购", "N", 0, 0, None)
    book.then(22, pipeline={"H": whole}, hot=[hot], funnel=counted)

    asked = {"reason": "other_brand.price", "competitor_brand": "BMW"}
    second.tell(rep, "request-defeat", 20, **asked)
    book.then(20, hot=[(*hot[:4], "defeat")])
    approval = f"{OPPORTUNITIES}/{second.id}/approve-defeat"
    assert rep.send(approval, {}, second.version)[0] == 403
    assert company.people["head W"].send(approval, {}, second.version)[0] == 404
    second.tell(head, "reject-defeat", 19, finding="still_buying")
    rep.position = head.position
    book.then(19, hot=[hot])
    second.tell(rep, "request-defeat", 18, **asked)
    book.then(18, hot=[(*hot[:4], "defeat")])
    second.tell(head, "approve-defeat", 17)
    rep.position = head.position
    counted = counted | {"defeated": 1}
    book.then(17, pipeline={}, hot=[], defeats=1, outcomes=(2, 0, 1, 1), funnel=counted)

    second.tell(rep, "reopen", 10, reason="竞品交付延期")
    counted = counted | {"revived": 1}
    book.then(10, pipeline={"H": whole}, hot=[hot], outcomes=(2, 1, 1, 0), funnel=counted)
    second.tell(rep, "win", 8)
    counted = counted | {"ordered": 2, "units_ordered": 25}
    book.then(8, pipeline={"O": whole}, hot=[], outcomes=(2, 0, 2, 0), funnel=counted)

    row = rep.read("/v1/defeats")["rows"][0]
    assert (row["lost_on"], row["reason"], row["level_before"]) == (ago(17), "other_brand.price", "H")
    assert row["reopened_at"] is not None
    assert row["won_at"] is not None
    shown = rep.read(f"{OPPORTUNITIES}/{first.id}")
    assert shown["version"] == first.version

    for outsider in (company.people["rep W"], company.people["head W"], stranger):
        for deal in (first, second):
            assert outsider.status(f"{OPPORTUNITIES}/{deal.id}") == 404
            assert outsider.send(f"{OPPORTUNITIES}/{deal.id}/qualify", {"level": "A"}, deal.version)[0] == 404
        assert outsider.status(f"/v1/visits/{visited['id']}") == 404
        assert outsider.status(f"/v1/accounts/{account['id']}") == 404
        seen = rep.position if outsider is not stranger else 0
        assert not any(row["count"] for row in outsider.read("/v1/pipeline", seen=seen)["rows"])
        assert outsider.read("/v1/defeats", seen=seen)["rows"] == []
        assert outsider.read("/v1/hot-customers", seen=seen)["rows"] == []
    for insider in (head, company.office):
        assert insider.read("/v1/outcomes", {"group_by": "org_unit"}, seen=rep.position)["rows"][0]["won"] == 2
