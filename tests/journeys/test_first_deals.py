"""Two deals of one branch, told day by day to a running installation; every report is asked as of every day told."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from shared.event_store.store import EventStore
from shared.identity.tokens import SAMPLE_TENANT, development_key, mint_token
from shared.postgres.folder import Folder
from tests.opportunities.routes.world import World, found
from tests.stack import PATIENCE_SECONDS, Running, started

OPPORTUNITIES = "/v1/opportunities"
SERVICES = {
    "units": "DAKEHU_ACCOUNTS_PORT",
    "people": "DAKEHU_ACCOUNTS_PORT",
    "accounts": "DAKEHU_ACCOUNTS_PORT",
    "hand-overs": "DAKEHU_ACCOUNTS_PORT",
    "kpi": "DAKEHU_KPI_PORT",
}
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
PRICES = {"A6L": "100000.00", "Q5": "200000.00", "V9": "50000.00"}


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@dataclass
class Person:
    """Somebody with a token, who reads what they wrote."""

    running: Running
    token: str
    position: int = 0

    def _url(self, path: str) -> str:
        return self.running.url(SERVICES.get(path.split("/")[2], "DAKEHU_OPPORTUNITIES_PORT")) + path

    def status(self, path: str) -> int:
        said = {"authorization": f"Bearer {self.token}"}
        return self.running.client.get(self._url(path), headers=said).status_code

    def read(self, path: str, query: Mapping[str, str] | None = None, *, seen: int = 0) -> Any:
        """What a read answers once it has seen all this person wrote, and position `seen`."""
        said = {"authorization": f"Bearer {self.token}"}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            params: dict[str, str | int] = {**(query or {}), "min_position": max(self.position, seen)}
            answer = self.running.client.get(self._url(path), params=params, headers=said)
            if answer.status_code != 503 or time.monotonic() > deadline:
                assert answer.status_code == 200, answer.text
                return answer.json()

    def send(self, path: str, body: dict[str, Any], version: int | None = None) -> tuple[int, dict[str, Any]]:
        said = {"authorization": f"Bearer {self.token}", "idempotency-key": secrets.token_hex(8)}
        if version is not None:
            said["if-match"] = f'"{version}"'
        answer = self.running.client.post(self._url(path), json=body, headers=said)
        return answer.status_code, answer.json()

    def tell(self, path: str, body: dict[str, Any], version: int | None = None) -> dict[str, Any]:
        status, receipt = self.send(path, body, version)
        assert status in (200, 201), receipt
        self.position = max(self.position, receipt["position"])
        return receipt


@dataclass
class Company:
    """Two branches of the sample company, and the director of another company."""

    running: Running
    office: Person
    units: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    @classmethod
    def founded(cls, running: Running) -> Self:
        """With its two branches."""
        office = Person(running, running.token)
        company = cls(running, office)
        root = running.ask("/v1/me")["unit_id"]
        for code in ("E", "W"):
            body = {"code": code, "name": code, "kind": "branch", "parent_id": root, "on": ago(100)}
            company.units[code] = office.tell("/v1/units", body)["id"]
        return company

    def hire(self, name: str, function: str, branch: str) -> str:
        """Under this name in `people`; the person's id."""
        body = {"name": name, "functions": [function], "unit_id": self.units[branch], "on": ago(100)}
        joined = self.office.tell("/v1/people", body)
        key = development_key(self.running.data)
        token = mint_token(key, SAMPLE_TENANT, UUID(joined["id"]), (function,), UUID(self.units[branch]))
        self.people[name] = Person(self.running, token, joined["position"])
        return str(joined["id"])


@dataclass
class Deal:
    """One opportunity, its version kept."""

    id: str
    version: int = 1

    def tell(self, by: Person, verb: str, days_ago: int, **body: Any) -> None:
        path = f"{OPPORTUNITIES}/{self.id}/{verb}"
        self.version = by.tell(path, body | {"on": ago(days_ago)}, self.version)["version"]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with started(tmp_path) as running:
        yield running


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"head {branch}", "department_head", branch)
    for code, price in PRICES.items():
        company.office.tell("/v1/products", {"code": code, "name": code, "list_price": price, "currency": "CNY"})
    return company


@pytest.fixture
def stranger(running: Running) -> Person:
    """The director of another company on the same log."""

    async def open_company() -> World:
        async with await EventStore.open(Folder.within(running.data).url(), writers=1) as store:
            return await found(store)

    world = asyncio.run(open_company())
    token = mint_token(development_key(running.data), world.tenant_id, world.director_id, ("director",), world.root)
    return Person(running, token)


def lines(**units: int) -> list[dict[str, Any]]:
    return [
        {"line": number, "product": product, "units": count, "unit_price": PRICES[product]}
        for number, (product, count) in enumerate(units.items(), 1)
    ]


def units(**counts: int) -> list[dict[str, int]]:
    return [{"line": int(line[1:]), "units": count} for line, count in counts.items()]


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
