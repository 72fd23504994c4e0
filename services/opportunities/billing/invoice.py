"""The rules of one invoice: issued, credited, paid, cancelled. Pure: no I/O, no clock, no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

import msgspec

from services.opportunities.billing.commands import CancelInvoice, CreditInvoice, InvoiceLineGiven, IssueInvoice
from services.opportunities.billing.money import cents, open_amount, paid
from services.opportunities.billing.record import MoneyRecord
from services.opportunities.events import (
    Credit,
    InvoiceCancelled,
    InvoiceCredited,
    InvoiceIssued,
    InvoiceLine,
    Line,
    Payment,
    PaymentApplied,
    PaymentReleased,
)
from shared.event_store.command import Claim
from shared.event_store.stream import Entry, Refused
from shared.records.recordable import is_money

SCOPE = "invoice_number"


class InvoiceStatus(StrEnum):
    """Where an invoice stands. Paid is derived: nothing of it is open."""

    ISSUED = "issued"
    CANCELLED = "cancelled"


FOLLOWS = frozenset({"net", "tax", "gross"})
"""Figures that follow from the lines."""
SAID = ("opportunity_id", "account_id", "number", "issuer", "lines", "net", "tax", "gross", "currency", "issued_on")


class Invoice(MoneyRecord):
    """An invoice for an order."""

    stream_type: ClassVar[str] = "invoice"
    standing_types: ClassVar[Mapping[str, Any]] = {
        "status": InvoiceStatus,
        "opportunity_id": UUID,
        "account_id": UUID,
        "number": str,
        "issuer": str | None,
        "lines": tuple[InvoiceLine, ...],
        "net": Decimal,
        "tax": Decimal,
        "gross": Decimal,
        "currency": str,
        "issued_on": date,
        "due_on": date | None,
        "credits": tuple[Credit, ...],
        "payments": tuple[Payment, ...],
        "released": tuple[Payment, ...],
        "cancelled_on": date,
    }
    additive: ClassVar[frozenset[str]] = frozenset({"credits", "payments", "released"})
    not_correctable: ClassVar[frozenset[str]] = frozenset({"status", "opportunity_id", "payments", "released"})
    on_both: ClassVar[frozenset[str]] = frozenset({"PaymentApplied", "PaymentReleased"})

    # -- facts applied -------------------------------------------------------------------------------------

    def sets(self, fact: Any) -> Mapping[str, Any] | None:
        """The standing fields a fact sets."""
        match fact:
            case InvoiceIssued():
                return {"status": InvoiceStatus.ISSUED, "due_on": fact.due_on} | {n: getattr(fact, n) for n in SAID}
            case InvoiceCredited():
                return {"credits": fact.credits}
            case InvoiceCancelled():
                return {"status": InvoiceStatus.CANCELLED, "cancelled_on": fact.on}
            case PaymentApplied():
                return {"payments": fact.payments}
            case PaymentReleased():
                return {"released": fact.released}
            case _:
                return None

    def impossible(self, fact: str, standing: Mapping[str, Any], changes: Mapping[str, Any]) -> Refused | None:
        """What is owed is never less than nothing; what is paid is released before the invoice is cancelled."""
        if fact != "PaymentReleased" and standing.get("status") is not InvoiceStatus.ISSUED:
            return Refused("invoice_cancelled", "the invoice was cancelled")
        if fact == "InvoiceCancelled" and paid(standing):
            return Refused("invoice_paid", f"{paid(standing)} was paid: release it first", paid=str(paid(standing)))
        taken = sum((part.amount for name in ("credits", "payments") for part in changes.get(name, ())), Decimal())
        if taken > (left := open_amount(standing)):
            return Refused("more_than_open", f"only {left} of the invoice is open", open=str(left), pointer="/amount")
        for part in changes.get("released", ()):
            if part.amount > paid(standing, part.receipt_id):
                return Refused("not_allocated", "the receipt does not pay so much of the invoice")
        return None

    # -- commands ------------------------------------------------------------------------------------------

    @classmethod
    def issue(
        cls,
        command: IssueInvoice,
        *,
        id: UUID,
        account_id: UUID,
        currency: str,
        lines: tuple[InvoiceLine, ...],
        at: datetime,
        day: date,
    ) -> Self:
        """An invoice of these lines. Raises Refused 422 `due_before_issued`."""
        if command.due_on is not None and command.due_on < day:
            raise Refused("due_before_issued", "it is due before it was issued", status=422, pointer="/due_on")
        return cls.begin(
            InvoiceIssued,
            id=id,
            at=at,
            opportunity_id=command.opportunity_id,
            account_id=account_id,
            number=command.number,
            issuer=command.issuer,
            lines=lines,
            **sums(lines),
            currency=currency,
            issued_on=day,
            due_on=command.due_on,
        )

    def credit(self, command: CreditInvoice, *, at: datetime, day: date) -> None:
        """A part of it is taken back. Refused beyond what is open."""
        note = Credit(command.number, command.amount, day)
        self.happen(InvoiceCredited, at=at, credits=(note,), reason=command.reason)

    def cancel(self, command: CancelInvoice, *, at: datetime, day: date) -> None:
        """All of it is taken back. Says nothing when it was."""
        if self.standing_at(at).get("status") is not InvoiceStatus.CANCELLED:
            self.happen(InvoiceCancelled, at=at, on=day, reason=command.reason)

    def apply(self, receipt_id: UUID, amount: Decimal, *, at: datetime, day: date) -> None:
        """Money of a receipt pays it; the receipt says so too."""
        self.happen(PaymentApplied, at=at, payments=(Payment(receipt_id, amount, day),))

    def release(self, receipt_id: UUID, amount: Decimal, *, reason: str, at: datetime, day: date) -> None:
        """Money of a receipt no longer pays it; the receipt says so too."""
        self.happen(PaymentReleased, at=at, released=(Payment(receipt_id, amount, day),), reason=reason)

    def correct(
        self, version: int, changes: Mapping[str, Any], *, occurred_at: datetime | None, reason: str, at: datetime
    ) -> None:
        """Correct what a fact said. Sums follow from corrected lines; the day of the invoice moves with its time."""
        for name in sorted(FOLLOWS & set(changes)):
            detail = f"{name} follows from the lines: correct those"
            raise Refused("not_correctable", detail, status=422, pointer=f"/changes/{name}", field=name)
        if "lines" in changes:
            lines = _corrected_lines(changes["lines"])
            changes = {**changes, "lines": msgspec.to_builtins(lines), **msgspec.to_builtins(sums(lines))}
        super().correct(version, changes, occurred_at=occurred_at, reason=reason, at=at)

    def require_sound(self, entry: Entry) -> None:
        """A line has units and a price that is not negative; an invoice is due no sooner than it is issued."""
        super().require_sound(entry)
        issued_on, due_on = entry.changes.get("issued_on"), entry.changes.get("due_on")
        if issued_on is not None and due_on is not None and due_on < issued_on:
            raise Refused("due_before_issued", "it is due before it was issued", status=422, pointer="/changes")
        if any(credit.amount <= 0 for credit in entry.changes.get("credits", ())):
            raise Refused("invalid_value", "a credit is above nothing", status=422, pointer="/changes/credits")


def key_of(invoice: Invoice) -> frozenset[Claim]:
    """The number it holds with its issuer; an invoice that never was holds none, a cancelled one keeps its own."""
    if not invoice.standing:
        return frozenset()
    return frozenset({Claim(SCOPE, number_key(invoice.standing["issuer"], invoice.standing["number"]), invoice.id)})


def number_key(issuer: str | None, number: str) -> str:
    """The claim key of a number with its issuer."""
    return f"{len(issuer or '')}:{issuer or ''}:{number}"


# -- lines -------------------------------------------------------------------------------------------------


def charged(given: InvoiceLineGiven | _LineSaid, product: str) -> InvoiceLine:
    """A line with its figures: tax to the cent."""
    net = cents(given.unit_price * given.units)
    tax = cents(net * given.tax_rate)
    return InvoiceLine(given.line, product, given.units, given.unit_price, given.tax_rate, net, tax, net + tax)


def sums(lines: Sequence[InvoiceLine]) -> dict[str, Decimal]:
    """Net, tax and gross of an invoice."""
    return {name: sum((getattr(line, name) for line in lines), Decimal()) for name in ("net", "tax", "gross")}


def lines_of(command: IssueInvoice, order: Sequence[Line]) -> tuple[InvoiceLine, ...]:
    """What a command charges; a line of the order brings its product. Raises Refused 422 `no_such_line`."""
    products = {line.line: line.product for line in order}
    found = []
    for index, given in enumerate(command.lines):
        if given.line is not None and given.line not in products:
            detail = f"the order has no line {given.line}"
            raise Refused("no_such_line", detail, status=422, pointer=f"/lines/{index}/line", line=given.line)
        product = given.product if given.line is None else products[given.line]
        found.append(charged(given, product or ""))
    return tuple(found)


class _LineSaid(msgspec.Struct, frozen=True):
    """A corrected line: what follows from it may be left out."""

    product: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    unit_price: Decimal
    line: int | None = None
    units: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    tax_rate: Decimal = Decimal(0)


def _corrected_lines(given: Any) -> tuple[InvoiceLine, ...]:
    try:
        lines = msgspec.convert(given, tuple[_LineSaid, ...])
    except msgspec.ValidationError as error:
        raise Refused("invalid_value", str(error), status=422, pointer="/changes/lines") from error
    if not lines or not all(is_money(line.unit_price) and is_money(line.tax_rate) for line in lines):
        raise Refused("invalid_value", "a price is not negative", status=422, pointer="/changes/lines")
    return tuple(charged(line, line.product) for line in lines)
