"""A fleet order filed with the manufacturer: returned, completed, accepted, delivered, reported, paid for."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Deal, Person, ago, lines, units
from tests.stack import Running

FILINGS = "/v1/filings"
VINS = [f"LFV3A23C8F30000{number:02}" for number in range(1, 9)]


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"office {branch}", "back_office", branch)
    for code in ("A6L", "Q5"):
        company.office.tell("/v1/products", {"code": code, "name": f"奥迪 {code}", "currency": "CNY"})
    return company


class Filed(Deal):
    """One filing, its version kept."""

    def tell(self, by: Person, verb: str, days_ago: int, **body: Any) -> None:
        path = f"{FILINGS}/{self.id}/{verb}"
        self.version = by.tell(path, body | {"on": ago(days_ago)}, self.version)["version"]

    def row(self, by: Person, seen: int = 0, **when: str) -> dict[str, Any]:
        found = [row for row in by.read(FILINGS, when, seen=seen)["items"] if row["id"] == self.id]
        assert len(found) == 1, found
        return dict(found[0])


def reported(by: Person, seen: int, group_by: str = "product", **when: str) -> list[tuple[Any, ...]]:
    rows = by.read("/v1/reports/reported", when | {"group_by": group_by}, seen=seen)["rows"]
    return [(row[group_by], row["ordered"], row["delivered"], row["reported"]) for row in rows]


def test_a_filing_from_draft_to_support_paid_and_one_that_lapsed(company: Company) -> None:
    rep, office = company.people["rep E"], company.people["office E"]
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(90)})
    body = {"account_id": account["id"], "title": "出租车更新", "lines": lines(A6L=3, Q5=2), "on": ago(80)}
    deal = Deal(rep.tell(OPPORTUNITIES, body)["id"])
    draft = {
        "opportunity_id": deal.id, "number": "TB-1", "customer_type": "taxi_fleet", "documents": ["营业执照"],
        "submit": True, "on": ago(75),
    }  # fmt: skip
    filing = Filed(office.tell(FILINGS, draft)["id"], 2)
    assert office.send(FILINGS, draft | {"on": ago(74)})[1]["code"] == "filing_number_taken"
    deal.tell(rep, "win", 70)

    # returned: to be completed within ten days, as shipped
    answer = f"{FILINGS}/{filing.id}/return"
    assert rep.send(answer, {"reason": "缺材料"}, filing.version)[0] == 403, "the manufacturer's answers are not ours"
    filing.tell(office, "return", 69, reason="缺用车证明", missing=["用车证明"])
    row = filing.row(office, as_of=ago(65))
    assert (row["status"], row["complete_due_on"], row["due"], row["missing"]) == (
        "returned", ago(59), "due", ["用车证明"],
    )  # fmt: skip
    assert filing.row(office, as_of=ago(61))["due"] == "lapsing"
    assert filing.row(office, as_of=ago(59))["due"] == "lapsing"
    assert filing.row(office, as_of=ago(58))["due"] == "overdue"
    policy = {"effective_from": ago(68), "complete_days": 3, "report_days": 20, "claim_days": 40, "warn_days": 2}
    known = office.position
    office.position = company.office.tell("/v1/filing-policies", policy)["position"]
    assert filing.row(office, as_of=ago(65))["due"] == "overdue", "by the policy published since"
    assert filing.row(office, as_of=ago(65), known_at=str(known))["due"] == "due", "as known then"
    filing.tell(rep, "change", 64, documents=["营业执照", "用车证明"])
    filing.tell(rep, "submit", 64)
    office.position = rep.position
    filing.tell(office, "accept", 60, manufacturer_ref="FK-88120")

    # delivered, then reported by VIN
    early = {"units": [{"vin": VINS[0], "line": 1, "invoice_no": "2431"}], "on": ago(59)}
    status, said = rep.send(f"{FILINGS}/{filing.id}/report", early, filing.version)
    assert (status, said["code"]) == (409, "not_delivered")
    deal.tell(rep, "deliver", 50, units=units(l1=2))
    deal.tell(rep, "deliver", 40, units=units(l2=2))
    row = filing.row(rep)
    assert (row["delivered"], row["report_due_on"], row["due"]) == (4, ago(30), "overdue")
    first = [{"vin": vin, "line": 1, "invoice_no": f"2431{vin[-2:]}"} for vin in VINS[:2]]
    filing.tell(rep, "report", 45, units=first)
    office.position = rep.position
    filing.tell(office, "accept-reports", 43, vins=VINS[:1])
    filing.tell(office, "return-reports", 43, vins=VINS[1:2], reason="发票号不符")
    row = filing.row(office)
    assert (row["reports_accepted"], row["reports_returned"], row["report_due_on"]) == (1, 1, ago(30))
    filing.tell(rep, "report", 39, units=[{**first[1], "invoice_no": "24319"}])
    filing.tell(rep, "report", 35, units=[{"vin": vin, "line": 2, "invoice_no": "777"} for vin in VINS[2:4]])
    office.position = rep.position
    filing.tell(office, "accept-reports", 33, vins=VINS[1:3])
    filing.tell(office, "refuse-reports", 33, vins=VINS[3:4], reason="非本店销售")
    seen = office.position
    assert reported(rep, seen) == [("A6L", 3, 2, 2), ("Q5", 2, 2, 1)]
    assert reported(rep, seen, as_of=ago(44)) == [("A6L", 3, 2, 0), ("Q5", 2, 0, 0)]
    assert reported(rep, seen, as_of=ago(43)) == [("A6L", 3, 2, 1), ("Q5", 2, 0, 0)], "by the day it was reported"
    within = {"from": ago(45), "to": ago(39)}
    assert reported(rep, seen, **within) == [("A6L", 0, 0, 2), ("Q5", 0, 2, 0)]
    assert filing.row(rep, seen)["claim_due_on"] == ago(5), "forty days after the first report that counts"

    # a VIN is reported once in the company; the refused one elsewhere
    other = Deal(
        rep.tell(OPPORTUNITIES, {"account_id": account["id"], "title": "增购", "lines": lines(Q5=1), "on": ago(60)})[
            "id"
        ]
    )
    other.tell(rep, "win", 55)
    other.tell(rep, "deliver", 34, units=units(l1=1))
    second = Filed(
        rep.tell(FILINGS, {"opportunity_id": other.id, "number": "TB-2", "customer_type": "taxi_fleet", "on": ago(54)})[
            "id"
        ]
    )
    second.tell(rep, "submit", 54)
    office.position = rep.position
    second.tell(office, "accept", 53)
    twice = {"units": [{"vin": VINS[0].lower(), "line": 1, "invoice_no": "9"}], "on": ago(30)}
    status, said = rep.send(f"{FILINGS}/{second.id}/report", twice, second.version)
    assert (status, said["code"]) == (409, "vin_reported")
    second.tell(rep, "report", 30, units=[{"vin": VINS[3], "line": 1, "invoice_no": "9"}])

    # support
    filing.tell(rep, "claim-support", 25, ref="FL-1", amount="36000.00", currency="CNY")
    office.position = rep.position
    filing.tell(office, "return-support", 22, ref="FL-1", reason="缺行驶证")
    filing.tell(rep, "claim-support", 20, ref="FL-1", amount="33000.00", currency="CNY")
    office.position = rep.position
    filing.tell(office, "accept-support", 15, ref="FL-1", amount="30000.00")
    filing.tell(office, "pay-support", 10, ref="FL-1", amount="10000.00")
    assert filing.row(office)["support"] == [
        {
            "currency": "CNY",
            "claimed": "33000.00",
            "accepted": "30000.00",
            "paid": "10000.00",
            "outstanding": "20000.00",
        }
    ]
    filing.tell(office, "pay-support", 8, ref="FL-1", amount="20000.00")
    row = filing.row(office)
    assert (row["support"][0]["paid"], row["support"][0]["outstanding"], row["claim_due_on"]) == (
        "30000.00", "0.00", None,
    )  # fmt: skip
    assert filing.row(office, as_of=ago(9))["support"][0]["paid"] == "10000.00"
    shown = office.read(f"{FILINGS}/{filing.id}")
    assert [step["state"] for step in shown["standing"]["support"]] == [
        "claimed", "returned", "claimed", "accepted", "paid", "paid",
    ]  # fmt: skip
    assert "pay-support" in shown["allowed_actions"]
    assert "pay-support" not in rep.read(f"{FILINGS}/{filing.id}", seen=office.position)["allowed_actions"]

    # a correction: a report of a day before, counted there; as known then it was not
    known = rep.read("/v1/reports/reported", seen=office.position)["position"]
    fix = {"version": 8, "changes": {}, "on": ago(46), "reason": "上报日期录错"}
    history = {fact["version"]: fact["type"] for fact in shown["history"]}
    fix["version"] = next(version for version, type in history.items() if type == "UnitsReported")
    steps = next(fact["changes"] for fact in shown["history"] if fact["version"] == fix["version"])["reports"]
    fix["changes"] = {"reports": [{**step, "on": ago(46)} for step in steps]}
    filing.version = rep.tell(f"{FILINGS}/{filing.id}/correct", fix, filing.version)["version"]
    unseen = {"version": 1, "changes": {"account_id": str(uuid4())}, "reason": "客户录错"}
    assert rep.send(f"{FILINGS}/{filing.id}/correct", unseen, filing.version)[1]["code"] == "unknown_account"
    day = {"from": ago(46), "to": ago(46), "group_by": "month"}
    assert [row["reported"] for row in rep.read("/v1/reports/reported", day)["rows"]] == [1]
    assert rep.read("/v1/reports/reported", day | {"known_at": str(known)})["rows"] == []

    # one that lapses
    lapsing = Filed(
        rep.tell(
            FILINGS,
            {"opportunity_id": deal.id, "number": "TB-3", "customer_type": "taxi_fleet", "submit": True, "on": ago(20)},
        )["id"],
        2,
    )
    office.position = rep.position
    lapsing.tell(office, "return", 18, reason="缺合同")
    overdue = office.read(FILINGS, {"due": "overdue"})["items"]
    assert [row["number"] for row in overdue] == ["TB-3", "TB-1"], "the refused unit is to be reported again"
    lapsing.tell(office, "lapse", 14)
    assert [row["number"] for row in office.read(FILINGS, {"due": "overdue"})["items"]] == ["TB-1"]
    assert [row["number"] for row in office.read(FILINGS, {"status": "lapsed"})["items"]] == ["TB-3"]
    status, said = rep.send(f"{FILINGS}/{lapsing.id}/submit", {}, lapsing.version)
    assert (status, said["code"]) == (409, "filing_status")

    # the other branch sees nothing of it
    for stranger in (company.people["rep W"], company.people["office W"]):
        assert stranger.status(f"{FILINGS}/{filing.id}") == 404
        assert stranger.send(f"{FILINGS}/{filing.id}/withdraw", {"reason": "x"}, filing.version)[0] == 404
        assert stranger.read(FILINGS, seen=office.position)["items"] == []
        assert stranger.read("/v1/reports/reported", seen=office.position)["rows"] == []
        told = {"opportunity_id": deal.id, "number": "TB-9", "customer_type": "x"}
        assert stranger.send(FILINGS, told)[1]["code"] == "unknown_opportunity"
