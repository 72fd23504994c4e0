"""One deal from the first word on the web to half its money: every table of it, and how each stood on five days."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Deal, Person, ago, lines
from tests.stack import Running

VINS = tuple(f"LFV3A24G5N30{number:05d}" for number in range(6))
WHOLE = (1, 17, "2100000.00")


class Kept(Deal):
    """A record of some noun, its version kept."""

    def __init__(self, noun: str, id: str, version: int = 1) -> None:
        super().__init__(id, version)
        self.noun = noun

    def tell(self, by: Person, verb: str, days_ago: int, **body: Any) -> None:
        path = f"/v1/{self.noun}/{self.id}/{verb}"
        self.version = by.tell(path, body | {"on": ago(days_ago)}, self.version)["version"]


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"head {branch}", "department_head", branch)
        company.hire(f"office {branch}", "back_office", branch)
    for code in ("A6L", "Q5", "V9"):
        company.office.tell("/v1/products", {"code": code, "name": f"奥迪 {code}", "currency": "CNY"})
    return company


def shown(by: Person, seen: int, **when: str) -> dict[str, Any]:
    """What the tables show of the only deal there is."""

    def rows(path: str, **query: str) -> list[dict[str, Any]]:
        answer = by.read(path, when | query, seen=seen)
        found: list[dict[str, Any]] = answer["rows"] if "rows" in answer else answer["items"]
        return found

    owed = [row for row in rows("/v1/receivables", group_by="account") if row["kind"] == "invoices"]
    reported = rows("/v1/reports/reported", group_by="product")
    return {
        "leads": [row["status"] for row in rows("/v1/leads")],
        "pipeline": {
            row["level"]: (row["count"], row["units"], row["amount"])
            for row in rows("/v1/pipeline", level="declared")
            if row["count"]
        },
        "hot": [(row["level_before"], row["times_slipped"], row["visits"]) for row in rows("/v1/hot-customers")],
        "bids": [row["status"] for row in rows("/v1/bids")],
        "won": [row["won"] for row in rows("/v1/outcomes", group_by="org_unit")],
        "serials": sorted(row["serial"] for row in rows("/v1/deliveries") if row["serial"]),
        "late": [(row["product"], row["units_late"], row["days_late"]) for row in rows("/v1/deliveries/late")],
        "reported": {row["product"]: (row["ordered"], row["delivered"], row["reported"]) for row in reported},
        "owed": [(row["not_due"], row["days_1_30"], row["total"]) for row in owed],
    }


def test_a_deal_from_the_first_word_to_half_its_money(company: Company, stranger: Person) -> None:
    rep, head, office = (company.people[f"{who} E"] for who in ("rep", "head", "office"))
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(90)})

    asked = {
        "channel": "web",
        "account_name": "申城出租",
        "interests": [{"product": "A6L", "units": 10}],
        "contact": {"name": "王主任", "phone": "13800000000"},
        "on": ago(70),
    }
    lead = Kept("leads", office.tell("/v1/leads", asked)["id"])
    lead.tell(head, "assign", 70, owner_id=rep.id)
    lead.tell(rep, "contact", 69, way="phone", reached=True)
    captured = {
        "account_id": account["id"],
        "title": "出租车更新",
        "lines": lines(A6L=10, Q5=5, V9=2),
        "on": ago(68),
    }
    said = rep.tell(f"/v1/leads/{lead.id}/capture", captured, lead.version)
    (row,) = rep.read(OPPORTUNITIES)["items"]
    assert said["position"] > 0
    deal = Deal(row["id"], row["version"])

    deal.tell(rep, "qualify", 65, level="B", expected_on=ago(45))
    visit = {
        "opportunity_ids": [deal.id],
        "purpose": "push_forward",
        "way": "on_site",
        "judgements": [{"opportunity_id": deal.id, "level": "A", "expected_on": ago(40)}],
        "on": ago(60),
    }
    rep.tell("/v1/visits/log", visit)
    deal.version += 1
    deal.tell(rep, "qualify", 50, level="H", expected_on=ago(30))

    tender = {
        "opportunity_id": deal.id,
        "tender_number": "SH-2030-0417",
        "tenderer": "上海市政府采购中心",
        "opening_at": f"{ago(36)}T09:30:00+08:00",
        "on": ago(48),
    }
    bid = Kept("bids", rep.tell("/v1/bids", tender)["id"])
    bid.tell(head, "decide", 46, go=True, reason="评分标准有利")
    bid.tell(rep, "submit", 40, lines=[{k: v for k, v in line.items() if k != "line"} for line in captured["lines"]])
    bid.tell(rep, "open", 36, competitors=[{"name": "宝马华东", "price": "2200000", "rank": 2}], our_rank=1)
    bid.tell(rep, "win", 35, award_ref="中标 77")

    deal.tell(rep, "win", 34, promised_on=ago(20), order_ref="HT-77")
    deal.tell(rep, "deliver", 25, units=[{"line": 1, "serials": list(VINS)}, {"line": 2, "units": 2}])
    deal.tell(rep, "cancel", 24, units=[{"line": 1, "units": 1}], reason="客户减少一台")

    filed = {"opportunity_id": deal.id, "number": "TB-77", "customer_type": "taxi_fleet", "submit": True, "on": ago(30)}
    filing = Kept("filings", office.tell("/v1/filings", filed)["id"], 2)
    filing.tell(office, "accept", 28, manufacturer_ref="FK-77")
    units = [{"vin": vin, "line": 1, "invoice_no": "24312"} for vin in VINS[:2]]
    filing.tell(rep, "report", 22, units=units)
    filing.tell(office, "accept-reports", 20, vins=list(VINS[:2]))

    charged = {"line": 1, "units": 6, "unit_price": "100000.00", "tax_rate": "0.13"}
    issued = {"opportunity_id": deal.id, "number": "24312", "lines": [charged], "due_on": ago(5), "on": ago(15)}
    invoice = office.tell("/v1/invoices", issued)
    paid = {"account_id": account["id"], "amount": "339000.00", "currency": "CNY", "on": ago(10)}
    receipt = Kept("receipts", office.tell("/v1/receipts", paid)["id"])
    receipt.tell(office, "allocate", 10, invoices=[{"invoice_id": invoice["id"], "amount": "339000.00"}])

    # how it stood: each figure by the day it happened on, whoever asks later
    seen = max(person.position for person in (rep, head, office))
    stood: dict[str, Any] = {
        "leads": ["record"], "pipeline": {"N": WHOLE}, "hot": [], "bids": [], "won": [0], "serials": [], "late": [],
        "reported": {}, "owed": [],
    }  # fmt: skip
    assert shown(head, seen, as_of=ago(66)) == stood
    stood |= {"pipeline": {"A": WHOLE}}
    assert shown(head, seen, as_of=ago(55)) == stood
    stood |= {"pipeline": {"H": WHOLE}, "hot": [("A", 2, 1)], "bids": ["submitted"]}
    assert shown(head, seen, as_of=ago(38)) == stood
    ordered = {"A6L": (10, 0, 0), "Q5": (5, 0, 0), "V9": (2, 0, 0)}
    stood |= {"pipeline": {"O": WHOLE}, "hot": [], "bids": ["won"], "won": [1], "reported": ordered}
    assert shown(head, seen, as_of=ago(29)) == stood
    left = (1, 8, "1000000.00")
    stood |= {
        "pipeline": {"O": left},
        "serials": sorted(VINS),
        "late": [("A6L", 3, 8), ("Q5", 3, 8), ("V9", 2, 8)],
        "reported": {"A6L": (10, 6, 2), "Q5": (5, 2, 0), "V9": (2, 0, 0)},
        "owed": [("678000.00", "0.00", "678000.00")],
    }
    assert shown(head, seen, as_of=ago(12)) == stood
    stood |= {
        "late": [(product, units, 20) for product, units, _ in stood["late"]],
        "owed": [("0.00", "339000.00", "339000.00")],
    }
    assert shown(head, seen) == stood

    # nobody of the other branch, or of another company, sees any of it
    for other in (*(company.people[f"{who} W"] for who in ("rep", "head", "office")), stranger):
        nothing = shown(other, 0 if other is stranger else seen)
        assert not any(nothing.values()), nothing
        for noun, record in (("leads", lead), ("bids", bid), ("filings", filing), ("receipts", receipt)):
            assert other.status(f"/v1/{noun}/{record.id}") == 404, noun
        assert other.status(f"{OPPORTUNITIES}/{deal.id}") == 404
        assert other.status(f"/v1/invoices/{invoice['id']}") == 404
