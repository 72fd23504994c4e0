"""A wrong unit price, corrected three weeks later: every report now, as of then, as known then, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Deal, Person, ago
from tests.stack import Running

# Told: 10 000. Meant: 100 000, a nought more. Two deals carry it: one ordered, part delivered and charged; one hot.
WRONG, RIGHT = "10000.00", "100000.00"
ORDERED, DELIVERED, HOT = 10, 4, 6
TAX = "0.13"


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"books {branch}", "finance", branch)
    company.office.tell("/v1/products", {"code": "A6L", "name": "A6L", "list_price": RIGHT, "currency": "CNY"})
    return company


def priced(units: int, price: str) -> list[dict[str, Any]]:
    return [{"line": 1, "product": "A6L", "units": units, "unit_price": price}]


def shown(by: Person, seen: int, **when: str) -> dict[str, Any]:
    """What each report says an amount is."""

    def read(path: str, **query: str) -> Any:
        return by.read(path, when | query, seen=seen)

    return {
        "pipeline": {row["level"]: row["amount"] for row in read("/v1/pipeline")["rows"] if row["count"]},
        "outcomes": [row["amount_won"] for row in read("/v1/outcomes", group_by="org_unit")["rows"]],
        "hot": [row["amount"] for row in read("/v1/hot-customers")["rows"]],
        "deliveries": [(row["units"], row["amount"]) for row in read("/v1/deliveries")["items"]],
        "receivables": [row["total"] for row in read("/v1/receivables")["rows"]],
        "open_orders": [row["orders_open"] for row in read("/v1/credit")["rows"]],
        "match": read("/v1/ledger/match")["rate"],
    }


# By hand, at 10 000: ordered 10 × 10 000, delivered 4 × 10 000, 6 left; charged 4 × 10 000 and 13 % on it.
BEFORE = {
    "pipeline": {"H": "60000.00", "O": "60000.00"},
    "outcomes": ["100000.00"],
    "hot": ["60000.00"],
    "deliveries": [(4, "40000.00")],
    "receivables": ["45200.00"],
    "open_orders": ["60000.00"],
    "match": 0.0,
}
# At 100 000; the ERP had it right from the beginning.
AFTER = {
    "pipeline": {"H": "600000.00", "O": "600000.00"},
    "outcomes": ["1000000.00"],
    "hot": ["600000.00"],
    "deliveries": [(4, "400000.00")],
    "receivables": ["452000.00"],
    "open_orders": ["600000.00"],
    "match": 1.0,
}


def test_a_wrong_unit_price_is_corrected_three_weeks_later(company: Company) -> None:
    rep, books, office = company.people["rep E"], company.people["books E"], company.office
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(90)})
    fleet = {"account_id": account["id"], "title": "出租车更新", "lines": priced(ORDERED, RIGHT), "on": ago(40)}
    deal = Deal(rep.tell(OPPORTUNITIES, fleet)["id"])
    deal.tell(rep, "win", 24, lines=priced(ORDERED, WRONG), order_ref="HT-001")
    more = {"title": "增购", "lines": priced(HOT, WRONG), "duplicate": "intended", "duplicate_reason": "分批采购"}
    hot = Deal(rep.tell(OPPORTUNITIES, fleet | more | {"on": ago(23)})["id"])
    hot.tell(rep, "qualify", 22, level="H", expected_on=ago(-5))
    deal.tell(rep, "deliver", 22, units=[{"line": 1, "units": DELIVERED}])
    charged = {"line": 1, "units": DELIVERED, "unit_price": WRONG, "tax_rate": TAX}
    said = {"opportunity_id": deal.id, "number": "24312", "lines": [charged], "due_on": ago(-30), "on": ago(21)}
    invoice = books.tell("/v1/invoices", said)
    posted = {"posting_id": "P-1", "order_ref": "HT-001", "line": 1, "units": 4, "amount": "400000", "currency": "CNY"}
    office.tell("/v1/ledger/postings", {"postings": [posted | {"on": ago(21)}]})

    known = max(person.position for person in (rep, books, office))
    assert shown(office, known) == shown(office, known, as_of=ago(21)) == BEFORE

    why = {"reason": "单价少录一个零"}
    rep.tell(f"{OPPORTUNITIES}/{deal.id}/correct", {"version": 2, "changes": {"lines": priced(ORDERED, RIGHT)}} | why,
             deal.version)  # fmt: skip
    rep.tell(f"{OPPORTUNITIES}/{hot.id}/correct", {"version": 1, "changes": {"lines": priced(HOT, RIGHT)}} | why,
             hot.version)  # fmt: skip
    corrected = {"version": 1, "changes": {"lines": [charged | {"product": "A6L", "unit_price": RIGHT}]}} | why
    books.tell(f"/v1/invoices/{invoice['id']}/correct", corrected, 1)

    seen = max(person.position for person in (rep, books, office))
    assert shown(office, seen) == AFTER, "now"
    assert shown(office, seen, as_of=ago(21)) == AFTER, "as of then, as known now"
    assert shown(office, seen, as_of=ago(21), known_at=str(known)) == BEFORE, "as of then, as known then"
    assert shown(office, seen, known_at=str(known)) == BEFORE, "now, as known then"

    # before the order and before the delivery nothing of it was there, as known now or then
    for when in ({}, {"known_at": str(known)}):
        early = shown(office, seen, as_of=ago(25), **when)
        assert early["deliveries"] == early["receivables"] == early["hot"] == []
        assert early["pipeline"] == {"N": "1000000.00"}
        assert early["match"] is None
    assert shown(rep, seen) == AFTER
    history = rep.read(f"{OPPORTUNITIES}/{deal.id}", seen=seen)["history"][1]
    assert history["first_changes"]["lines"][0]["unit_price"] == WRONG
    assert history["changes"]["lines"][0]["unit_price"] == RIGHT
    assert shown(company.people["books W"], seen)["receivables"] == []
