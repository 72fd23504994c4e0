"""Rules of solutions, bids, negotiations and contracts without a database: replay, lateness, limits, numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.opportunities.bids.bid import Bid
from services.opportunities.bids.commands import DecideBid, FinishDocument, RecordTender
from services.opportunities.contracts.commands import (
    ApproveContract,
    DelegateSigning,
    DraftContract,
    RedraftContract,
    RequestAmendment,
    SignContract,
)
from services.opportunities.contracts.contract import Contract
from services.opportunities.contracts.contract_policy import SHIPPED, AskedAmount
from services.opportunities.dealing.limits import needs
from services.opportunities.negotiations.commands import HoldRound, OpenNegotiation
from services.opportunities.negotiations.negotiation import Negotiation, open_points
from services.opportunities.negotiations.price_policy import SHIPPED as DISCOUNTS
from services.opportunities.negotiations.price_policy import AskedDiscount
from services.opportunities.negotiations.prices import discount, greatest
from services.opportunities.solutions.commands import DraftSolution, RequestSolution
from services.opportunities.solutions.solution import Solution
from shared.event_store.stream import Refused
from shared.testing.scenario import assert_replays

DEAL, BY = uuid4(), uuid4()
START = datetime(2025, 3, 1, tzinfo=UTC)


def at(day: int) -> dict[str, Any]:
    moment = START + timedelta(days=day)
    return {"at": moment, "day": moment.date()}


def told(day: int) -> dict[str, Any]:
    return {"by": BY, **at(day)}


def contract(amount: str = "1000000") -> Contract:
    command = DraftContract.model_validate({"opportunity_id": DEAL, "amount": amount})
    return Contract.drawn_up(command, currency="CNY", id=uuid4(), **told(0))


def asked(amount: str) -> AskedAmount:
    return AskedAmount(SHIPPED, Decimal(amount), "CNY")


def approved(day: int = 4, function: str = "department_head") -> Contract:
    made = contract()
    made.redraft(RedraftContract(warranty_months=48), **told(2))
    made.submit(asked=asked("1000000"), **told(3))
    made.approve(ApproveContract(), asked=asked("1000000"), functions=(function,), **told(day))
    return made


def test_a_contract_replays_later_drafts_included() -> None:
    made = approved()
    assert (made.standing["draft"], made.standing["warranty_months"]) == (2, 48)
    assert made.standing_at(at(1)["at"])["draft"] == 1
    assert_replays(made, list(made.pending_events))  # type: ignore[arg-type]


def test_an_approval_protects_what_it_rests_on() -> None:
    made = approved()
    with pytest.raises(Refused, match="decided on since"):
        made.redraft(RedraftContract(amount=Decimal(9)), **told(1))
    assert [made.needs_decider(version) for version in (1, 2, 3, 4)] == [True] * 4
    made.redraft(RedraftContract(amount=Decimal(9)), **told(5))
    assert not made.needs_decider(5)


@pytest.mark.parametrize(("function", "amount", "waits"), [
    ("department_head", "1000000", False), ("department_head", "3000000", False), ("department_head", "3000001", True),
    ("director", "1000000", False), ("director", "1000000.01", True), ("director", "900000000", True),
])  # fmt: skip
def test_an_amendment_waits_only_above_the_limit_of_who_approved(function: str, amount: str, waits: bool) -> None:
    made = approved(function=function)
    made.sign(SignContract(number="HT-1"), signed_by=BY, by_delegation=False, **at(5))
    command = RequestAmendment.model_validate({"reason": "加购", "amount": amount})
    made.request_amendment(command, asked=asked(amount), **told(6))
    assert (made.standing.get("amendment") is not None) is waits
    assert made.standing["amount"] == Decimal("1000000" if waits else amount)
    assert_replays(made, list(made.pending_events))  # type: ignore[arg-type]


@pytest.mark.parametrize(("amount", "currency", "function"), [
    ("3000000", "CNY", "department_head"), ("3000000.01", "CNY", "branch_manager"), ("30000001", "CNY", "director"),
    ("1", "EUR", "director"),
])  # fmt: skip
def test_the_lowest_function_whose_limit_covers_an_amount(amount: str, currency: str, function: str) -> None:
    assert needs(AskedAmount(SHIPPED, Decimal(amount), currency)) == function


@pytest.mark.parametrize(("share", "function"), [
    ("0", "department_head"), ("0.10", "department_head"), ("0.100001", "branch_manager"), (None, "director"),
])  # fmt: skip
def test_the_lowest_function_whose_limit_covers_a_discount(share: str | None, function: str) -> None:
    assert needs(AskedDiscount(DISCOUNTS, None if share is None else Decimal(share))) == function


def test_a_discount_is_never_rounded_into_a_limit() -> None:
    assert discount(Decimal("96999.99"), Decimal(100_000)) == Decimal("0.030001")
    assert discount(Decimal(97_000), Decimal(100_000)) == Decimal("0.030000")
    assert discount(Decimal(120_000), Decimal(100_000)) == 0
    assert discount(Decimal(1), None) is None
    assert greatest([]) is None


def test_numbers_are_never_used_twice() -> None:
    made = Negotiation.opened(OpenNegotiation(opportunity_id=DEAL), id=uuid4(), **told(0))
    held = HoldRound.model_validate({"terms": "价", "outcome": "progress", "open_points": [{"text": "质保"}]})
    made.hold_round(held, **told(1))
    made.void(2, reason="错", at=at(2)["at"])
    assert made.standing.get("rounds", ()) == ()
    made.hold_round(held, **told(1))
    assert [one.number for one in made.standing["rounds"]] == [2]
    assert [point.number for point in open_points(made.standing)] == [2]
    assert_replays(made, list(made.pending_events))  # type: ignore[arg-type]


def test_documents_done_add_up_whatever_the_order_they_are_told_in() -> None:
    command = RecordTender.model_validate(
        {"opportunity_id": DEAL, "tender_number": "1", "tenderer": "市", "documents": [{"name": "a"}, {"name": "b"}]}
    )
    made = Bid.tender(command, currency="CNY", id=uuid4(), **told(0))
    made.finish_document(FinishDocument(name="b"), **told(5))
    made.finish_document(FinishDocument(name="a"), **told(3))
    made.decide(DecideBid(go=True), **told(2))
    assert [one.name for one in made.standing["documents_done"]] == ["a", "b"]
    assert [one.name for one in made.standing_at(at(4)["at"])["documents_done"]] == ["a"]
    assert_replays(made, list(made.pending_events))  # type: ignore[arg-type]


def test_a_solution_keeps_the_lines_numbers_of_the_draft_before() -> None:
    made = Solution.request(RequestSolution(opportunity_id=DEAL, need="车"), id=uuid4(), **told(0))
    lines = [{"product": "A", "units": 1, "unit_price": "1"}, {"product": "B", "units": 1, "unit_price": "2"}]
    for day, given in ((1, lines), (2, lines[1:])):
        made.draw_up(DraftSolution.model_validate({"summary": "稿", "lines": given}), currency="CNY", **told(day))
    assert [(line.line, line.product) for line in made.standing["lines"]] == [(2, "B")]
    assert made.standing["amount"] == 2
    assert_replays(made, list(made.pending_events))  # type: ignore[arg-type]


def test_a_delegation_holds_from_its_day_to_its_last() -> None:
    made, delegate = approved(), UUID(int=7)
    command = DelegateSigning(delegate_id=delegate, until=date(2025, 3, 10))
    made.delegate_signing(command, by=BY, **at(6))
    found = {day: made.is_delegate(delegate, **at(day)) for day in (5, 6, 9, 10)}
    assert found == {5: False, 6: True, 9: True, 10: False}
    assert not made.is_delegate(BY, **at(6))


def test_a_delegation_is_for_the_draft_it_was_given_for() -> None:
    made, delegate = approved(), UUID(int=7)
    made.delegate_signing(DelegateSigning(delegate_id=delegate, until=date(2025, 3, 30)), by=BY, **at(6))
    made.redraft(RedraftContract(amount=Decimal(900_000_000)), **told(7))
    made.submit(asked=asked("900000000"), **told(8))
    made.approve(ApproveContract(), asked=asked("900000000"), functions=("director",), **told(9))
    assert made.is_delegate(delegate, **at(6))
    assert not made.is_delegate(delegate, **at(10))
    made.delegate_signing(DelegateSigning(delegate_id=delegate, until=date(2025, 3, 29)), by=BY, **at(11))
    assert made.is_delegate(delegate, **at(11))


NEVER_SAID = {
    "amount": ("-1", "1e400", "NaN", "sNaN", "Infinity", "1" + 14 * "0", "0.0000001"),
    "title": ("", " ", "x" * 501),
    "starts_on": ("0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"),
    "payment_terms": (
        [{"share": "2", "after": "signing", "days": 0}, {"share": "-1", "after": "signing", "days": 0}],
        [{"share": "1", "after": "signing", "days": -1}],
        1_001 * [{"share": "0", "after": "signing", "days": 0}],
    ),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in NEVER_SAID.items() for value in values])
def test_a_correction_says_nothing_that_no_command_could(name: str, value: object) -> None:
    made = contract()
    with pytest.raises(Refused) as refused:
        made.correct(1, {name: value}, occurred_at=None, reason="typo", **{"at": at(1)["at"]})
    assert (refused.value.code, refused.value.status) == ("invalid_value", 422)
    assert refused.value.pointer is not None
    assert refused.value.pointer.startswith(f"/changes/{name}")
    assert made.pending_events[-1].originator_version == 1
