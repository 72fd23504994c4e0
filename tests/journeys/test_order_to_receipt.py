"""An order on its way: put off, shipped, delivered by VIN, cut, charged, half paid; on six days, as it stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, PRICES, Company, Deal, Person, ago, lines
from tests.stack import Running

VINS = ("LFV2A24F9K3000001", "LFV2A24F9K3000002", "LFV2A24F9K3000003")


@dataclass
class Record:
    """An invoice or a receipt, its version kept."""

    path: str
    version: int = 1

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]

    def tell(self, by: Person, verb: str, days_ago: int, **body: Any) -> None:
        receipt = by.tell(f"{self.path}/{verb}", body | {"on": ago(days_ago)}, self.version)
        self.version = receipt["version"]


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"books {branch}", "finance", branch)
    for code, price in PRICES.items():
        company.office.tell("/v1/products", {"code": code, "name": code, "list_price": price, "currency": "CNY"})
    return company


def opened(by: Person, path: str, days_ago: int, **body: Any) -> Record:
    return Record(f"{path}/{by.tell(path, body | {'on': ago(days_ago)})['id']}")


def shown(by: Person, seen: int = 0, **when: str) -> dict[str, Any]:
    """Every table that knows the order."""

    def rows(path: str, **query: str) -> list[Any]:
        said = by.read(path, when | query, seen=seen)
        found: list[Any] = said.get("rows", said.get("items"))
        return found

    ages = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
    match = by.read("/v1/ledger/match", when, seen=seen)
    return {
        "board": [(row["count"], row["units"], row["amount"]) for row in rows("/v1/pipeline") if row["count"]],
        "late": [
            (row["line"], row["units_late"], row["days_late"], row["customer_told"])
            for row in rows("/v1/deliveries/late", against="first")
        ],
        "delivered": sorted((row["line"], row["serial"] or "", row["units"]) for row in rows("/v1/deliveries")),
        "owed": [
            (row["kind"], [name for name in ages if row[name] != "0.00"], row["total"])
            for row in rows("/v1/receivables", group_by="org_unit")
        ],
        "invoices": [(row["paid"], row["open_amount"], row["days_overdue"]) for row in rows("/v1/invoices")],
        "free": [row["unallocated"] for row in rows("/v1/receipts", sort="received_on")],
        "match": (match["entries"], match["matched"], match["rate"]),
    }


NOTHING = {"board": [], "late": [], "delivered": [], "owed": [], "invoices": [], "free": [], "match": (0, 0, None)}


def test_an_order_from_its_promise_to_half_its_money(company: Company, stranger: Person) -> None:
    rep, books, office = company.people["rep E"], company.people["books E"], company.office
    account = rep.tell("/v1/accounts", {"name": "申城出租", "on": ago(90)})
    fleet = {"account_id": account["id"], "title": "出租车更新", "lines": lines(A6L=4, Q5=2, V9=1), "on": ago(60)}
    deal = Deal(rep.tell(OPPORTUNITIES, fleet)["id"])

    deal.tell(rep, "win", 40, promised_on=ago(30), order_ref="HT-001")
    deal.tell(rep, "reschedule", 32, line=2, promised_on=ago(20), reason="排产推迟", customer_told=True)
    on_train = [{"line": 1, "serials": list(VINS)}]
    deal.tell(rep, "ship", 28, units=on_train, carrier="中铁物流", tracking_ref="ZT-88120")
    deal.tell(rep, "deliver", 26, units=[{"line": 1, "serials": VINS[:2]}])

    charged = [{"line": 1, "units": 2, "unit_price": "100000.00", "tax_rate": "0.13"}]
    invoice = opened(books, "/v1/invoices", 25, opportunity_id=deal.id, number="24312", lines=charged, due_on=ago(10))
    erp = {"order_ref": "HT-001", "currency": "CNY"}
    first = {"posting_id": "P-1", **erp, "line": 1, "units": 2, "amount": "200000.00", "on": ago(25)}
    office.tell("/v1/ledger/postings", {"postings": [first]})

    deal.tell(rep, "cancel", 22, units=[{"line": 1, "serials": [VINS[2]]}], reason="客户减少一台")
    deal.tell(rep, "deliver", 20, units=[{"line": 2, "units": 2}])
    second = {"posting_id": "P-2", **erp, "product": "Q5", "units": 2, "amount": "399999.00", "on": ago(19)}
    unknown = {**first, "posting_id": "P-3", "order_ref": "HT-404", "on": ago(19)}
    office.tell("/v1/ledger/postings", {"postings": [first, second, unknown]})

    early = opened(
        books, "/v1/receipts", 18, account_id=account["id"], amount="60000", currency="CNY", bank_reference="B-1"
    )
    early.tell(books, "allocate", 18, invoices=[{"invoice_id": invoice.id, "amount": "50000"}])
    rest = opened(
        books, "/v1/receipts", 8, account_id=account["id"], amount="63000", currency="CNY", bank_reference="B-2"
    )
    rest.tell(books, "allocate", 8, invoices=[{"invoice_id": invoice.id, "amount": "63000"}])
    deal.tell(rep, "tell-customer", 6, line=1)
    deal.tell(rep, "deliver", 5, units=[{"line": 3, "units": 1}])

    seen = max(person.position for person in (rep, books, office))
    two = [(1, VINS[0], 1), (1, VINS[1], 1)]
    days: dict[int, dict[str, Any]] = {
        39: NOTHING | {"board": [(1, 7, "850000.00")]},
        29: NOTHING
        | {
            "board": [(1, 7, "850000.00")],
            "late": [(1, 4, 1, False), (3, 1, 1, False), (2, 2, 0, True)],
        },
        24: NOTHING
        | {
            "board": [(1, 5, "650000.00")],
            "late": [(1, 2, 6, False), (3, 1, 6, False), (2, 2, 0, True)],
            "delivered": two,
            "owed": [("invoices", ["not_due"], "226000.00")],
            "invoices": [("0.00", "226000.00", 0)],
            "match": (1, 1, 1.0),
        },
        15: NOTHING
        | {
            "board": [(1, 2, "150000.00")],
            "late": [(1, 1, 15, False), (3, 1, 15, False)],
            "delivered": [*two, (2, "", 2)],
            "owed": [("invoices", ["not_due"], "176000.00"), ("unallocated", ["not_due"], "-10000.00")],
            "invoices": [("50000.00", "176000.00", 0)],
            "free": ["10000.00"],
            "match": (3, 1, 0.333333),
        },
        9: NOTHING
        | {
            "board": [(1, 2, "150000.00")],
            "late": [(1, 1, 21, False), (3, 1, 21, False)],
            "delivered": [*two, (2, "", 2)],
            "owed": [("invoices", ["days_1_30"], "176000.00"), ("unallocated", ["not_due"], "-10000.00")],
            "invoices": [("50000.00", "176000.00", 1)],
            "free": ["10000.00"],
            "match": (3, 1, 0.333333),
        },
        0: NOTHING
        | {
            "board": [(1, 1, "100000.00")],
            "late": [(1, 1, 30, True)],
            "delivered": [*two, (2, "", 2), (3, "", 1)],
            "owed": [("invoices", ["days_1_30"], "113000.00"), ("unallocated", ["not_due"], "-10000.00")],
            "invoices": [("113000.00", "113000.00", 10)],
            "free": ["10000.00", "0.00"],
            "match": (4, 1, 0.25),
        },
    }
    for day, wanted in days.items():
        assert shown(office, seen, as_of=ago(day)) == wanted, f"as of {day} days ago"
    assert shown(office, seen) == days[0]
    ours = shown(books, seen)  # what no order explains is for head office: everything else is the branch's own
    assert ours == {**days[0], "match": (3, 1, 0.333333)}

    sides = {
        (row["order"], row["line"]): (row["side"], row["differs"])
        for row in office.read("/v1/ledger/match", seen=seen)["rows"]
    }
    assert sides == {
        ("HT-001", 1): ("both", []), ("HT-001", 2): ("both", ["amount"]), ("HT-001", 3): ("ours", []),
        ("HT-404", 1): ("theirs", []),
    }  # fmt: skip
    page = rep.read(f"{OPPORTUNITIES}/{deal.id}/order", seen=seen)
    figures = [(ln["shipped"], ln["delivered"], ln["cancelled"], ln["open_units"]) for ln in page["lines"]]
    assert figures == [(3, 2, 1, 1), (0, 2, 0, 0), (0, 1, 0, 0)]
    assert [warning["code"] for warning in page["warnings"]] == ["late_delivery", "overdue"]

    for outsider, known in ((company.people["rep W"], seen), (company.people["books W"], seen), (stranger, 0)):
        assert shown(outsider, known) == NOTHING
        for path in (f"{OPPORTUNITIES}/{deal.id}/order", invoice.path, early.path):
            assert outsider.status(path) == 404
    assert rep.send(f"{invoice.path}/cancel", {"reason": "错"}, invoice.version + 2)[0] == 403
    assert rep.send(f"{early.path}/return", {"reason": "错"}, early.version)[0] == 403
    assert company.people["books W"].send(f"{early.path}/return", {"reason": "错"}, early.version)[0] == 404
