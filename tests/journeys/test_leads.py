"""Leads of two branches, from the rule that hands them out to the order; what each branch sees, what a lead cost."""

from __future__ import annotations

import secrets
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.telling import OPPORTUNITIES, TODAY, Company, Deal, Person, ago
from tests.stack import Running

LEADS, REPORT = "/v1/leads", "/v1/reports/leads"
ZONE = ZoneInfo("Asia/Shanghai")


def at(days: int, hour: int) -> str:
    """An hour of a day so many days ago."""
    return datetime.combine(TODAY - timedelta(days=days), time(hour), ZONE).isoformat()


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for name, function, branch in (
        ("rep E", "representative", "E"),
        ("second E", "representative", "E"),
        ("head E", "department_head", "E"),
        ("rep W", "representative", "W"),
    ):
        company.hire(name, function, branch)
    company.office.tell("/v1/products", {"code": "A6L", "name": "奥迪 A6L", "currency": "CNY"})
    return company


def test_leads_are_handed_out_answered_and_become_an_order(company: Company, stranger: Person) -> None:
    office, rep, second = company.office, company.people["rep E"], company.people["second E"]
    head, west = company.people["head E"], company.people["rep W"]
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(60)})["id"]
    web = {"code": "web", "channel": "web", "unit_id": company.units["E"], "assign": "round_robin", "answer_hours": 4}
    office.tell(
        "/v1/lead-policies",
        {"effective_from": ago(90), "answer_hours": 24, "rules": [web | {"persons": [rep.id, second.id]}]},
    )

    # the web page sends three in one call, one of them twice; the telephone is answered by whoever claims it
    asked = {
        "channel": "web",
        "source": "官网",
        "unit_id": company.units["E"],
        "interests": [{"product": "A6L", "units": 4}],
    }
    batch = {
        "leads": [
            asked | {"at": at(20, hour), "contact": {"name": "周", "phone": f"1391111000{hour}"}} for hour in (1, 2, 3)
        ]
    }
    key = secrets.token_hex(8)
    taken = [send(office, f"{LEADS}/bulk", batch, key) for _ in range(2)]
    assert [item["id"] for item in taken[0]["items"]] == [item["id"] for item in taken[1]["items"]]
    office.position = max(office.position, taken[0]["position"])
    first, other, third = (Lead(item["id"], item["version"]) for item in taken[0]["items"])
    phone = Lead(rep.tell(LEADS, {"channel": "phone", "at": at(19, 9)})["id"])

    owners = {row["id"]: row["owner_id"] for row in head.read(LEADS, seen=rep.position)["items"]}
    assert [owners[lead.id] for lead in (first, other, third, phone)] == [rep.id, second.id, rep.id, None]
    assert [row["id"] for row in west.read(LEADS, seen=rep.position)["items"]] == []
    assert stranger.read(LEADS)["items"] == []
    assert {row["id"] for row in second.read(LEADS, seen=rep.position)["items"]} == {other.id, phone.id}
    assert second.status(f"{LEADS}/{first.id}") == 404, "it is a colleague's"
    assert west.send(f"{LEADS}/{phone.id}/claim", {}, 1)[0] == 404
    phone.tell(second, "claim", on=ago(19))

    first.tell(rep, "contact", way="phone", at=at(20, 3))
    other.tell(second, "contact", way="phone", at=at(19, 2))
    overdue = head.read(LEADS, {"overdue": "true"}, seen=second.position)["items"]
    assert {row["id"] for row in overdue} == {third.id, phone.id}
    deal = rep.tell(f"{LEADS}/{first.id}/capture", {"account_id": account, "on": ago(15)}, first.version)
    prospect = Deal(deal["id"])
    shown = rep.read(f"{OPPORTUNITIES}/{deal['id']}")
    assert (shown["standing"]["channel"], shown["lines"][0]["units"]) == ("web", 4)
    assert shown["texts"]["contact_phone"] == "139****0001"
    other.tell(second, "dispose", disposal="no_intention", on=ago(14))
    third.tell(rep, "dispose", disposal="duplicate", duplicate_of_lead_id=first.id, on=ago(14))
    prospect.tell(rep, "win", 10, order_ref="HT-9")

    # an open prospect is on file with the east; nobody in the west learns more than that
    check = {"name": "申城出租"}
    answered = west.send(f"{OPPORTUNITIES}/check?min_position={rep.position}", check)[1]
    assert (answered["open"], [unit["unit_id"] for unit in answered["units"]]) == (True, [company.units["E"]])
    assert rep.id not in str(answered)

    counted = head.send("/v1/visitor-counts", {"counts": [{"channel": "web", "day": ago(18), "count": 7}]})[1]
    spent = head.tell("/v1/spend", {"channel": "web", "day": ago(18), "amount": "1200.00"})
    head.position = max(head.position, counted["position"])

    def of_web(who: Person, **when: str) -> dict[str, Any]:
        rows = who.read(REPORT, when, seen=max(head.position, rep.position, second.position))["rows"]
        found: dict[str, dict[str, Any]] = {row["key"]: row for row in rows}
        return found["web"]

    now = of_web(head)
    assert [now[name] for name in ("leads", "assigned", "contacted", "in_time", "late")] == [3, 3, 2, 1, 1]
    assert [now[name] for name in ("records", "no_intention", "duplicates", "orders")] == [1, 1, 1, 1]
    assert (now["visitors"], now["record_rate"], now["response_hours_median"]) == (7, 0.1, 13.0)
    costs = {
        "currency": "CNY",
        "amount": "1200.00",
        "per_lead": "400.00",
        "per_record": "1200.00",
        "per_order": "1200.00",
    }
    assert now["spend"] == [costs]
    assert of_web(office) == now
    past = of_web(head, as_of=ago(16))
    assert [past[name] for name in ("leads", "contacted", "late", "records", "orders")] == [3, 2, 2, 0, 0]
    assert of_web(head, known_at=str(spent["position"] - 1))["spend"] == []
    assert west.read(REPORT, seen=head.position)["rows"] == []
    assert stranger.read(REPORT)["rows"] == []

    # the amount was wrong: reports follow, what was known then stays
    mended = {"version": 1, "changes": {"amount": "900.00"}, "reason": "发票金额"}
    head.tell(f"/v1/spend/{spent['id']}/correct", mended, 1)
    assert of_web(head)["spend"][0]["per_lead"] == "300.00"
    assert of_web(head, known_at=str(spent["position"]))["spend"][0]["per_lead"] == "400.00"


class Lead:
    """One lead, its version kept."""

    def __init__(self, id: str, version: int = 1) -> None:
        self.id = id
        self.version = version

    def tell(self, by: Person, verb: str, **body: Any) -> None:
        self.version = by.tell(f"{LEADS}/{self.id}/{verb}", body, self.version)["version"]


def send(by: Person, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    said = {"authorization": f"Bearer {by.token}", "idempotency-key": key}
    answer = by.running.client.post(by._url(path), json=body, headers=said)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
