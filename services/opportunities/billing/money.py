"""Amounts of invoices and receipts, and what is open of them. Pure; decides no rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol
from uuid import UUID

CENT = Decimal("0.01")
NOTHING = Decimal(0)


class Part(Protocol):
    """A part of an amount."""

    @property
    def amount(self) -> Decimal: ...


def cents(amount: Decimal) -> Decimal:
    """To the cent, halves up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def total(parts: Iterable[Part]) -> Decimal:
    return sum((part.amount for part in parts), NOTHING)


def paid(invoice: Mapping[str, Any], receipt_id: UUID | None = None) -> Decimal:
    """What receipts, or one of them, pay of an invoice of this standing."""

    def of(name: str) -> Decimal:
        return total(part for part in invoice.get(name, ()) if receipt_id in (None, part.receipt_id))

    return of("payments") - of("released")


def open_amount(invoice: Mapping[str, Any]) -> Decimal:
    """What is still owed on an invoice of this standing: nothing once it is cancelled."""
    if invoice.get("status") != "issued":
        return NOTHING
    amount: Decimal = invoice["gross"] - total(invoice.get("credits", ())) - paid(invoice)
    return amount


def allocated(receipt: Mapping[str, Any], invoice_id: UUID | None = None) -> Decimal:
    """What a receipt of this standing pays, of all invoices or of one."""

    def of(name: str) -> Decimal:
        return total(part for part in receipt.get(name, ()) if invoice_id in (None, part.invoice_id))

    return of("allocations") - of("released")


def unallocated(receipt: Mapping[str, Any]) -> Decimal:
    """What of a receipt of this standing pays nothing yet; nothing once it went back."""
    if receipt.get("status") != "received":
        return NOTHING
    amount: Decimal = receipt["amount"] - allocated(receipt)
    return amount


def paid_invoices(receipt: Mapping[str, Any]) -> Mapping[UUID, Decimal]:
    """What a receipt of this standing pays, by invoice."""
    ids = dict.fromkeys(part.invoice_id for part in receipt.get("allocations", ()))
    return {id: amount for id in ids if (amount := allocated(receipt, id))}
