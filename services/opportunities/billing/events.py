"""Facts about billing: storage format and public language, for ever. See the service's `events.py`.

An allocation is one act on two streams: `ReceiptAllocated` on the receipt and `PaymentApplied` on the invoice stand in
one append, so that neither is ever allocated beyond its amount; a release likewise.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import msgspec

from shared.event_store.stream import Fact, FirstFact, FirstOrLaterFact

__all__ = [
    "Allocation", "AllocationReleased", "Credit", "CreditLimitSet", "CreditPolicyPublished", "InvoiceCancelled",
    "InvoiceCredited", "InvoiceFact", "InvoiceIssued", "InvoiceLine", "Payment", "PaymentApplied", "PaymentReleased",
    "PostingRecorded", "ReceiptAllocated", "ReceiptFact", "ReceiptRecorded", "ReceiptReturned",
]  # fmt: skip

# -- values ------------------------------------------------------------------------------------------------


class InvoiceLine(msgspec.Struct, frozen=True):
    """What is charged. `unit_price` before tax; `tax_rate` 0–1; net = units × price, tax to the cent, gross = both."""

    line: int | None  # of the order; null: not a line of it (freight, penalty)
    product: str
    units: int
    unit_price: Decimal
    tax_rate: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


class Credit(msgspec.Struct, frozen=True):
    """A part of an invoice taken back by a credit note (红冲)."""

    number: str | None
    amount: Decimal
    on: date


class Payment(msgspec.Struct, frozen=True):
    """A part of a receipt on an invoice, applied or released."""

    receipt_id: UUID
    amount: Decimal
    on: date


class Allocation(msgspec.Struct, frozen=True):
    """A part of a receipt on an invoice, allocated or released."""

    invoice_id: UUID
    amount: Decimal
    on: date


# -- invoices ----------------------------------------------------------------------------------------------


class InvoiceIssued(FirstFact):
    """An invoice was issued (开票).

    sets: opportunity_id, account_id, number, issuer, lines, net, tax, gross, currency, issued_on, due_on;
    status = issued
    """

    opportunity_id: UUID
    account_id: UUID  # who owes it
    number: str  # unique with the issuer in a tenant
    issuer: str | None  # our own legal entity, by its code
    lines: tuple[InvoiceLine, ...]
    net: Decimal
    tax: Decimal
    gross: Decimal
    currency: str
    issued_on: date
    due_on: date | None  # null: by the contract's terms, else the tenant's


class InvoiceCredited(Fact):
    """A part of the invoice was taken back. sets: credits (additive)"""

    credits: tuple[Credit, ...]
    reason: str


class InvoiceCancelled(Fact):
    """The whole invoice was taken back (作废). sets: status = cancelled, cancelled_on"""

    on: date
    reason: str


class PaymentApplied(Fact):
    """Money received was allocated to the invoice; see ReceiptAllocated. sets: payments (additive)"""

    payments: tuple[Payment, ...]


class PaymentReleased(Fact):
    """An allocation was taken back; see AllocationReleased. sets: released (additive)"""

    released: tuple[Payment, ...]
    reason: str


InvoiceFact = InvoiceIssued | InvoiceCredited | InvoiceCancelled | PaymentApplied | PaymentReleased

# -- receipts ----------------------------------------------------------------------------------------------


class ReceiptRecorded(FirstFact):
    """Money was received (回款).

    sets: account_id, amount, currency, received_on, bank_reference; status = received
    """

    account_id: UUID
    amount: Decimal
    currency: str
    received_on: date
    bank_reference: str | None  # unique in a tenant


class ReceiptAllocated(Fact):
    """Parts of it pay invoices (核销). sets: allocations (additive)"""

    allocations: tuple[Allocation, ...]


class AllocationReleased(Fact):
    """Parts no longer pay an invoice. sets: released (additive)"""

    released: tuple[Allocation, ...]
    reason: str


class ReceiptReturned(Fact):
    """The money went back (退款, or the bank took it back). sets: status = returned, returned_on"""

    on: date
    reason: str


ReceiptFact = ReceiptRecorded | ReceiptAllocated | AllocationReleased | ReceiptReturned

# -- credit ------------------------------------------------------------------------------------------------


class CreditLimitSet(FirstOrLaterFact):
    """How much an account may owe in a currency, from that day on.

    sets: account_id, currency, limit (null: no limit any more)
    """

    account_id: UUID
    currency: str
    limit: Decimal | None
    reason: str | None


class CreditPolicyPublished(FirstOrLaterFact):
    """When an invoice without terms is due, and from which share of a limit on to warn.

    sets: policies (additive: this one)
    """

    effective_from: date
    due_days: int  # after the day of the invoice
    warn_share: Decimal  # of the limit, 0–1


# -- the ERP's books ---------------------------------------------------------------------------------------


class PostingRecorded(FirstFact):
    """The ERP posted a delivery, or took one back (`reversal`).

    sets: posting_id, kind, order_ref, opportunity_id, line, product, units, amount, currency, posted_on, reverses
    """

    posting_id: str  # the ERP's own; unique in a tenant
    kind: str  # delivery, reversal
    order_ref: str | None
    opportunity_id: UUID | None
    line: int | None
    product: str | None
    units: int
    amount: Decimal
    currency: str
    posted_on: date
    reverses: str | None  # the posting a reversal takes back
