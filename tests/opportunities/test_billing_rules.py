"""Rules of invoices, receipts, due days and the ledger match, without I/O; by hand and by chance."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.opportunities.billing.commands import (
    CancelInvoice,
    CreditInvoice,
    IssueInvoice,
    RecordReceipt,
    ReturnReceipt,
)
from services.opportunities.billing.credit import SHIPPED, CreditPolicy, policy_on
from services.opportunities.billing.due import Calendar, Due, Terms, first, instalments
from services.opportunities.billing.invoice import Invoice, key_of, lines_of
from services.opportunities.billing.money import allocated, open_amount, paid, paid_invoices, unallocated
from services.opportunities.billing.money_receipt import MoneyReceipt
from services.opportunities.events import Instalment
from services.opportunities.reports.ledger import Entry, differs, paired
from services.opportunities.reports.receivables import aged
from shared.event_store.stream import Refused

ACCOUNT, OPPORTUNITY = UUID(int=1), UUID(int=2)
D = Decimal


def day(number: int) -> date:
    return date(2025, 3, 1) + timedelta(days=number - 1)


def at(number: int) -> datetime:
    return datetime.combine(day(number), datetime.min.time(), UTC)


def invoiced(amount: str = "100", number: int = 1, *, rate: str = "0") -> Invoice:
    line = {"product": "A6L", "unit_price": amount, "tax_rate": rate}
    command = IssueInvoice.model_validate({"opportunity_id": OPPORTUNITY, "number": "1", "lines": [line]})
    lines = lines_of(command, ())
    return Invoice.issue(
        command, id=uuid4(), account_id=ACCOUNT, currency="CNY", lines=lines, at=at(number), day=day(number)
    )


def received(amount: str = "100", number: int = 1) -> MoneyReceipt:
    command = RecordReceipt.model_validate({"account_id": ACCOUNT, "amount": amount, "currency": "CNY"})
    return MoneyReceipt.record_receipt(command, id=uuid4(), at=at(number), day=day(number))


@pytest.mark.parametrize(
    ("price", "units", "rate", "figures"),
    [
        ("269911.50", 8, "0.13", ("2159292.00", "280707.96", "2439999.96")),
        ("0.05", 1, "0.1", ("0.05", "0.01", "0.06")),  # half a cent goes up
        ("1.0049", 3, "0", ("3.01", "0.00", "3.01")),
        ("0", 5, "0.13", ("0.00", "0.00", "0.00")),
    ],
)
def test_tax_is_to_the_cent(price: str, units: int, rate: str, figures: tuple[str, ...]) -> None:
    line = {"product": "A6L", "units": units, "unit_price": price, "tax_rate": rate}
    command = IssueInvoice.model_validate({"opportunity_id": OPPORTUNITY, "number": "1", "lines": [line]})
    (charged,) = lines_of(command, ())
    assert (charged.net, charged.tax, charged.gross) == tuple(map(Decimal, figures))


def test_what_is_told_late_must_still_have_been_possible() -> None:
    invoice, receipt = invoiced("100"), uuid4()
    invoice.apply(receipt, D(80), at=at(10), day=day(10))
    with pytest.raises(Refused, match="could not have happened") as late:
        invoice.credit(CreditInvoice(amount=D(30), reason="折让"), at=at(5), day=day(5))
    assert late.value.code == "impossible_order"
    with pytest.raises(Refused) as cancelled:
        invoice.cancel(CancelInvoice(reason="错"), at=at(5), day=day(5))
    assert cancelled.value.code == "impossible_order"
    invoice.credit(CreditInvoice(amount=D(20), reason="折让"), at=at(5), day=day(5))
    assert open_amount(invoice.standing) == 0
    invoice.release(receipt, D(80), reason="错", at=at(11), day=day(11))
    invoice.cancel(CancelInvoice(reason="错"), at=at(12), day=day(12))
    assert open_amount(invoice.standing) == 0
    assert open_amount(invoice.standing_at(at(11))) == 80
    assert key_of(invoice)


def test_saying_the_same_again_says_nothing() -> None:
    invoice, receipt = invoiced(), received()
    for record, again in (
        (invoice, lambda: invoice.cancel(CancelInvoice(reason="错"), at=at(2), day=day(2))),
        (receipt, lambda: receipt.give_back(ReturnReceipt(reason="退票"), at=at(2), day=day(2))),
    ):
        again()
        version = record.version
        again()
        assert record.version == version


@pytest.mark.parametrize("seed", range(25))
def test_both_sides_agree_and_nothing_is_ever_below_nothing(seed: int) -> None:
    """Random allocations, releases and returns told in any order of days; whatever is refused changes neither side."""
    chance = random.Random(seed)
    invoices = [invoiced(str(chance.randint(50, 300)), chance.randint(1, 5)) for _ in range(3)]
    receipts = [received(str(chance.randint(50, 300)), chance.randint(1, 5)) for _ in range(3)]
    carried = 0
    for _ in range(60):
        receipt, invoice = chance.choice(receipts), chance.choice(invoices)
        number, amount = chance.randint(1, 20), D(chance.randint(1, 120))
        one, other = receipt.copy(), {invoice.id: invoice.copy() for invoice in invoices}
        when: dict[str, Any] = {"at": at(number), "day": day(number)}
        try:
            match chance.choice(("allocate", "allocate", "allocate", "release", "return", "credit")):
                case "allocate":
                    one.allocate([(invoice.id, amount)], **when)
                    other[invoice.id].apply(receipt.id, amount, **when)
                case "release":
                    one.release([(invoice.id, amount)], reason="错", **when)
                    other[invoice.id].release(receipt.id, amount, reason="错", **when)
                case "return" if chance.random() < 0.2:
                    for id, part in one.give_back(ReturnReceipt(reason="退票"), **when).items():
                        other[id].release(receipt.id, part, reason="退票", **when)
                case _:
                    other[invoice.id].credit(CreditInvoice(amount=amount, reason="折让"), **when)
        except Refused:
            continue
        carried += 1
        receipts = [one if receipt.id == one.id else receipt for receipt in receipts]
        invoices = list(other.values())
        for number in range(1, 22):
            standing = {record.id: record.standing_at(at(number)) for record in (*invoices, *receipts)}
            for charged in invoices:
                assert not standing[charged.id] or open_amount(standing[charged.id]) >= 0
            for came in receipts:
                if not standing[came.id]:
                    continue
                assert unallocated(standing[came.id]) >= 0
                for charged in invoices:
                    pays = allocated(standing[came.id], charged.id)
                    assert pays == paid(standing[charged.id], came.id)
                    assert paid_invoices(standing[came.id]).get(charged.id, 0) == pays
    assert carried > 5


# -- due ---------------------------------------------------------------------------------------------------

TERMS = (
    Instalment(D("0.3"), "signing", 0),
    Instalment(D("0.6"), "delivery", 30),
    Instalment(D("0.1"), "acceptance", 10),
)


def row(open_amount: str, gross: str = "1000", due_on: date | None = None, credited: str = "0") -> dict[str, Any]:
    said = {"gross": D(gross), "credited": D(credited), "open_amount": D(open_amount), "due_on": due_on}
    return said | {"issued_on": day(20), "opportunity_id": OPPORTUNITY}


@pytest.mark.parametrize(
    ("open_amount", "delivered", "wanted"),
    [
        ("1000", None, [(day(1), "300"), (None, "700")]),
        ("800", None, [(day(1), "100"), (None, "700")]),
        ("650", day(10), [(day(40), "550"), (None, "100")]),
        ("100", day(10), [(None, "100")]),
    ],
)
def test_payments_fill_what_is_due_first(open_amount: str, delivered: date | None, wanted: list[Any]) -> None:
    terms = Terms(TERMS, {"signing": day(1), "delivery": delivered, "acceptance": None})
    found = [(part.on, str(part.amount)) for part in instalments(row(open_amount), terms)]
    assert [(on, D(amount)) for on, amount in found] == [(on, D(amount)) for on, amount in wanted]


def test_instalments_add_up_to_the_cent() -> None:
    third = tuple(
        Instalment(share, "invoice", days)
        for share, days in ((D("0.333333"), 0), (D("0.333333"), 10), (D("0.333334"), 20))
    )
    parts = instalments(row("100.01", "100.01"), Terms(third, {}))
    assert [part.amount for part in parts] == [D("33.34"), D("33.34"), D("33.33")]
    assert first(parts) == day(20)


def test_an_invoice_is_due_by_its_own_day_then_the_contract_then_the_policy() -> None:
    policies = (CreditPolicy(day(10), 45, D("0.9")), CreditPolicy(day(30), 7, D("0.5")))
    terms = Terms((Instalment(D(1), "invoice", 15),), {})
    assert Calendar(policies, {OPPORTUNITY: terms}).of(row("5", due_on=day(3))) == (Due(day(3), D(5)),)
    assert list(Calendar(policies, {OPPORTUNITY: terms}).of(row("1000"))) == [Due(day(35), D(1000))]
    assert Calendar(policies, {}).of(row("1000")) == (Due(day(65), D(1000)),)
    assert Calendar((), {}).of(row("1000")) == (Due(day(50), D(1000)),)
    assert Calendar((), {}).of(row("0")) == ()
    assert policy_on(policies, day(1)) == SHIPPED


def test_ages_are_of_the_day_asked() -> None:
    parts = [Due(day(1), D(1)), Due(day(31), D(2)), Due(None, D(4)), Due(day(200), D(8))]
    assert {name: amount for name, amount in aged(parts, day(31)).items() if amount} == {
        "days_1_30": D(1),
        "not_due": D(14),
    }
    assert aged(parts, day(92))["days_over_90"] == 1
    assert sum(aged(parts, day(62)).values()) == 15


# -- the ledger --------------------------------------------------------------------------------------------


def entry(order: str, units: int, amount: str, number: int, line: int = 1) -> Entry:
    return Entry(order, line, "A6L", units, D(amount), "CNY", day(number))


@pytest.mark.parametrize("seed", range(40))
def test_as_many_entries_match_as_any_pairing_could(seed: int) -> None:
    """Against every pairing there is, tried one by one."""
    chance = random.Random(seed)

    def some() -> list[Entry]:
        return [
            entry(
                chance.choice("XY"),
                chance.randint(1, 2),
                chance.choice(("10", "20")),
                chance.randint(1, 9),
                chance.randint(1, 2),
            )
            for _ in range(chance.randint(0, 5))
        ]

    ours, theirs = some(), some()
    pairs = paired(ours, theirs)
    agreeing = sum(one is not None and other is not None and not differs(one, other) for one, other in pairs)
    longer, shorter = sorted((ours, theirs), key=len, reverse=True)
    best = max(
        sum(one.said == other.said for one, other in zip(chosen, shorter, strict=True))
        for chosen in permutations(longer, len(shorter))
    )
    assert agreeing == best
    assert sorted(map(repr, (one for one, _ in pairs if one is not None))) == sorted(map(repr, ours))
    assert sorted(map(repr, (other for _, other in pairs if other is not None))) == sorted(map(repr, theirs))
    assert all(one.place == other.place for one, other in pairs if one is not None and other is not None)
    ours_alone = {one.place for one, other in pairs if one is not None and other is None}
    theirs_alone = {other.place for one, other in pairs if one is None and other is not None}
    assert not ours_alone & theirs_alone  # what is left of a line is all on one side
