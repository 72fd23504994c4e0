"""A tender from the solution to the amended contract, told to a running installation; past days stay as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.journeys.telling import OPPORTUNITIES, Company, Person, ago
from tests.stack import Running

UNITS = 30
LIST_PRICE = "100000.00"
PRICE = "92000.00"
"""Eight in a hundred below the list: above the limit of a representative, within that of a department's head."""


@dataclass
class Record:
    """One record and its version."""

    path: str
    version: int = 1

    def tell(self, by: Person, verb: str, days_ago: int, **body: Any) -> None:
        receipt = by.tell(f"{self.path}/{verb}", body | {"on": ago(days_ago)}, self.version)
        self.version = receipt["version"]

    def refused(self, by: Person, verb: str, **body: Any) -> tuple[int, str]:
        status, said = by.send(f"{self.path}/{verb}", body, self.version)
        return status, said["code"]

    def standing(self, by: Person, days_ago: int | None = None) -> dict[str, Any]:
        found: dict[str, Any] = by.read(self.path, {} if days_ago is None else {"as_of": ago(days_ago)})["standing"]
        return found


def opened(by: Person, path: str, days_ago: int, **body: Any) -> Record:
    return Record(f"{path}/{by.tell(path, body | {'on': ago(days_ago)})['id']}")


@pytest.fixture
def company(running: Running) -> Company:
    company = Company.founded(running)
    for branch in ("E", "W"):
        company.hire(f"rep {branch}", "representative", branch)
        company.hire(f"head {branch}", "department_head", branch)
    company.hire("technician", "technical_support", "E")
    company.office.tell("/v1/products", {"code": "A6L", "name": "A6L", "list_price": LIST_PRICE, "currency": "CNY"})
    return company


def lines(units: int = UNITS, price: str = PRICE) -> list[dict[str, Any]]:
    return [{"line": 1, "product": "A6L", "units": units, "unit_price": price}]


def test_a_tender_from_the_solution_to_the_amended_contract(company: Company, stranger: Person) -> None:
    rep, head, technician = (company.people[name] for name in ("rep E", "head E", "technician"))
    account = rep.tell("/v1/accounts", {"name": "市机关事务局", "on": ago(90)})
    deal = {"account_id": account["id"], "title": "公务用车", "lines": lines(price=LIST_PRICE), "on": ago(60)}
    of_deal = {"opportunity_id": rep.tell(OPPORTUNITIES, deal)["id"]}

    # the solution: drafted by technical support, returned, approved by the account's owner
    solution = opened(rep, "/v1/solutions", 58, **of_deal, need="三十台公务车，含充电桩", products=["A6L"])
    assert solution.refused(rep, "draft", summary="x") == (403, "not_technical_support")
    solution.tell(technician, "draft", 56, summary="A6L 三十台", lines=lines(price=LIST_PRICE), cost="2400000")
    solution.tell(technician, "submit", 55)
    assert solution.refused(technician, "approve") == (403, "not_account_manager")
    solution.tell(rep, "return", 54, comment="补充充电桩")
    solution.tell(technician, "draft", 52, summary="A6L 三十台，充电桩十五座", cost="2500000", amount="3000000")
    solution.tell(technician, "submit", 51)
    solution.tell(rep, "approve", 50)
    solution.tell(rep, "present", 49, reaction="accepted")

    # the bid: decided above, prepared, handed in, opened, won
    bid = opened(
        rep, "/v1/bids", 48, **of_deal, tender_number="2030-17", tenderer="采购中心", bond_amount="60000",
        bond_due_on=ago(42), documents=[{"name": "资质"}, {"name": "偏离表"}], opening_at=f"{ago(38)}T09:30:00+08:00",
    )  # fmt: skip
    assert bid.refused(rep, "decide", go=True) == (403, "forbidden")
    bid.tell(head, "decide", 46, go=True, reason="车型对口")
    bid.tell(rep, "buy-documents", 45)
    for day, name in ((44, "资质"), (43, "偏离表")):
        bid.tell(technician, "finish-document", day, name=name)
    bid.tell(rep, "pay-bond", 42)
    bid.tell(rep, "submit", 40, lines=lines(price=LIST_PRICE))
    bid.tell(rep, "open", 38, competitors=[{"name": "对手", "price": "3050000", "rank": 2}], our_rank=1)
    bid.tell(rep, "win", 36, award_ref="中标 77")
    (proposal,) = rep.read(bid.path)["proposals"]
    assert (proposal["action"], rep.read(f"{OPPORTUNITIES}/{of_deal['opportunity_id']}")["status"]) == ("win", "open")

    # two rounds; a price above the representative's limit is granted by the head
    negotiation = opened(rep, "/v1/negotiations", 34, **of_deal, subject="合同单价与账期")
    negotiation.tell(
        rep, "hold-round", 33, terms="单价", outcome="progress", minutes="对方要求再降八个点",
        concessions=[{"by": "them", "kind": "payment", "what": "账期三十天"}],
        open_points=[{"text": "单价", "due_on": ago(30)}],
    )  # fmt: skip
    price = {"lines": [{"product": "A6L", "units": UNITS, "unit_price": PRICE}]}
    negotiation.tell(rep, "request-price", 32, **price, reason="对手 95000")
    rep.position = max(rep.position, head.position, technician.position)
    waiting = [row["kind"] for row in head.read("/v1/approvals", seen=rep.position)["items"]]
    assert waiting == ["price"]
    assert negotiation.refused(rep, "approve-price") == (403, "forbidden")
    negotiation.tell(head, "approve-price", 31, comment="仅本批")
    negotiation.tell(rep, "hold-round", 30, terms="单价", outcome="agreed")
    negotiation.tell(rep, "close-point", 30, number=1, result="接受")
    negotiation.tell(rep, "conclude", 29, agreed=True)
    granted = negotiation.standing(rep)
    assert (granted["price_discount"], granted["price_within_own_limit"]) == ("0.080000", False)

    # the contract: returned, approved, signed by a delegate, amended
    contract = opened(
        rep, "/v1/contracts", 28, **of_deal, title="公务车采购合同", lines=lines(), ends_on=ago(-20),
        payment_terms=[{"share": "0.3", "after": "signing"}, {"share": "0.7", "after": "delivery", "days": 30}],
    )  # fmt: skip
    contract.tell(rep, "submit", 27)
    contract.tell(head, "return", 26, comment="质保四年")
    contract.tell(rep, "draft", 25, warranty_months=48)
    contract.tell(rep, "submit", 24)
    contract.tell(head, "approve", 23)
    assert contract.refused(rep, "sign", number="HT-17") == (409, "may_not_sign")
    contract.tell(head, "delegate-signing", 22, delegate_id=rep.id, until=ago(15))
    contract.tell(rep, "sign", 20, number="HT-17")
    contract.tell(rep, "request-amendment", 12, reason="加购十台", lines=lines(40))
    assert contract.refused(head, "approve-amendment") == (403, "above_limit")
    contract.tell(head, "pass-on", 11)
    contract.tell(company.office, "approve-amendment", 10)

    # every day as it was
    rep.position = max(rep.position, head.position, company.office.position, technician.position)
    drafted = [(days, solution.standing(rep, days).get("status")) for days in (57, 55, 53, 50, 40)]
    assert drafted == [(57, "requested"), (55, "submitted"), (53, "returned"), (50, "approved"), (40, "presented")]
    assert [bid.standing(rep, days)["status"] for days in (47, 44, 40, 37, 5)] == [
        *("considered", "preparing", "submitted", "opened", "won"),
    ]
    amounts = [(days, contract.standing(rep, days)["amount"]) for days in (28, 20, 11, 10)]
    assert [float(amount) for _, amount in amounts] == [2_760_000, 2_760_000, 2_760_000, 3_680_000]
    assert (contract.standing(rep)["by_delegation"], contract.standing(rep)["warranty_months"]) == (True, 48)
    (row,) = rep.read("/v1/contracts", {"expiring_within": "20"})["items"]
    assert (row["number"], row["amount"], row["days_left"], row["amendments"]) == ("HT-17", "3680000.00", 20, 1)
    (then,) = rep.read("/v1/contracts", {"as_of": ago(26)})["items"]
    assert (then["status"], then["number"], then["warranty_months"]) == ("returned", None, None)
    assert rep.read("/v1/contracts", {"as_of": ago(29)})["items"] == []
    (then,) = rep.read("/v1/bids", {"as_of": ago(45), "opening_within": "7"})["items"]
    assert (then["documents_missing"], then["bond_days_left"]) == (["资质", "偏离表"], 3)
    (then,) = rep.read("/v1/negotiations", {"as_of": ago(32), "price": "requested"})["items"]
    assert (then["rounds"], then["price_needs"], then["price_amount"]) == (1, "department_head", "2760000.00")

    for outsider in (company.people["rep W"], company.people["head W"], stranger):
        seen = rep.position if outsider is not stranger else 0
        for record in (solution, bid, negotiation, contract):
            assert outsider.status(record.path) == 404
            assert outsider.read(record.path.rpartition("/")[0], seen=seen)["items"] == []
        assert contract.refused(outsider, "terminate", reason="x") == (404, "not_found")
