"""A defeat that was none: asked for, found false by a call-back, given to a colleague and won; and one that was true.

Every table and figure credits whom it should in the month it should: asked now, as of every day told, as known then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Deal, Person, ago, lines
from tests.stack import Running

POLICY = {"effective_from": "2020-01-01", "verify_defeat": "before_approval"}
ASKED = {"reason": "other_brand.price", "competitor_brand": "别克", "competitor_price": "88000", "evidence": "客户口述"}
REP, COLLEAGUE = "rep E", "colleague E"


@pytest.fixture
def ids() -> dict[str, str]:
    """Of the persons, by name."""
    return {}


@pytest.fixture
def company(running: Running, ids: dict[str, str]) -> Company:
    company = Company.founded(running)
    for name, function, branch in (
        (REP, "representative", "E"),
        (COLLEAGUE, "representative", "E"),
        ("head E", "department_head", "E"),
        ("service E", "customer_service", "E"),
        ("rep W", "representative", "W"),
        ("head W", "department_head", "W"),
    ):
        ids[company.hire(name, function, branch)] = name
    for code in ("A6L", "Q5"):
        company.office.tell("/v1/products", {"code": code, "name": code, "currency": "CNY"})
    company.office.tell("/v1/approval-policies", POLICY)
    return company


def month(days_ago: int) -> str:
    return ago(days_ago)[:7]


def read_on(reader: Person, *others: Person) -> Person:
    """The same, who reads what the others wrote."""
    reader.position = max(reader.position, *(other.position for other in others))
    return reader


class Ledger:
    """What every table must show as of the end of each day told so far, as head office reads it."""

    def __init__(self, company: Company, ids: Mapping[str, str]) -> None:
        self.company = company
        self.ids = ids
        self.days: list[tuple[int, dict[str, Any]]] = []
        self.now: dict[str, Any] = {}
        self.positions: dict[int, int] = {}

    def then(self, days_ago: int, **changed: Any) -> None:
        """A step was told of that day: these figures changed, all others stand; so do those of all days before."""
        self.now = {**self.now, **changed}
        self.days.append((days_ago, self.now))
        read_on(self.company.office, *self.company.people.values())
        self.positions[days_ago] = self.company.office.position
        assert self.shown(as_of=ago(days_ago)) == self.now, f"after the step {days_ago} days ago"

    def prove(self) -> None:
        """All days told: as of each as known now, and as of today as known when it was told."""
        for day, wanted in self.days:
            assert self.shown(as_of=ago(day)) == wanted, f"as of {day} days ago"
            known = {"as_of": ago(day), "known_at": str(self.positions[day])}
            assert self.shown(**known) == wanted, f"as of {day} days ago, as known then"
            assert self.shown(known_at=str(self.positions[day])) == wanted, f"now, as known {day} days ago"
        assert self.shown() == self.now

    def shown(self, **when: str) -> dict[str, Any]:
        read = self.company.office.read
        grouped = when | {"group_by": "owner"}
        name = self.ids.__getitem__
        pipeline = read("/v1/pipeline", grouped | {"level": "declared"})["rows"]
        outcomes = read("/v1/outcomes", grouped)["rows"]
        funnel = read("/v1/kpi/funnel", when | {"group_by": "owner,month"})["rows"]
        reviews = read("/v1/defeats/approvals", grouped)["rows"]
        counted = ("requests", "waiting", "approved", "given", "still_buying", "confirmed")
        return {
            "pipeline": {
                (name(row["owner"]), row["level"]): (row["count"], row["amount"]) for row in pipeline if row["count"]
            },
            "hot": {(row["title"], row["owner"], row["review"]) for row in read("/v1/hot-customers", when)["rows"]},
            "defeats": [(row["title"], row["owner"], row["verdict"]) for row in read("/v1/defeats", when)["rows"]],
            "analysis": {
                (name(row["owner"]), row["month"]): row["count"]
                for row in read("/v1/defeats/analysis", when | {"group_by": "owner,month"})["rows"]
            },
            "outcomes": {
                name(row["key"]): tuple(row[figure] for figure in ("captured", "open", "won", "lost"))
                for row in outcomes
            },
            "funnel": {
                (name(row["owner"]), row["month"]): {
                    step: row[step] for step in ("captured", "ordered", "defeated", "revived") if row[step]
                }
                for row in funnel
            },
            "reviews": {name(row["owner"]): tuple(row[figure] for figure in counted) for row in reviews},
            "waiting": [row["title"] for row in read("/v1/approvals", when | {"waiting_for": "anybody"})["items"]],
            "to verify": [row["title"] for row in read("/v1/defeats/to-verify", when)["items"]],
        }


def test_a_false_defeat_is_credited_to_who_won_it(
    company: Company,
    ids: dict[str, str],
    stranger: Person,
) -> None:
    people = company.people
    rep, colleague, head, service = (people[name] for name in (REP, COLLEAGUE, "head E", "service E"))
    owner = {name: id for id, name in ids.items()}
    book = Ledger(company, ids)
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(90)})["id"]
    false, true = (
        Deal(rep.tell(OPPORTUNITIES, {"account_id": account, "title": title, "lines": goods, "on": ago(80)})["id"])
        for title, goods in (("假战败", lines(A6L=10)), ("真战败", lines(Q5=2)))
    )
    captured = {(REP, month(80)): {"captured": 2}}
    book.then(
        80, pipeline={(REP, "N"): (2, "1400000.00")}, hot=set(), defeats=[], analysis={}, outcomes={REP: (2, 2, 0, 0)},
        funnel=captured, reviews={}, waiting=[], **{"to verify": []},
    )  # fmt: skip
    for deal in (false, true):
        deal.tell(rep, "qualify", 78, level="H", expected_on=ago(70))
    hot = {("假战败", REP, None), ("真战败", REP, None)}
    book.then(78, pipeline={(REP, "H"): (2, "1400000.00")}, hot=hot)

    for deal in (false, true):
        deal.tell(rep, "request-defeat", 75, **ASKED)
    both = ["假战败", "真战败"] if false.id < true.id else ["真战败", "假战败"]
    book.then(
        75, hot={("假战败", REP, "defeat"), ("真战败", REP, "defeat")}, reviews={REP: (2, 2, 0, 0, 0, 0)},
        waiting=both, **{"to verify": both},
    )  # fmt: skip
    inbox = read_on(head, rep).read("/v1/approvals")["items"]
    assert [(row["requested_by_name"], row["age_days"], row["level_before"]) for row in inbox] == [(REP, 75, "H")] * 2
    assert all("approve" not in row["allowed"] for row in inbox)  # not verified yet
    assert head.send(f"{OPPORTUNITIES}/{false.id}/approve-defeat", {}, false.version)[1]["code"] == "not_verified"

    work = read_on(service, rep).read("/v1/defeats/to-verify")["items"]
    assert {(row["title"], row["required"], row["evidence"]) for row in work} == {
        ("假战败", True, "客户口述"),
        ("真战败", True, "客户口述"),
    }
    false.tell(service, "verify-defeat", 74, verdict="still_buying", attempts=2, comment="客户仍在比价")
    true.tell(service, "verify-defeat", 74, verdict="confirmed")
    book.then(74, reviews={REP: (2, 2, 0, 0, 1, 1)}, **{"to verify": []})
    day = read_on(head, service).read("/v1/today")["sections"]
    (section,) = [section for section in day if section["section"] == "approvals"]
    assert {item["title"] for item in section["items"]} == {"假战败", "真战败"}
    assert head.send(f"{OPPORTUNITIES}/{false.id}/approve-defeat", {}, false.version)[1]["code"] == "false_defeat"

    false.tell(head, "give-to", 73, owner_id=owner[COLLEAGUE], finding="own_doing", comment="跟进不及时")
    true.tell(head, "approve-defeat", 73)
    lost = {(REP, month(73)): 1}
    funnel = _and(captured, REP, 73, defeated=1)
    book.then(
        73, pipeline={(COLLEAGUE, "H"): (1, "1000000.00")}, hot={("假战败", COLLEAGUE, None)},
        defeats=[("真战败", REP, "confirmed")], analysis=lost, outcomes={REP: (2, 0, 0, 1), COLLEAGUE: (0, 1, 0, 0)},
        funnel=funnel, reviews={REP: (2, 0, 1, 1, 1, 1)}, waiting=[],
    )  # fmt: skip
    assert head.read("/v1/approvals")["items"] == []
    assert rep.status(f"{OPPORTUNITIES}/{false.id}") == 404  # it is no longer theirs
    assert rep.send(f"{OPPORTUNITIES}/{false.id}/qualify", {"level": "A"}, false.version)[0] == 404
    read_on(colleague, head)

    false.tell(colleague, "qualify", 60, level="H", expected_on=ago(36))
    book.then(60)
    true.tell(rep, "reopen", 40, reason="竞品延期")
    funnel = _and(funnel, REP, 40, revived=1)
    book.then(
        40, pipeline={(COLLEAGUE, "H"): (1, "1000000.00"), (REP, "H"): (1, "400000.00")},
        hot={("假战败", COLLEAGUE, None), ("真战败", REP, None)},
        outcomes={REP: (2, 1, 0, 0), COLLEAGUE: (0, 1, 0, 0)}, funnel=funnel,
    )  # fmt: skip
    false.tell(colleague, "win", 35)
    true.tell(rep, "win", 33)
    funnel = _and(_and(funnel, COLLEAGUE, 35, ordered=1), REP, 33, ordered=1)
    book.then(
        33, pipeline={(COLLEAGUE, "O"): (1, "1000000.00"), (REP, "O"): (1, "400000.00")}, hot=set(),
        outcomes={REP: (2, 0, 1, 0), COLLEAGUE: (0, 0, 1, 0)}, funnel=funnel,
    )  # fmt: skip
    book.prove()

    office = company.office
    won = office.read("/v1/outcomes", {"group_by": "month"})["rows"]
    assert sum(row["won"] for row in won) == 2
    assert {row["key"] for row in won if row["won"]} == {month(35), month(33)}
    (row,) = office.read("/v1/defeats")["rows"]  # the true one keeps its defeat, in its month, though it was won
    assert (row["title"], row["lost_on"], row["days_held"], row["competitor_price"]) == (
        "真战败",
        ago(73),
        7,
        "88000.00",
    )
    assert row["reopened_at"] is not None
    assert row["won_at"] is not None
    revival = office.read("/v1/defeats/revival", {"within": "60", "group_by": "owner"})["rows"]
    assert [(row["cohort"], ids[row["owner"]], row["revival_rate"], row["won_rate"]) for row in revival] == [
        (month(73), REP, 1.0, 1.0)
    ]
    approvals = office.read("/v1/defeats/analysis")["approvals"]
    assert (approvals["requests"], approvals["mean_age_days"], approvals["rejection_rate"]) == (2, 2.0, 0.5)
    flow = office.read("/v1/pipeline/flow", {"from": ago(76), "to": ago(70), "group_by": "owner"})["rows"]
    assert {(ids[row["owner"]], row["from_state"], row["to_state"], row["count"]) for row in flow} == {
        (REP, "H", "transferred_out", 1),
        (REP, "H", "defeated", 1),
        (COLLEAGUE, "transferred_in", "H", 1),
    }

    for outsider in (people["rep W"], people["head W"], stranger):
        seen = office.position if outsider is not stranger else 0
        for deal in (false, true):
            assert outsider.status(f"{OPPORTUNITIES}/{deal.id}") == 404
        assert outsider.read("/v1/defeats", seen=seen)["rows"] == []
        assert outsider.read("/v1/approvals", {"waiting_for": "anybody", "as_of": ago(75)}, seen=seen)["items"] == []
        assert outsider.read("/v1/defeats/to-verify", {"as_of": ago(75)}, seen=seen)["items"] == []
        assert outsider.read("/v1/defeats/approvals", seen=seen)["total"]["requests"] == 0
        assert outsider.read("/v1/defeats/revival", seen=seen)["rows"] == []


def _and(funnel: Mapping[tuple[str, str], dict[str, int]], who: str, days_ago: int, **steps: int) -> dict[Any, Any]:
    key = (who, month(days_ago))
    return {**funnel, key: {**funnel.get(key, {}), **steps}}


def test_frozen_instead_of_lost_and_many_decisions_at_once(company: Company) -> None:
    rep, head, service = (company.people[name] for name in (REP, "head E", "service E"))
    office = company.office
    deals = {
        title: Deal(rep.tell(OPPORTUNITIES, {"title": title, "lines": lines(A6L=1), "on": ago(50)})["id"])
        for title in ("成", "冻", "驳", "失", "停", "续")
    }
    for title in ("成", "冻", "驳"):
        deals[title].tell(rep, "request-defeat", 40, kind="presumed" if title == "冻" else "confirmed", **ASKED)
    read_on(service, rep)
    for title in ("成", "冻"):
        deals[title].tell(service, "verify-defeat", 39, verdict="confirmed")
    rep.position = service.position
    for title in ("停", "续"):
        deals[title].tell(rep, "freeze", 39, reason="预算推迟", recall_on=ago(0))
    deals["失"].tell(rep, "lose-contact", 38, reason="停机")
    inbox = {row["title"]: row for row in read_on(head, rep).read("/v1/approvals")["items"]}
    assert {title: row["kind"] for title, row in inbox.items()} == {
        "成": "defeat", "冻": "defeat", "驳": "defeat", "停": "freeze", "续": "freeze",
    }  # fmt: skip
    assert inbox["冻"]["proposal"]["decision"] == "freeze"
    items = [
        {name: inbox[title][name] for name in ("kind", "id", "version")} | said
        for title, said in (
            ("成", {"decision": "approve", "body": {"on": ago(37)}}),
            ("冻", {"decision": "freeze", "body": {"on": ago(37), "reason": "等预算", "recall_on": ago(5)}}),
            ("驳", {"decision": "approve", "body": {"on": ago(37)}}),
            ("停", {"decision": "approve", "body": {"on": ago(37), "comment": "同意"}}),
            ("续", {"decision": "reject", "body": {"on": ago(37), "comment": "继续跟进"}}),
        )
    ]
    status, told = head.send("/v1/approvals/decide", {"items": items})
    assert status == 200
    assert [one["status"] for one in told["items"]] == [200, 200, 409, 200, 200]
    assert told["items"][2]["code"] == "not_verified"
    head.position = max(one["position"] or 0 for one in told["items"])
    deals["冻"].version = told["items"][1]["version"]
    assert [row["title"] for row in head.read("/v1/approvals")["items"]] == ["驳"]
    deals["驳"].tell(head, "reject-defeat", 37, finding="insufficient")

    def aside(**when: str) -> set[tuple[Any, ...]]:
        rows = read_on(office, head, rep).read("/v1/defeats/set-aside", when)["rows"]
        return {(row["title"], row["kind"], row["became"], row["instead_of"], row["proposal"]) for row in rows}

    still = {
        ("冻", "freeze", "still", "defeat", None),
        ("停", "freeze", "still", None, None),
        ("失", "contact_lost", "still", None, None),
    }
    assert aside() == aside(as_of=ago(37)) == still
    known = str(office.position)
    office.tell("/v1/approval-policies", POLICY | {"effective_from": ago(90), "lost_contact_days": 30})
    assert ("失", "contact_lost", "still", None, "defeat") in aside()
    assert aside(known_at=known) == still
    assert aside(as_of=ago(37)) == still
    due = read_on(rep, head).read("/v1/recalls")["items"]
    assert [(row["title"], row["days_overdue"], row["since"]) for row in due] == [
        ("冻", 5, ago(37)),
        ("停", 0, ago(37)),
    ]
    assert rep.read("/v1/recalls", {"as_of": ago(6)})["items"] == []
    assert company.people["rep W"].read("/v1/recalls", {"until": ago(0)}, seen=rep.position)["items"] == []

    deals["冻"].tell(rep, "resume", 4, reason="预算批复")
    deals["冻"].tell(rep, "win", 3)
    assert ("冻", "freeze", "ordered", "defeat", None) in aside()
    assert ("冻", "freeze", "resumed", "defeat", None) in aside(as_of=ago(4))
    assert aside(as_of=ago(5)) >= {("冻", "freeze", "still", "defeat", None)}
    summary = office.read("/v1/defeats/set-aside")["summary"]
    assert {(one["kind"], one["became"]): one["count"] for one in summary if one["count"]} == {
        ("freeze", "ordered"): 1,
        ("freeze", "still"): 1,
        ("contact_lost", "still"): 1,
    }
    figures = office.read("/v1/defeats/approvals", {"group_by": "kind"})["rows"]
    assert {(row["kind"], row["requests"], row["approved"], row["rejected"], row["frozen"]) for row in figures} == {
        ("defeat", 3, 1, 1, 1),
        ("freeze", 2, 1, 1, 0),
    }
    (owner,) = office.read("/v1/outcomes", {"group_by": "owner"})["rows"]
    assert (owner["captured"], owner["won"], owner["lost"]) == (6, 1, 1)
